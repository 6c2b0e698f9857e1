"""On what a claim is decided, from the roles that it rests on: drawn, other, or the paper's own."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from repro.claims.card import ExperimentCard
from repro.claims.ground import BoundRole, Ground, Grounds, ground_of

PAPER = BoundRole(data="x", model="x", as_in_paper=True)
DATA = BoundRole(data="x", model="x", as_in_paper="data")
OTHER = BoundRole(data="x", model="x")
DRAWN = BoundRole(data="x", model="x", kind="generated")
WEIGHTS = BoundRole(released="weights")


def grounds(
    bound: dict[str, BoundRole], *, inputs: tuple = ("mnist.data",), optional: tuple = (), **more
) -> Grounds:
    claim = {"id": "a", "section": "1", "statement": "s", "paper": "p", "measurement": "m"}
    claim |= {"kind": "direction", "rule": {"above": 0}, "source": "paper", **more}
    card = ExperimentCard.model_validate(
        {"title": "t", "paper": {"section": "1"}, "inputs": list(inputs), "claims": [claim],
         "optional": list(optional)}
    )  # fmt: skip
    return ground_of(card.claims[0], card, bound)


@pytest.mark.parametrize(
    ("role", "needs", "ground", "because"),
    [
        (PAPER, "training", Ground.PAPER, ""),
        (DATA, "data", Ground.PAPER, ""),
        (DATA, "training", Ground.OTHER, "mnist: data or scale differ"),
        (OTHER, "data", Ground.OTHER, "mnist: data or scale differ"),
        (DRAWN, "training", Ground.SYNTHETIC, "mnist: synthetic data"),
        (BoundRole(kind="generated"), "training", Ground.OTHER, "mnist: data or scale differ"),
    ],
)
@pytest.mark.parametrize("kind", ["direction", "value"])
def test_ground_of_one_role(
    role: BoundRole, needs: str, ground: Ground, because: str, kind: str
) -> None:
    assert grounds({"mnist": role}, needs=needs, kind=kind) == Grounds(ground, because)


def test_a_claim_rests_on_the_roles_that_it_names() -> None:
    bound = {"svhn": PAPER, "mnist": OTHER}
    both = {"inputs": ("svhn.data",), "optional": ("mnist.data",)}
    assert grounds(bound, **both).ground == Ground.OTHER
    assert grounds(bound, **both, roles=["svhn"]).ground == Ground.PAPER
    assert grounds({"svhn": PAPER}, **both).ground == Ground.PAPER  # mnist is not bound


def test_the_authors_weights_are_always_the_papers_but_not_the_images() -> None:
    released = {"inputs": ("authors.released",), "optional": ("cifar10.data",)}
    on = {"needs": "data", "roles": ["cifar10"]}

    def ground(role: BoundRole, kind: str) -> Ground:
        bound = {"authors": WEIGHTS, "cifar10": role}
        return grounds(bound, **released, **on, kind=kind).ground

    assert [ground(one, "direction") for one in (DATA, OTHER, DRAWN)] == [
        Ground.PAPER, Ground.OTHER, Ground.SYNTHETIC,
    ]  # fmt: skip
    assert [ground(one, "value") for one in (DATA, OTHER)] == [Ground.PAPER, Ground.OTHER]


kinds = st.sampled_from([PAPER, DATA, OTHER, DRAWN])


@given(first=kinds, second=kinds, needs=st.sampled_from(["training", "data"]))
def test_a_ground_is_the_weakest_of_its_roles(
    first: BoundRole, second: BoundRole, needs: str
) -> None:
    order = [Ground.SYNTHETIC, Ground.OTHER, Ground.PAPER]
    alone = [grounds({"mnist": one}, needs=needs).ground for one in (first, second)]
    both = grounds(
        {"mnist": first, "svhn": second}, inputs=("mnist.data", "svhn.data"), needs=needs
    )
    assert both.ground == min(alone, key=order.index)
    assert bool(both.because) == (both.ground != Ground.PAPER)
