"""Whatever a name or a path contains, the shell passes it on as one word and runs none of it."""

import ast
import re
import subprocess
from pathlib import Path
from types import SimpleNamespace

import pytest
from snakemake.utils import format as formatted
from test_rules import FILES, rules_of

HOSTILE = "a b$(touch X)`touch X`;touch X|touch X&touch X\n'\"*{x}~-#\\ö"
# flags, numbers and the arguments that start a training: nothing that a user names
PLAIN = {"parts": "--parts", "trained": "--trained", "dedup": "--dedup", "graphs": "--graphs"}
PLAIN |= {"launcher": "python", "threads": "1"}
# in place of the commands: their words, those of the step in its log and that of its stamp
SHOWN = 'python() { printf "%s\\0" "$@"; }\ntouch() { printf "%s\\0" "$@"; }\n'
STAMPED = re.compile(r" && touch {output(\.made)?:q}$")
PLACE = re.compile(r"{(input|output|params|wildcards)(?:\.(\w+))?(?::q)?}")


def shells() -> dict[str, str]:
    """Rule -> its shell text, of all rules that have one."""
    bodies = {}
    for file in FILES:
        bodies |= rules_of(Path(file).read_text(encoding="utf-8"))
    texts = {name: body.partition("shell:")[2] for name, body in bodies.items()}
    # the literals behind `shell:`; a rule in a loop is followed by the loop's next rule
    found = {name: re.findall(r'^ +(".*")$', text, re.M) for name, text in texts.items()}
    return {name: "".join(map(ast.literal_eval, lines)) for name, lines in found.items() if lines}


def test_every_rule_that_runs_something_is_looked_at() -> None:
    found = shells()
    assert {"draw_world", "prepare_part", "train_model", "measure_", "draw_", "report"} < set(found)
    assert all(STAMPED.sub("", text).endswith(">> {log:q} 2>&1") for text in found.values())


@pytest.mark.parametrize("rule", shells())
def test_hostile_words(rule: str, tmp_path: Path) -> None:
    shell = shells()[rule]
    places = PLACE.findall(shell)
    hostile = [(kind, name) for kind, name in places if kind != "params" or name not in PLAIN]
    values: dict[str, object] = {}
    for kind in ("input", "output", "params", "wildcards"):
        names = {name for own, name in places if own == kind}
        plain = PLAIN if kind == "params" else {}
        own = {name: plain.get(name, HOSTILE) for name in names if name}
        values[kind] = SimpleNamespace(**own) if own else HOSTILE
    log = "log 'of' $(touch X)"
    command = formatted(shell, **values, threads=1, log=log)
    done = subprocess.run(
        ["bash", "-euo", "pipefail", "-c", SHOWN + command], cwd=tmp_path, capture_output=True
    )
    assert (done.returncode, done.stderr) == (0, b"")
    assert [path.name for path in tmp_path.iterdir()] == [log]
    words = ((tmp_path / log).read_bytes() + done.stdout).decode().split("\0")
    assert words.count(HOSTILE) == len(hostile) >= 2
