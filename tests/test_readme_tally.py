"""README.md counts what the published runs decide as their claims.csv does."""

from pathlib import Path

import pytest

from repro.report.compare import read_claims
from repro.report.tally import tally


@pytest.mark.parametrize("run", ["demo", "laptop"])
def test_the_readme_says_what_the_published_runs_decide(run: str, repository: Path) -> None:
    sentences = tally(read_claims(repository / "results/published" / run).to_dict("records"))
    assert len(sentences) >= 4
    words = " ".join((repository / "README.md").read_text(encoding="utf-8").split())
    assert " ".join(sentences) in words, f"README.md is to say of {run}: {' '.join(sentences)}"
    first = (repository / f"results/published/{run}/report.md").read_text(encoding="utf-8")
    assert first.partition("\n")[0].endswith(" ".join(sentences))
