"""The de-duplication step: planted copies are removed, what needs a look first is kept."""

import csv
import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import load_file

from data_prep.dedup import dedup, encode_shard, main, train
from repro.artefacts.provenance import ChangedFileError
from repro.data.shards import Shard
from repro.dedup.options import Options
from repro.dedup.removal import DegenerateCodeError
from repro.errors import UnusableError
from repro.specs.validation import SpecError

QUICK = Options(presentations=6400)


def rooms(n: int, *, seed: int = 0) -> np.ndarray:
    """Smooth random pictures (n, 32, 32, 3) uint8."""
    coarse = np.random.default_rng(seed).integers(0, 256, (n, 3, 4, 4), np.uint8)
    fine = torch.nn.functional.interpolate(torch.from_numpy(coarse).float(), 32, mode="bilinear")
    return fine.round().to(torch.uint8).permute(0, 2, 3, 1).contiguous().numpy()


def members(out: Path) -> list[tuple[int, str, bool]]:
    with (out / "groups.csv").open(newline="") as stream:
        rows = csv.DictReader(stream)
        return [(int(r["group"]), r["key"], r["kept"] == "1") for r in rows]


@pytest.mark.slow
def test_exact_and_brighter_copies_go_and_the_first_of_each_stays(
    make_dataset, tmp_path: Path
) -> None:
    images = np.concatenate([rooms(120) // 2, np.zeros((4, 32, 32, 3), np.uint8)])
    images[120], images[121] = images[7], images[7] + 60  # up to rounding the same scaled input
    images[122], images[123] = images[50], images[121]
    out = tmp_path / "dedup"
    summary = dedup(data=make_dataset(images), out=out, options=QUICK, seed=1)
    keep = np.load(out / "keep.npy")
    assert keep.dtype == bool
    assert np.flatnonzero(~keep).tolist() == [120, 121, 122, 123]
    assert members(out) == [
        (0, "key00007", True),
        (0, "key00120", False),
        (0, "key00121", False),
        (0, "key00123", False),
        (1, "key00050", True),
        (1, "key00122", False),
    ]
    expected = {"count": 124, "kept": 120, "removed": 4, "groups": 2, "largest_group": 4}
    assert expected.items() <= summary.items()
    assert summary["removed_fraction"] == pytest.approx(4 / 124, abs=1e-6)
    assert summary == json.loads((out / "summary.json").read_text())
    codes = np.load(out / "codes.npy")
    assert (codes.shape, codes.dtype) == ((124, 16), np.uint8)
    assert load_file(out / "autoencoder.safetensors")["encoder.weight"].shape == (128, 3072)


@pytest.mark.slow
def test_same_seed_same_bytes(make_dataset, tmp_path: Path) -> None:
    data = make_dataset(rooms(60))
    for name, seed in (("a", 1), ("b", 1), ("c", 2)):
        dedup(data=data, out=tmp_path / name, options=Options(presentations=1280), seed=seed)
    outputs = {
        name: json.loads((tmp_path / name / "provenance.json").read_text())["outputs"]
        for name in ("a", "b", "c")
    }
    assert outputs["a"] == outputs["b"]
    assert outputs["a"]["codes.npy"] != outputs["c"]["codes.npy"]


@pytest.mark.slow
def test_oversized_groups_and_flat_pictures_are_reported_and_kept(
    make_dataset, tmp_path: Path
) -> None:
    images = rooms(120)
    images[100:106] = images[3]  # a group of 7
    images[106:109] = images[4]  # a group of 4
    images[109], images[110] = 0, 255  # flat: one scaled input, two different pictures
    options = Options(presentations=6400, max_group=6)
    summary = dedup(data=make_dataset(images), out=tmp_path / "d", options=options, seed=1)
    keep = np.load(tmp_path / "d" / "keep.npy")
    assert np.flatnonzero(~keep).tolist() == [106, 107, 108]
    assert summary["oversized_groups"] == [{"first_key": "key00003", "images": 7}]
    assert summary["featureless"] == ["key00109", "key00110"]
    assert len(summary["warnings"]) == 2
    assert [m for m in members(tmp_path / "d") if m[1] == "key00105"] == [(0, "key00105", True)]


@pytest.mark.slow
def test_a_degenerate_code_is_refused_and_leaves_nothing(make_dataset, tmp_path: Path) -> None:
    # one direction of variation: all bits agree or are constant
    ramp = np.linspace(0, 1, 100)[:, None, None, None]
    images = ((1 - ramp) * rooms(1) + ramp * rooms(1, seed=5)).round().astype(np.uint8)
    data, out = make_dataset(images), tmp_path / "dedup"
    with pytest.raises(DegenerateCodeError, match=r"minimum_bits: 8\); \d+ of 128 bits vary"):
        dedup(data=data, out=out, options=Options(presentations=1280), seed=1)
    assert not out.exists()
    lowered = Options(presentations=1280, minimum_bits=0)
    summary = dedup(data=data, out=out, options=lowered, seed=1)
    assert summary["code_health"]["effective_bits"] < 8
    assert summary["code_health"]["varying_bits"] > 8  # which alone would not have shown it


@pytest.mark.parametrize(
    ("options", "steps"),
    [
        (Options(presentations=1000, batch=128), 8),
        (Options(passes=2, batch=100), 20),
        (Options(passes=0.001, batch=100), 1),
    ],
)
def test_training_length(options: Options, steps: int) -> None:
    assert options.training(1000)["steps"] == steps


@pytest.mark.slow
def test_command(make_dataset, tmp_path: Path, warm: Path, repository: Path) -> None:
    data = make_dataset(rooms(40))

    spec = {"options": {"presentations": 640, "minimum_bits": 0}, "seed": 9}
    (tmp_path / "spec.json").write_text(json.dumps(spec))
    words = ["--data", data, "--spec", tmp_path / "spec.json", "--out", tmp_path / "out"]
    command = [str(warm), "-m", "data_prep.dedup", *map(str, words)]
    done = subprocess.run(command, cwd=repository, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert "of 40 images" in done.stdout
    record = json.loads((tmp_path / "out" / "provenance.json").read_text())
    assert record["seed"] == 9
    assert record["spec"]["presentations"] == 640


def command(*words: object) -> None:
    main([str(word) for word in words])


@pytest.mark.slow
def test_parts_made_apart_give_the_same_bytes(make_dataset, tmp_path: Path) -> None:
    data = make_dataset(rooms(2100))  # three batches of codes
    (tmp_path / "spec.json").write_text('{"options": {"presentations": 6400}}')

    def run(name: str, *more: object) -> Path:
        command("--data", data, "--spec", tmp_path / "spec.json", *more, "--out", tmp_path / name)
        return tmp_path / name

    whole = run("whole")
    trained = run("trained", "--train")
    parts = [run(f"p{k}", "--trained", trained, "--shard", f"{k}/3") for k in (1, 2, 3)]
    joined = run("joined", "--trained", trained, "--parts", parts[2], parts[0], parts[1])
    outputs = [
        json.loads((folder / "provenance.json").read_text())["outputs"]
        for folder in (whole, joined)
    ]
    assert outputs[0] == outputs[1]
    pixels = (data / "images.npy").read_bytes()
    (data / "images.npy").write_bytes(pixels[:-1] + bytes([pixels[-1] ^ 1]))
    with pytest.raises(ChangedFileError, match=r"images\.npy is not what was written there"):
        run("wrong", "--trained", trained, "--parts", *parts)  # which no part has compared
    assert not (tmp_path / "wrong").exists()


@pytest.fixture
def made_apart(make_dataset, tmp_path: Path) -> dict[str, Path]:
    """Two datasets of 40 pictures, two networks, and codes of halves of the datasets."""
    options = Options(presentations=64, minimum_bits=0)
    made = {
        "data": make_dataset(rooms(40)),
        "other data": make_dataset(rooms(40, seed=8), name="other"),
    }
    for seed, name in enumerate(("network", "other network")):
        made[name] = tmp_path / name
        train(data=made["data"], out=made[name], options=options, seed=seed)
    for name, data, network, number in (
        ("first", "data", "network", 1),
        ("second", "data", "network", 2),
        ("second of another network", "data", "other network", 2),
        ("second of other data", "other data", "network", 2),
    ):
        made[name] = tmp_path / name
        shard = Shard(number, 2)
        encode_shard(data=made[data], trained=made[network], shard=shard, out=made[name])
    return made


@pytest.mark.slow
@pytest.mark.parametrize(
    ("parts", "message"),
    [
        (["first", "first"], "are both part 1/2"),
        (["second"], "found parts 2/2, expected 1/2, 2/2"),
        (["first", "second of another network"], "not made from --trained"),
        (["first", "second of other data"], "not made from --data"),
        (["first", "network"], "no codes of a shard"),
    ],
)
def test_parts_that_are_not_all_codes_of_the_dataset_are_refused(
    made_apart: dict[str, Path], parts: list[str], message: str, tmp_path: Path
) -> None:
    words = ["--data", made_apart["data"], "--trained", made_apart["network"], "--parts"]
    with pytest.raises(UnusableError, match=message):
        command(*words, *(made_apart[name] for name in parts), "--out", tmp_path / "out")
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("given", [["--shard", "1/3"], ["--parts", "p1", "p2"]])
def test_shards_without_their_network_are_refused(
    given: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit):
        main([f"--data={tmp_path}", *given, "--out", str(tmp_path / "out")])
    assert "--shard and --parts need --trained" in capsys.readouterr().err


@pytest.mark.slow
def test_chance_is_warned_of(make_dataset, tmp_path: Path) -> None:
    options = Options(presentations=6400, radius=30)
    summary = dedup(data=make_dataset(rooms(200)), out=tmp_path / "d", options=options, seed=1)
    assert summary["code_health"]["chance_pairs"] > 1
    assert "resemble each other by chance" in summary["warnings"][-1]


def test_a_misspelt_option_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "spec.json").write_text('{"options": {"presentation": 64}}')
    words = ["--data", tmp_path, "--spec", tmp_path / "spec.json", "--out", tmp_path / "out"]
    monkeypatch.setattr(sys, "argv", ["dedup", *map(str, words)])
    with pytest.raises(SpecError, match="did you mean 'presentations'"):
        main()
