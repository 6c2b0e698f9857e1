"""Cells, regression and dropped maps against loops, scikit-learn and edited weights."""

import itertools

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from sklearn.linear_model import LogisticRegression

from repro import rng
from repro.internals.drop_maps import (
    Cells,
    box_cover,
    cells_of_boxes,
    drawn_from,
    held_out_scores,
    hidden_layers,
    hidden_maps,
    highest,
    labelled_cells,
    map_weights,
    random_maps,
)
from repro.networks.build import build_generator
from repro.networks.dcgan import Generator, freeze_statistics
from repro.networks.model_folder import draw
from repro.specs.network import NetworkSpec


@pytest.fixture(scope="module")
def G() -> Generator:  # noqa: N802
    spec = NetworkSpec(image_size=32, z_dim=8, ngf=4, ndf=4, init_sd=0.2)
    network = build_generator(spec, seed=3)
    freeze_statistics(network, [rng.latents(64, 8, seed=1, purpose="test")])
    assert isinstance(network, Generator)
    return network.requires_grad_(False)


def z(count: int = 5) -> torch.Tensor:
    return rng.latents(count, 8, seed=2, purpose="test z")


@pytest.mark.parametrize("layer", [0, 1, 2])
def test_nothing_dropped_gives_the_generators_own_pictures(G: Generator, layer: int) -> None:
    maps = hidden_maps(G, z(), layer=layer, batch=2)
    assert maps.shape == (5, 16 // 2**layer, 4 * 2**layer, 4 * 2**layer)
    assert (maps >= 0).all()  # after the ReLU
    pictures = drawn_from(G, maps, layer=layer, batch=3)
    # other batches: processors may round their matrix products otherwise
    assert np.abs(pictures.astype(int) - draw(G, z())).max() <= 1
    whole = drawn_from(G, hidden_maps(G, z(), layer=layer), layer=layer)
    assert np.array_equal(whole, draw(G, z()))
    assert len(np.unique(pictures)) > 20


def test_the_pictures_of_a_generator_without_bounds_are_its_own_too() -> None:
    spec = NetworkSpec(image_size=16, z_dim=8, ngf=4, ndf=4, init_sd=0.5, bounded=False)
    unbounded = build_generator(spec, seed=3)
    assert isinstance(unbounded, Generator)
    freeze_statistics(unbounded, [rng.latents(64, 8, seed=1, purpose="test")])
    pictures = drawn_from(unbounded, hidden_maps(unbounded, z(), layer=1), layer=1)
    assert np.array_equal(pictures, draw(unbounded, z()))
    assert unbounded(z()).abs().max() > 1  # a tanh would show


@pytest.mark.parametrize("layer", [0, 1, 2])
def test_dropping_maps_is_removing_the_weights_that_read_them(G: Generator, layer: int) -> None:
    maps = hidden_maps(G, z(), layer=layer)
    dropped = np.arange(maps.shape[1]) % 2 == 0
    pictures = drawn_from(G, maps, layer=layer, dropped=dropped)
    reader = G.layers[layer].conv.weight  # (maps, next maps, k, k)
    kept = reader.clone()
    reader.data[torch.from_numpy(dropped)] = 0
    try:
        assert np.array_equal(pictures, draw(G, z()))
    finally:
        reader.data.copy_(kept)
    assert not np.array_equal(pictures, draw(G, z()))


def test_without_any_map_all_pictures_are_one(G: Generator) -> None:
    maps = hidden_maps(G, z(), layer=1)
    pictures = drawn_from(G, maps, layer=1, dropped=np.ones(maps.shape[1], bool))
    assert (pictures == pictures[0]).all()


@pytest.mark.parametrize("layer", [-1, 3, 4])
def test_a_layer_that_is_not_there_is_refused(G: Generator, layer: int) -> None:
    assert hidden_layers(G) == 3
    with pytest.raises(ValueError, match=rf"layer {layer}: this G has the hidden layers 0 to 2"):
        hidden_maps(G, z(), layer=layer)


def test_cover_by_hand() -> None:
    cover = box_cover(np.array([[0, 0, 0.25, 0.5], [0.5, 0.75, 0.625, 1]]), 4)
    wanted = np.zeros((4, 4))
    wanted[:2, 0] = 1
    wanted[3, 2] = 0.5
    assert np.allclose(cover, wanted)
    assert box_cover(np.zeros((0, 4)), 4).sum() == 0
    twice = np.array([[0, 0, 0.125, 0.25], [0, 0, 0.25, 0.125]])
    assert np.isclose(box_cover(twice, 4)[0, 0], 0.5)  # the larger, not the sum


boxes_on_a_grid = st.lists(
    st.tuples(*[st.integers(0, 40)] * 4).filter(lambda b: b[0] < b[2] and b[1] < b[3]), max_size=3
)


@pytest.mark.slow
@given(boxes_on_a_grid, st.sampled_from([2, 4, 5, 8]))
def test_cells_against_counting_points(boxes: list, side: int) -> None:
    """A picture of 40 x 40 points; each cell is 40 / side points wide."""
    shares = np.array(boxes, float).reshape(-1, 4) / 40
    inside, free = cells_of_boxes(shares, side)
    cover = box_cover(shares, side)
    step = 40 // side
    for row in range(side):
        for column in range(side):
            left, top = column * step, row * step
            most, held = 0, False
            for x0, y0, x1, y1 in boxes:
                across = len(set(range(left, left + step)) & set(range(x0, x1)))
                down = len(set(range(top, top + step)) & set(range(y0, y1)))
                most = max(most, across * down)
                held |= x0 <= left + step / 2 < x1 and y0 <= top + step / 2 < y1
            assert np.isclose(cover[row, column], most / step**2)
            assert free[row, column] == (most == 0)
            if held:
                assert inside[row, column]
    assert not (inside & free).any()
    assert inside.any() == bool(boxes)


def test_every_box_gives_a_cell() -> None:
    small = np.array([[0.3, 0.55, 0.32, 0.6]])  # holds no centre of 4 x 4 cells
    inside, free = cells_of_boxes(small, 4)
    assert np.argwhere(inside).tolist() == [[2, 1]]
    assert free.sum() == 15
    corner = np.array([[0.99, 0.99, 1.0, 1.0]])
    assert np.argwhere(cells_of_boxes(corner, 4)[0]).tolist() == [[3, 3]]


def test_cells_carry_the_activations_of_their_place() -> None:
    """Activations say where they come from: map 0 the sample, 1 the row, 2 the column."""
    maps = np.stack(np.meshgrid(range(4), range(8), range(8), indexing="ij")).astype(np.float32)
    maps = maps.transpose(1, 0, 2, 3)
    boxes = [np.zeros((0, 4)), np.array([[0, 0, 0.25, 0.25]]), np.zeros((0, 4)),
             np.array([[0.5, 0.5, 0.75, 0.625], [0, 0, 0.05, 0.05]])]  # fmt: skip
    cells = labelled_cells(maps, boxes, negatives=2, seed=1, purpose="test")
    positive = {tuple(row) for row in cells.features[cells.inside].astype(int)}
    assert positive == {(1, 0, 0), (1, 0, 1), (1, 1, 0), (1, 1, 1), (3, 4, 4), (3, 4, 5), (3, 0, 0)}
    assert np.array_equal(cells.features[:, 0], cells.sample)
    negative = [tuple(row) for row in cells.features[~cells.inside].astype(int)]
    assert len(negative) == len(set(negative)) == 14
    assert not positive & set(negative)
    assert {row[0] for row in negative} == {1, 3}  # samples without boxes give nothing
    again = labelled_cells(maps, boxes, negatives=2, seed=1, purpose="test")
    assert np.array_equal(again.features, cells.features)
    other = labelled_cells(maps, boxes, negatives=2, seed=2, purpose="test")
    assert not np.array_equal(other.features, cells.features)
    assert cells.usable
    assert not labelled_cells(maps, boxes[:1] * 4, negatives=2, seed=1, purpose="t").usable
    everything = [np.array([[0, 0, 1, 1]])] * 4
    assert not labelled_cells(maps, everything, negatives=2, seed=1, purpose="t").usable


def planted(maps: int = 6, cells: int = 400, effect: float = 2.0) -> Cells:
    """Map 3 is stronger inside boxes, map 1 outside, map 5 is dead."""
    source = np.random.default_rng(0)
    inside = np.arange(cells) < cells // 2
    features = source.random((cells, maps)).astype(np.float32)
    features[inside, 3] += effect
    features[~inside, 1] += effect
    features[:, 5] = 0.7
    return Cells(features, inside, np.arange(cells) % 20)


def test_weights_find_the_planted_maps() -> None:
    cells = planted()
    weights = map_weights(cells, C=1.0)
    assert weights.argmax() == 3
    assert weights.argmin() == 1
    assert weights[5] == 0
    own = LogisticRegression(C=1.0, max_iter=5000).fit(cells.features, cells.inside)
    assert np.allclose(weights[:5], own.coef_[0, :5], atol=5e-3)
    scaled = Cells(cells.features * np.array([1, 1, 1, 1e-3, 1, 1]), cells.inside, cells.sample)
    assert map_weights(scaled, C=1.0)[3] < 10  # the penalty holds a weak map down


@pytest.mark.slow
def test_held_out_scores_tell_effect_from_none_and_see_no_sample_twice() -> None:
    there = planted()
    scores = held_out_scores(there, C=1.0, folds=5, seed=1, purpose="test")
    assert ((scores > 0) == there.inside).mean() > 0.95
    nothing = planted(effect=0.0)
    scores = held_out_scores(nothing, C=1.0, folds=5, seed=1, purpose="test")
    assert 0.35 < ((scores > 0) == nothing.inside).mean() < 0.65
    # every sample has a map of its own and one kind of cells only: seen once, it would be known
    sample = np.repeat(np.arange(20), 10)
    told = Cells(np.eye(20, dtype=np.float32)[sample] * 9, sample < 10, sample)
    fitted = map_weights(told, C=1.0)
    assert ((told.features @ fitted > 0) == told.inside).all()
    scores = held_out_scores(told, C=1.0, folds=20, seed=1, purpose="test")
    assert ((scores > 0) == told.inside).mean() < 0.1


def test_highest_and_random_maps() -> None:
    weights = np.array([0.1, -2, 3, 0.1, 0.5])
    assert np.flatnonzero(highest(weights, 2)).tolist() == [2, 4]
    assert np.flatnonzero(highest(weights, 3)).tolist() == [0, 2, 4]
    assert np.flatnonzero(highest(-weights, 1)).tolist() == [1]
    drawn = [random_maps(10, k, seed=1, purpose="test", index=0) for k in range(11)]
    assert [mask.sum() for mask in drawn] == list(range(11))
    assert all((few <= many).all() for few, many in itertools.pairwise(drawn))
    sets = [random_maps(10, 5, seed=1, purpose="test", index=i) for i in range(400)]
    assert np.abs(np.mean(sets, axis=0) - 0.5).max() < 0.1
