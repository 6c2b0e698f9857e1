"""log.jsonl of a training: one JSON line per window of minibatches, monitored as it is written.

Where in the flow: repro.train.state_folder appends to it. Each line goes to the monitor
(repro.train.monitor) first, and the line names any trouble that it finds: `"trouble":
["collapse"]`. After a kill the lines beyond the resume state are dropped and the monitor sees the
earlier ones again, so that its verdicts stay the same.
"""

import json
from pathlib import Path
from typing import Any

from repro.artefacts.disk_full import naming_full_disk
from repro.specs.validation import SpecError
from repro.train.monitor import Monitor


class Log:
    """The log of one training, continued after minibatch `start`.

    `stop_on`: troubles that make `stops` true.
    """

    def __init__(self, path: Path, *, start: int, stop_on: tuple[str, ...]) -> None:
        self.path, self.stop_on = path, stop_on
        self.monitor = Monitor()
        lines = path.read_text(encoding="utf-8").splitlines(keepends=True) if path.is_file() else []
        # a line that a kill cut short can only be the last, and is after `start`
        kept = [x for x in lines if x.endswith("}\n") and self._step(x) <= start]
        if kept != lines:
            shorter = path.with_name(f".{path.name}.partial")
            with naming_full_disk(path):
                shorter.write_text("".join(kept), encoding="utf-8")
            shorter.replace(path)  # never seen cut short: these lines are written only once
        for line in kept:
            self.monitor.see(json.loads(line))

    def _step(self, line: str) -> int:
        try:
            return int(json.loads(line)["step"])
        except (ValueError, KeyError, TypeError):
            raise SpecError(
                f"{self.path}: damaged line {line.strip()[:60]!r}; delete the folder "
                f"{self.path.parent} to train anew"
            ) from None

    def append(self, line: dict[str, Any]) -> None:
        found = [finding.trouble for finding in self.monitor.see(line)]
        with naming_full_disk(self.path), self.path.open("a", encoding="utf-8") as stream:
            stream.write(json.dumps({**line, "trouble": found} if found else line) + "\n")

    @property
    def stops(self) -> bool:
        """Whether the monitor found a trouble that must end the training."""
        return any(finding.trouble in self.stop_on for finding in self.monitor.findings)
