"""repro/claims/withheld.py: what is withheld says why, and its number stays under another name."""

from repro.claims.constructors import estimate_over
from repro.claims.measurement import Measurement
from repro.claims.withheld import no_value, withheld, without_value


def measured(name: str) -> Measurement:
    return estimate_over(name, 2, (1, 3), over="images", by="95 % bootstrap", n=7, protocol="p")


def test_what_is_not_named_stays_and_what_is_keeps_its_number_apart() -> None:
    a, b = measured("a"), measured("b")
    kept = withheld([a, b], {"b"}, because="nobody knows", prefix="unsure_")
    assert [one.name for one in kept] == ["a", "b", "unsure_b"]
    assert kept[0] == a
    assert (kept[1].value, kept[1].hull, kept[1].n) == (None, None, 7)
    assert kept[1].no_value_because == "nobody knows"
    assert kept[2] == b.model_copy(update={"name": "unsure_b"})
    assert withheld([a, b], {"c"}, because="nobody knows", prefix="unsure_") == [a, b]


def test_without_a_value_the_reason_is_all_there_is() -> None:
    assert without_value(measured("a"), because="why").no_value_because == "why"
    nothing = no_value("a", because="why")
    assert (nothing.value, nothing.low, nothing.high, nothing.n) == (None, None, None, 0)
    assert nothing.no_value_because == "why"
