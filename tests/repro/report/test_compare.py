"""Two claims.csv side by side: verdicts that changed, numbers within or beyond the spread."""

from pathlib import Path

import pandas as pd
import pytest

from repro.report.build import CLAIM_COLUMNS
from repro.report.compare import Change, compared, read_claims, summary
from repro.specs.validation import SpecError


def run(folder: Path, rows: list[dict]) -> Path:
    folder.mkdir(parents=True)
    blank = dict.fromkeys(CLAIM_COLUMNS, "") | {"experiment": "walk", "statement": "it holds"}
    pd.DataFrame([blank | row for row in rows], columns=CLAIM_COLUMNS).to_csv(
        folder / "claims.csv", index=False
    )
    return folder


def claim(name: str, value: object = "", half: float | None = None, **more: object) -> dict:
    ends = {} if half is None else {"low": value - half, "high": value + half}
    return {"id": name, "value": value, "verdict": "reproduced", **ends, **more}


A = [
    claim("same", 3.0, 0.1),
    claim("near", 1.0, 0.3),
    claim("edge", 0.0, 3.0),
    claim("far", 1.0, 0.3),
    claim("bare", 2.0),
    claim("gone", 5.0, 1.0),
    claim("empty"),
    claim("one_interval", 1.0, 0.5),
]
B = [
    claim("new", 7.0, 1.0),
    claim("same", 3.0, 0.1),
    claim("near", 1.49, 0.4),  # |0.49| <= sqrt(0.3^2 + 0.4^2) = 0.5
    claim("edge", 5.0, 4.0),  # |5| is sqrt(3^2 + 4^2), not more
    claim("far", 1.51, 0.4, verdict="partly"),
    claim("bare", 2.1),
    claim("empty"),
    claim("one_interval", 1.6),
]


def test_every_kind_of_change(tmp_path: Path) -> None:
    table = compared(*(read_claims(run(tmp_path / n, rows)) for n, rows in (("a", A), ("b", B))))
    assert table["claim"].tolist() == [*(row["id"] for row in A), "new"]
    assert dict(zip(table["claim"], table["moved"], strict=True)) == {
        "same": Change.SAME, "near": Change.WITHIN, "edge": Change.WITHIN, "far": Change.BEYOND,
        "bare": Change.UNKNOWN, "gone": Change.ONLY_FIRST, "empty": Change.NEITHER,
        "one_interval": Change.BEYOND, "new": Change.ONLY_SECOND,
    }  # fmt: skip
    by_claim = table.set_index("claim")
    assert by_claim.loc["far", "difference"] == pytest.approx(0.51)
    assert by_claim.loc["gone", "verdict b"] == "not in this run"
    assert by_claim.loc["new", "statement"] == "it holds"
    words = summary(table, ("first", "second"))
    assert "3 of 9 claims have another verdict" in words
    assert "walk.far: reproduced -> partly   1 [0.7, 1.3] -> 1.51 [1.11, 1.91]" in words
    assert "1 more moved beyond the spread" in words
    assert "walk.one_interval (reproduced)" in words


def test_a_run_beside_itself_has_changed_nothing(tmp_path: Path) -> None:
    claims = read_claims(run(tmp_path / "a", A))
    table = compared(claims, claims)
    assert set(table["moved"]) == {Change.SAME, Change.NEITHER}
    assert "0 of 8 claims" in summary(table, ("a", "a"))


@pytest.mark.parametrize("name", ["measurement", "unit"])
def test_other_quantities_are_not_subtracted(tmp_path: Path, name: str) -> None:
    old = read_claims(run(tmp_path / "a", [claim("x", 0.83, 0.1, **{name: "share"})]))
    new = read_claims(run(tmp_path / "b", [claim("x", 83.0, 0.1, **{name: "%"})]))
    (row,) = compared(old, new).to_dict("records")
    assert (row["moved"], row["difference"]) == ("another measurement", None)
    assert "numbers: 1 another measurement" in summary(compared(old, new), ("a", "b"))


def test_what_held_without_a_measured_control_is_not_decided(tmp_path: Path) -> None:
    """As it is judged today; what failed needs none."""
    held, failed = "holds on other data", "fails on other data"
    lines = [claim("x", verdict=held), claim("y", verdict=failed), claim("z", verdict=held)]
    controls = ["not measured yet", "not measured yet", "none: a count of layers"]
    rows = [line | {"control": control} for line, control in zip(lines, controls, strict=True)]
    found = read_claims(run(tmp_path / "a", rows))["verdict"].tolist()
    assert found == ["not decided (no control)", failed, held]


def test_a_published_run_of_this_repository(repository: Path) -> None:
    claims = read_claims(repository / "results/published/demo")
    assert len(compared(claims, claims)) == len(claims) > 20


def test_what_is_no_run_is_refused(tmp_path: Path) -> None:
    with pytest.raises(SpecError, match=r"nowhere: no claims\.csv.*snakemake report"):
        read_claims(tmp_path / "nowhere")
    other = tmp_path / "table.csv"
    other.write_text("experiment,id\n")
    with pytest.raises(SpecError, match=r"table\.csv: no column statement"):
        read_claims(other)
    folder = run(tmp_path / "made" / "report", A).parent
    assert len(read_claims(folder)) == len(A)
