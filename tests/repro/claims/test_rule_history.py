"""When a rule was written, told by a planted history: before, with and after its first result."""

import subprocess
from pathlib import Path

import pytest

from repro.claims.rule_history import describe_rule_history, main, rule_histories
from repro.errors import UnusableError

DATES = [f"2026-01-{day:02d}T12:00:00+0000" for day in range(1, 20)]


class History:
    """A repository of one experiment, walk, to which commits are added, a day apart."""

    def __init__(self, root: Path) -> None:
        self.root, self.experiments = root, root / "experiments"
        self.git("init", "--quiet")

    def git(self, *words: str, date: str = DATES[0]) -> str:
        names = ("GIT_AUTHOR", "GIT_COMMITTER")
        who = {f"{name}_NAME": "a" for name in names} | {f"{name}_EMAIL": "a@b" for name in names}
        when = {f"{name}_DATE": date for name in names}
        command = ["git", "-C", str(self.root), "-c", "commit.gpgsign=false", *words]
        done = subprocess.run(
            command, check=True, capture_output=True, text=True, env=who | when | {"HOME": "/"}
        )
        return done.stdout.strip()

    def commit(self, **files: str) -> str:
        """Commit the card and the results as given; the commit's hash, as it is shown."""
        places = {"card": "experiments/walk/experiment.yaml", "claims": "published/a/claims.csv"}
        for name, text in files.items():
            path = self.root / places[name]
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)
        count = len(self.git("log", "--oneline", "--all").splitlines())
        self.git("add", "--all")
        self.git("commit", "--quiet", "--allow-empty", "-m", "x", date=DATES[count])
        return self.git("rev-parse", "HEAD")[:8]


def card(**limits: float) -> str:
    """A card with a claim of each name; its measurement has the name in capitals."""
    claims = [
        f"  - {{id: {name}, statement: s, measurement: {name.upper()}, kind: direction, "
        f"rule: {{below: {limit}}}}}"
        for name, limit in limits.items()
    ]
    return "\n".join(["title: Walk", "claims:", *claims, ""])


def table(**values: object) -> str:
    rows = [f"walk,{name},{name.upper()},{value}" for name, value in values.items()]
    return "\n".join(["experiment,id,measurement,value", *rows, ""])


@pytest.fixture
def history(tmp_path: Path) -> History:
    return History(tmp_path)


def words(history: History) -> dict[str, str]:
    return {claim: one.summary for (_, claim), one in rule_histories(history.experiments).items()}


def test_before_with_after_and_without_a_result(history: History) -> None:
    first = history.commit(card=card(a=1, d=1))
    second = history.commit(card=card(a=1, b=2, d=1), claims=table(a=0.5, b=3, d=""))
    third = history.commit(card=card(a=1, b=2, c=3, d=1))
    history.commit(claims=table(a=0.6, b=3, c=1))
    fifth = history.commit(card=card(a=1, b=2.5, c=3, d=1))
    assert words(history) == {
        "a": f"before the first published result ({first}, 2026-01-01)",
        "b": f"after the first published result of 2026-01-02 ({fifth}, 2026-01-05)",
        "c": f"before the first published result ({third}, 2026-01-03)",
        "d": f"no result published yet ({first}, 2026-01-01)",
    }
    history.commit(card=card(a=1, b=2, c=3, d=1))
    assert "after" in words(history)["b"], "a rule that comes back was written then"
    assert second != fifth


def test_a_rule_that_comes_with_its_result(history: History) -> None:
    only = history.commit(card=card(a=1), claims=table(a=0.5))
    assert words(history) == {"a": f"with the first published result ({only}, 2026-01-01)"}


def test_words_folders_and_names_of_files_may_change(history: History) -> None:
    first = history.commit(card=card(a=1))
    history.commit(claims=table(a=0.5))
    history.commit(card=card(a=1).replace("statement: s", "statement: mended"))
    (history.root / "experiments").rename(history.root / "papers")
    history.commit()
    history.experiments = history.root / "papers"
    assert words(history) == {"a": f"before the first published result ({first}, 2026-01-01)"}


def test_a_control_that_came_or_went_after_the_rule_is_told_apart(history: History) -> None:
    first = history.commit(card=card(a=1, b=1, c=1))
    history.commit(claims=table(a=0.5, b=0.5, c=0.5))
    third = history.commit(card=card(a=1, b=1, c=1).replace("B, kind", "B, control: U, kind"))
    before = f"before the first published result ({first}, 2026-01-01)"
    later = f"{before}; control as it is since {third}, 2026-01-03"
    assert words(history) == {"a": before, "b": later, "c": before}
    fourth = history.commit(card=card(a=1, b=1, c=1))
    assert words(history)["b"] == f"{before}; control as it is since {fourth}, 2026-01-04"
    (history.experiments / "walk/experiment.yaml").write_text(
        card(a=1, b=1, c=1).replace("C, kind", "C, control: U, kind")
    )
    assert set(words(history)) == {"a", "b"}, "a control that is not committed"


def test_another_claim_on_a_known_measurement_is_written_after(history: History) -> None:
    history.commit(card=card(a=1), claims=table(a=0.5))
    history.commit(card=card(a=1) + card(a=2).splitlines()[-1].replace("id: a", "id: b") + "\n")
    assert words(history)["b"].startswith("after the first published result of 2026-01-01")


def test_what_is_not_committed_or_cannot_be_read_is_not_known(history: History) -> None:
    history.commit(card="claims: [\n", claims="x")
    history.commit(card=card(a=1))
    (history.experiments / "walk/experiment.yaml").write_text(card(a=2, b=1))
    assert words(history) == {}


def test_without_the_whole_history_nobody_can_tell(history: History, tmp_path: Path) -> None:
    for limit in (1, 2):
        history.commit(card=card(a=limit))
    shallow = tmp_path / "shallow"
    history.git("clone", "--quiet", "--depth=1", f"file://{history.root}", str(shallow))
    assert rule_histories(shallow / "experiments") == {}
    assert rule_histories(Path("/")) == {}
    assert describe_rule_history(None, "").startswith("not known")
    assert describe_rule_history(None, "all of it").endswith("; knowing all of it")


@pytest.mark.slow
def test_the_command_names_every_experiment(
    capsys: pytest.CaptureFixture[str], repository: Path
) -> None:
    if not rule_histories(repository / "experiments"):
        with pytest.raises(UnusableError, match="whole history"):
            main([str(repository / "experiments")])
        return
    main([str(repository / "experiments")])
    said = capsys.readouterr().out
    assert {line.split()[0] for line in said.splitlines()} >= {"latent_walk", "dedup"}
