"""Targets of a command line: the nearest one for a misspelt target, raw data only where needed."""

from dataclasses import dataclass
from pathlib import Path

import pytest
import yaml

from repro.data.noise import write_cifar_records
from repro.runs.load import load_run
from repro.runs.run import Run
from repro.runs.targets import check_targets, datasets_needed, require_raw_data
from repro.specs.validation import SpecError

RUN = {
    "title": "A run",
    "raw": "downloads",
    "worlds": {"rooms": {"generator": "rooms"}},
    "datasets": {
        "rooms": {"source": "lsun", "world": "rooms", "dedup": {}},
        "real": {"source": "cifar10", "raw": "cifar", "options": {"files": ["data_batch_1.bin"]}},
        "digits": {"source": "mnist", "raw": "mnist", "image_size": 28, "channels": 1},
        "spare": {"source": "folder", "raw": "my photos"},
    },
    "models": {
        "rooms_model": {"data": "rooms"},
        "digits_model": {"preset": "vanilla_gan", "data": "digits"},
    },
    "roles": {
        "bedrooms": {"data": "rooms", "model": "rooms_model"},
        "cifar10": {"data": "real", "test": "real", "model": "digits_model"},
        "authors": {"released": "weights"},
    },
    "leave_out": ["dedup"],
}
R = "results/small"
FIGURES = f"{R}/experiments/latent_walk/figures"


@dataclass
class Rule:
    """As Snakemake's."""

    name: str
    output: str = ""

    def is_producer(self, requested_output: str) -> bool:
        return requested_output == self.output


NAMES = ("all", "prepare", "train", "report", "measure_latent_walk")
RULES = (*map(Rule, NAMES), Rule("latent_walk", FIGURES))


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Run:
    monkeypatch.chdir(tmp_path)
    Path("small.yaml").write_text(yaml.safe_dump(RUN), encoding="utf-8")
    Path("downloads/weights").mkdir(parents=True)
    return load_run("small.yaml")


@pytest.mark.parametrize(
    ("target", "said"),
    [
        ("latentwalk", "no target 'latentwalk'; did you mean 'latent_walk'?"),
        ("measure_latent_wak", "did you mean 'latent_walk'?"),
        ("reprot", "did you mean 'report'?"),
        ("fid", "leaves 'fid' out: it has no .*; give it: snakemake fid --config fid_weights=FILE"),
        ("svhn_svm", "leaves 'svhn_svm' out: it has no svhn.model, .*; bind them under 'roles'"),
        ("dedup", "leaves 'dedup' out, under 'leave_out'"),
        (f"{R}/models/rooms_model", f"snakemake {R}/stamps/models/rooms_model"),
        (f"{R}/report/index.html", f"snakemake {R}/stamps/report"),
        (f"{R}/stamps/models/room_model", f"did you mean '{R}/stamps/models/rooms_model'?"),
        ("elsewhere/a.png", f"nothing makes 'elsewhere/a.png'; stamps lie in {R}/stamps"),
    ],
)
def test_what_is_no_target(run: Run, target: str, said: str) -> None:
    with pytest.raises(SpecError, match=said):
        check_targets(run, ["all", target], RULES)


def test_what_is_a_target(run: Run) -> None:
    check_targets(run, [f"{R}/stamps/models/rooms_model", f"{R}/stamps/report", FIGURES], RULES)
    check_targets(run, [*NAMES, "latent_walk"], RULES)


@pytest.mark.parametrize(
    ("targets", "needed"),
    [
        (["latent_walk"], {"rooms"}),
        (["measure_latent_walk"], {"rooms"}),
        ([FIGURES], {"rooms"}),
        ([f"{R}/stamps/experiments/latent_walk/measured"], {"rooms"}),
        (["verify_authors"], {"real"}),
        (["latent_walk", "verify_authors"], {"rooms", "real"}),
        ([f"{R}/stamps/models/digits_model"], {"digits"}),
        ([f"{R}/stamps/dedup/rooms"], {"rooms"}),
        ([f"{R}/stamps/raw/rooms"], {"rooms"}),
        (["train"], {"rooms", "digits"}),
        (["all"], {"rooms", "digits", "real"}),
        ([], {"rooms", "digits", "real"}),
        ([f"{R}/stamps/report"], {"rooms", "digits", "real"}),
        (["prepare"], {"rooms", "digits", "real", "spare"}),
    ],
)
def test_datasets_that_a_target_needs(run: Run, targets: list[str], needed: set[str]) -> None:
    assert datasets_needed(run, targets) == needed


def test_raw_data_are_demanded_of_what_is_asked_for_alone(run: Run) -> None:
    assert "raw data of digits, real, spare are missing; latent_walk needs none of them" in (
        require_raw_data(run, ["latent_walk"])
    )
    with pytest.raises(SpecError, match=r"raw data are missing:\ndatasets\.real needs"):
        require_raw_data(run, ["verify_authors"])
    Path("downloads/cifar").mkdir()
    write_cifar_records(Path("downloads/cifar/data_batch_1.bin"), count=30)
    said = require_raw_data(run, ["verify_authors"])
    assert said.startswith("raw data of digits, spare are missing; verify_authors needs none")
    with pytest.raises(SpecError, match=r"datasets\.digits needs MNIST train labels"):
        require_raw_data(run, ["all"])
