"""repro/report/provenance_summary.py: cost, commits, commands and versions of some steps."""

from repro.report.provenance_summary import commands, cost, stages, versions
from repro.report.results import Step


def test_all_states_of_the_code_are_listed() -> None:
    steps = [Step("train", "models/a", {"commit": letter * 40, "dirty": letter == "c"})
             for letter in "aabc"]  # fmt: skip
    assert cost(steps)["commits"] == "aaaaaaaaaa, bbbbbbbbbb, cccccccccc + uncommitted changes"


def test_cost_sums_the_time_and_takes_the_largest_memory() -> None:
    steps = [
        Step("models", "models/a", {"seconds": 100, "peak_memory_mb": 900, "device": "cpu"}),
        Step("data", "data/x", {"seconds": 25.0, "peak_memory_mb": 2048, "device": "cpu"}),
    ]
    told = cost(steps)
    assert (told["seconds"], told["memory"], told["devices"]) == ("2 min 5 s", "2.0 GB", "cpu")
    assert cost([])["memory"] == "0 MB"
    # in the order of the flow, not of the list
    assert [stage["name"] for stage in stages(steps)] == ["prepare", "train"]


def test_commands_stand_in_the_order_of_the_flow_quoted_for_a_shell() -> None:
    steps = [
        Step("figures", "f", {"command": ["python", "-m", "draw", "a b"]}),
        Step("measure", "m", {"command": ["python", "-m", "measure"]}),
        Step("data", "d", {}),
    ]
    assert commands(steps) == ["python -m measure", "python -m draw 'a b'"]


def test_versions_that_changed_between_steps_are_all_told() -> None:
    records = [{"torch": "2.11", "numpy": "2.0"}, {"torch": "2.12"}, {"torch": "2.11"}]
    steps = [Step("models", str(n), {"versions": record}) for n, record in enumerate(records)]
    assert versions(steps) == {"numpy": "2.0", "torch": "2.11, 2.12"}
