"""The bench of three million codes, on a few: what its record says, and what it refuses."""

import json

import pytest

from repro.bench import __main__ as bench


@pytest.mark.slow
def test_record(capsys: pytest.CaptureFixture[str]) -> None:
    words = ["--images=2000", "--copies=100", "--threads=1", "--repeats=1"]
    bench.main(["dedup", *words])
    record = json.loads(capsys.readouterr().out.splitlines()[-1])
    assert (record["bench"], record["n"]) == ("dedup", 2000)
    assert [case["case"] for case in record["cases"]] == ["equal codes", "radius"]


def test_without_a_planted_copy_there_is_nothing_to_find(
    capsys: pytest.CaptureFixture[str],
) -> None:
    with pytest.raises(SystemExit):
        bench.main(["dedup", "--copies=0"])
    assert "--copies: found '0', expected a whole number from 1" in capsys.readouterr().err
