"""Bits flipped and files cut: refused with the file's name and a remedy, or made again.

The test damages files of a copy of the finished run, requests what reads them, and follows the
advice of each refusal; then everything must be as in the undisturbed run.
"""

import re
import shutil
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from tiny_run import RESULTS, STAMPS, Site, assert_same, kept_files, kill

pytestmark = pytest.mark.faults


def flip(content: bytes) -> bytes:
    """One bit, in the middle."""
    middle = len(content) // 2
    return content[:middle] + bytes([content[middle] ^ 1]) + content[middle + 1 :]


def cut(content: bytes) -> bytes:
    return content[: len(content) // 2]


def another_digit(content: bytes) -> bytes:
    """Still JSON, of another number: no reader could notice."""
    changed = re.sub(rb'("value": -?\d+\.)(\d)', lambda m: m[1] + b"%d" % (9 - int(m[2])), content)
    assert changed != content
    return changed


SIDECAR = "provenance.json"
Damage = Callable[[bytes], bytes]
DAMAGED: dict[str, tuple[Damage, str]] = {  # file, and the folder that is made from it
    "raw/objects/cifar/test_batch.bin": (flip, "data/targets_test"),
    "data/faces/labels.npy": (flip, "models/faces"),
    "data/objects/images.npy": (flip, "models/objects"),
    "data/targets/manifest.json": (flip, "models/targets"),
    "dedup/bedrooms/keep.npy": (flip, "models/bedrooms"),
    "experiments/dedup/measured/measurements.json": (another_digit, "experiments/dedup/figures"),
    "models/digits_gan/generator.safetensors": (flip, "experiments/mnist_neighbours/measured"),
}


def damage_and_ask(site: Site, damaged: dict[str, tuple[Damage, str]], *words: str) -> str:
    """Damage the files, remove what is made from them, and run `snakemake WORDS`; the output."""
    for name, (damage, reader) in damaged.items():
        path = site.results / name
        path.write_bytes(damage(path.read_bytes()))
        shutil.rmtree(site.results / reader)
    return site.run(*words, succeeds=False)


def follow(said: str, damaged: dict[str, tuple[Damage, str]], site: Site) -> None:
    """Each file is named in one line with the way out, to delete its folder; do that."""
    for name in damaged:
        parents = (path.relative_to(site.results) for path in (site.results / name).parents)
        folder = next(path for path in parents if (site.results / path / SIDECAR).is_file())
        ways = rf"the folder {RESULTS}/{folder} and|it and prepare the dataset again"
        assert re.search(rf"{RESULTS}/{re.escape(name)}\b.*delete ({ways})", said), name
        shutil.rmtree(site.results / folder)


def test_damaged_files_are_refused_and_the_way_out_works(copy: Site, undisturbed: Site) -> None:
    """All at once: with keep-going each job is tried, and none is made from another one here."""
    targets = [f"{STAMPS}/{reader}" for _, reader in DAMAGED.values()]
    said = damage_and_ask(copy, DAMAGED, *targets)
    assert not [reader for _, reader in DAMAGED.values() if (copy.results / reader).exists()]
    follow(said, DAMAGED, copy)
    copy.run(*targets)
    assert_same(kept_files(copy.results), kept_files(undisturbed.results), at_least=60)


def test_what_is_missing_or_cut_is_made_again_without_a_word_of_advice(
    copy: Site, undisturbed: Site
) -> None:
    """Sizes are compared before anything runs; the rest stays as it is."""
    results = copy.results
    for name in ("data/svhn/provenance.json", "models/digits_gan/generator.safetensors"):
        (results / name).write_bytes(cut((results / name).read_bytes()))
    (results / "data/targets/labels.npy").unlink()
    (results / "experiments/filters/figures/fig05_filters.png").unlink()
    untouched = (results / "models/faces/generator.safetensors").stat().st_ino
    said = copy.run("all")
    assert "models/digits_gan is to be made again: files are missing or have changed" in said
    assert_same(
        {k: v for k, v in kept_files(results).items() if ".replaced-" not in k},
        kept_files(undisturbed.results),
        at_least=60,
    )
    assert (results / "models/faces/generator.safetensors").stat().st_ino == untouched


def test_the_report_refuses_a_changed_number(copy: Site, undisturbed: Site) -> None:
    damaged = {"experiments/filters/measured/measurements.json": (another_digit, "report")}
    follow(damage_and_ask(copy, damaged, "all"), damaged, copy)
    copy.run("all")
    assert_same(kept_files(copy.results), kept_files(undisturbed.results), at_least=60)


@pytest.mark.parametrize("damage", [flip, cut])
def test_a_damaged_resume_state_is_passed_over(
    copy: Site, undisturbed: Site, tmp_path: Path, damage: Damage
) -> None:
    shutil.rmtree(copy.results / "models/bedrooms")
    target = f"{STAMPS}/models/bedrooms"
    process = copy.start(target, log=tmp_path / "log")
    state = copy.results / "state/bedrooms"
    while len(list(state.glob("step_*.pt"))) < 2:
        assert process.poll() is None
        time.sleep(0.02)
    kill(process)
    copy.run("--unlock")
    newest = max(state.glob("step_*.pt"))
    newest.write_bytes(damage(newest.read_bytes()))
    copy.run(target)
    assert (
        f"{newest.name} cannot be read"
        in (copy.results / "logs/train_model/bedrooms.log").read_text()
    )
    expected = kept_files(undisturbed.results, "models/bedrooms")
    assert_same(kept_files(copy.results, "models/bedrooms"), expected, at_least=5)


@pytest.mark.parametrize(
    "damage",
    [
        pytest.param(lambda text: text[: text.index(b"ndf: 4")], id="cut"),
        pytest.param(lambda text: text.replace(b"seed: 7", b"seed: \xb7"), id="no text"),
        pytest.param(lambda text: text.replace(b"seed: 7", b"sued: 7"), id="another key"),
        pytest.param(lambda text: text.replace(b"epochs: 3", b"epochs: -3"), id="another sign"),
        pytest.param(lambda text: b"", id="empty"),
    ],
)
def test_a_damaged_run_file_stops_before_any_job(copy: Site, damage: Damage) -> None:
    """Snakemake refuses invalid YAML without naming the file; `python -m repro check` names it."""
    before = kept_files(copy.results)
    file = copy.folder / "tiny.yaml"
    file.write_bytes(damage((copy.checkout / "config/tiny.yaml").read_bytes()))
    said = Site(copy.checkout, copy.folder, file).run("all", succeeds=False)
    assert any(words in said for words in ("tiny.yaml", "Config file", "codec can't decode"))
    assert kept_files(copy.results) == before
    told = copy.refused("repro", "check", file)
    assert re.match(r"error: (\S+/)?tiny\.yaml: ", told), told
