"""The Snakefile and rules/*.smk: short, quoted, the same for every dataset and experiment."""

import re
from pathlib import Path

import pytest
import yaml

RULE = re.compile(r"^( *)rule(?: (\w+))?:\n(.*?)(?=^\1\S|\Z)", re.MULTILINE | re.DOTALL)
FILES = ["Snakefile", *sorted(f"rules/{path.name}" for path in Path("rules").glob("*.smk"))]


def rules_of(text: str) -> dict[str, str]:
    """Name -> body; the rules made in a loop go by the first words of their `name:`."""
    found = {}
    for match in RULE.finditer(text):
        name = match[2] or re.search(r'name:\s+f?"?([\w.]+)', match[3])[1]  # type: ignore[index]
        found[name] = match[3]
    return found


@pytest.fixture
def bodies(repository: Path) -> dict[str, str]:
    """Name -> body of every rule there is."""
    assert len(FILES) == 6
    texts = [rules_of((repository / file).read_text()) for file in FILES]
    return {name: body for rules in texts for name, body in rules.items()}


@pytest.mark.parametrize("file", FILES)
def test_files_are_short_and_name_no_experiment(file: str, repository: Path) -> None:
    text = (repository / file).read_text()
    assert len(text.splitlines()) < 120
    assert text.count("lambda") <= 2
    run = yaml.safe_load((repository / "config/demo.yaml").read_text())
    cards = {path.parent.name for path in (repository / "experiments").glob("*/experiment.yaml")}
    names = cards | run["datasets"].keys() | run["models"].keys()
    assert len(names) > 20
    # folders of results, and Snakemake's name for its target
    assert names & set(re.findall(r"\w+", text)) <= {"dedup", "samples", "targets"}


def test_every_rule_says_what_goes_in_and_comes_out(bodies: dict[str, str]) -> None:
    assert {"draw_world", "hash_part", "train_model", "report", "all", "measure_"} < set(bodies)
    for name, body in bodies.items():
        assert body.lstrip().startswith('"""'), name
        if "shell:" in body:
            assert all(f"{word}:" in body for word in ("log", "benchmark", "conda")), name
            assert ">> {log:q} 2>&1" in body, name


def test_every_path_in_a_command_is_quoted(bodies: dict[str, str]) -> None:
    commands = {name: body.partition("shell:")[2] for name, body in bodies.items()}
    places = [(n, p) for n, c in commands.items() for p in re.findall(r"\{([^{}]+)\}", c)]
    assert len(places) > 40
    # flags, numbers, and the arguments that start a training: nothing that a user names
    plain = {"threads", *(f"params.{word}" for word in ("parts", "trained", "launcher"))}
    plain |= {f"params.{word}" for word in ("threads", "graphs")}
    assert [(n, p) for n, p in places if not p.endswith(":q") and p not in plain] == []


def test_what_takes_seconds_is_no_job_of_a_cluster(
    repository: Path, bodies: dict[str, str]
) -> None:
    local = {name for name, body in bodies.items() if "localrule: True" in body}
    assert local == {"draw_", "report"}
    profile = yaml.safe_load((repository / "profiles/slurm/config.yaml").read_text())
    assert not local & {*profile["set-resources"], *profile["set-threads"]}
