"""Attribute expressions and the classifier: planted patterns, chance level, injected errors."""

import numpy as np
import pytest
import torch

from repro.internals.attribute_classifier import (
    AttributeNetwork,
    Condition,
    parse_condition,
    predict,
    predict_values,
    train_attributes,
    train_values,
    truth_table,
)


def striped(n: int, *, seed: int, side: int = 32) -> tuple[np.ndarray, np.ndarray]:
    """Noise with, independently, a bright left half (half of them) and a dark corner (a tenth)."""
    source = np.random.default_rng(seed)
    images = source.integers(60, 190, (n, side, side, 3)).astype(np.uint8)
    truth = np.stack([source.random(n) < 0.5, source.random(n) < 0.1], axis=1)
    images[truth[:, 0], :, : side // 2] += 40
    images[truth[:, 1], : side // 4, -side // 4 :] //= 2
    return images, truth


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("man == 1", Condition("man", "==", 1)),
        ("age>=50", Condition("age", ">=", 50)),
        (" pose < -0.25 ", Condition("pose", "<", -0.25)),
        ("race != 3", Condition("race", "!=", 3)),
    ],
)
def test_expressions(text: str, expected: Condition) -> None:
    assert parse_condition(text) == expected


@pytest.mark.parametrize(
    "text", ["man", "man = 1", "1 == man", "man == one", "man == 1; import os", "a.b == 1", ""]
)
def test_anything_else_is_refused_with_an_example(text: str) -> None:
    with pytest.raises(ValueError, match="'field operator number'"):
        parse_condition(text)


@pytest.mark.parametrize(
    ("operator", "expected"),
    [
        ("==", [0, 1, 0]),
        ("!=", [1, 0, 1]),
        ("<", [1, 0, 0]),
        ("<=", [1, 1, 0]),
        (">", [0, 0, 1]),
        (">=", [0, 1, 1]),
    ],
)
def test_truth_of_every_operator(operator: str, expected: list[int]) -> None:
    values = {"age": np.array([20, 50, 80])}
    assert truth_table({"x": f"age {operator} 50"}, values.__getitem__)[:, 0].tolist() == expected


def test_an_attribute_that_never_or_always_holds_is_named() -> None:
    values = {"age": np.array([20, 50, 80])}
    with pytest.raises(ValueError, match=r"'old' \(age > 90\) holds for 0 of 3 .* 20..80"):
        truth_table({"old": "age > 90"}, values.__getitem__)
    with pytest.raises(ValueError, match="3 of 3"):
        truth_table({"old": "age > 1"}, values.__getitem__)


@pytest.mark.slow
def test_learns_planted_attributes_even_a_rare_one() -> None:
    network = train_attributes(*striped(500, seed=0, side=16), seed=1, purpose="test", epochs=6)
    images, truth = striped(400, seed=1, side=16)
    found = predict(network, images)[0] > 0.5
    for column in range(2):
        for value in (False, True):  # right on both kinds, not on the commoner one only
            of_kind = truth[:, column] == value
            assert (found[of_kind, column] == value).mean() > 0.9


def test_finds_nothing_where_labels_are_random() -> None:
    images, _ = striped(300, seed=0, side=16)
    truth = np.random.default_rng(5).random((300, 1)) < 0.5
    network = train_attributes(images, truth, seed=1, purpose="test", epochs=3)
    others, _ = striped(400, seed=2, side=16)
    found = predict(network, others)[0][:, 0] > 0.5
    chance = np.random.default_rng(6).random(400) < 0.5
    assert abs((found == chance).mean() - 0.5) < 0.1


def test_training_is_a_function_of_seed_and_purpose() -> None:
    images, truth = striped(100, seed=0)

    def answers(seed: int, purpose: str) -> np.ndarray:
        trained = train_attributes(images, truth, seed=seed, purpose=purpose, epochs=1)
        return predict(trained, images)[0]

    first = answers(1, "judge")
    assert np.array_equal(first, answers(1, "judge"))
    assert not np.array_equal(first, answers(2, "judge"))
    assert not np.array_equal(first, answers(1, "chooser"))


def test_prediction_is_independent_of_the_batch_and_of_size() -> None:
    images, truth = striped(64, seed=0, side=64)
    network = train_attributes(images, truth, seed=1, purpose="test", epochs=1)
    one, embedding = predict(network, images, batch=7)
    other, _ = predict(network, images)
    np.testing.assert_allclose(one, other, atol=1e-5)
    answers = torch.sigmoid(network.answers(torch.from_numpy(embedding)))
    np.testing.assert_allclose(answers.detach().numpy(), one, atol=1e-6)


@pytest.mark.parametrize("side", [8, 28, 32])
def test_any_side_up_to_32(side: int) -> None:
    network = AttributeNetwork(side=side, channels=1, attributes=2).eval()
    assert network(torch.zeros(3, 1, side, side)).shape == (3, 2)


def shaded(n: int, *, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Noise over a brightness in 40..200 and a bright column at 0..15: both are the values."""
    source = np.random.default_rng(seed)
    level, column = source.uniform(40, 200, n), source.integers(0, 16, n)
    images = (level[:, None, None, None] + source.normal(0, 5, (n, 16, 16, 3))).clip(0, 255)
    images[np.arange(n), :, column] = 255
    return images.astype(np.uint8), np.stack([level, column], axis=1)


@pytest.mark.slow
def test_values_are_read_in_their_own_units() -> None:
    reader = train_values(*shaded(600, seed=0), seed=1, purpose="test", epochs=12)
    images, truth = shaded(300, seed=1)
    read = predict_values(reader, images)
    error = np.abs(read - truth).mean(axis=0)
    blind = np.abs(truth - truth.mean(axis=0)).mean(axis=0)
    assert (error < 0.35 * blind).all()
    assert np.array_equal(read, predict_values(reader, images))


def test_values_that_pictures_do_not_show_are_not_read() -> None:
    images, _ = shaded(300, seed=0)
    values = np.random.default_rng(3).normal(size=(300, 1))
    reader = train_values(images, values, seed=1, purpose="test", epochs=3)
    others, unrelated = shaded(300, seed=1)[0], np.random.default_rng(4).normal(size=300)
    assert abs(np.corrcoef(predict_values(reader, others)[:, 0], unrelated)[0, 1]) < 0.2


def test_a_constant_value_is_refused() -> None:
    images, values = shaded(20, seed=0)
    values[:, 1] = 4
    with pytest.raises(ValueError, match=r"columns \[1\] hold one value only"):
        train_values(images, values, seed=1, purpose="test")
