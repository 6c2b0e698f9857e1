"""The TensorBoard view read back by TensorBoard's own reader: values, texts, images, growth."""

import json
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

from repro.figures.drawing import save_picture
from repro.figures.style import Style
from repro.train import tensorboard_view
from repro.train.monitor import Finding, Monitor
from repro.train.tensorboard_view import TAGS, ViewError, main, trainings_below, update_views

D_LOSS = TAGS["loss_d"]


def write_log(folder: Path, lines: list[dict], *, sheets: tuple[int, ...] = ()) -> None:
    (folder / "samples").mkdir(parents=True, exist_ok=True)
    (folder / "log.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines))
    for step in sheets:
        sheet = folder / "samples" / f"step_{step:08d}.png"
        save_picture(sheet, np.full((20, 300, 3), step, np.uint8), style=Style(), scale=1)


def windows(*steps: int, level: float = 1.0) -> list[dict]:
    return [{"step": s, "epoch": s / 10, "loss_d": level + s / 64, "d_real": 0.5} for s in steps]


def read_back(out: Path) -> EventAccumulator:
    events = EventAccumulator(str(out), size_guidance={"scalars": 0, "images": 0, "tensors": 0})
    return events.Reload()


def scalars(out: Path, tag: str) -> list[tuple[int, float]]:
    return [(event.step, event.value) for event in read_back(out).Scalars(tag)]


def texts(out: Path) -> list[tuple[int, str]]:
    events = read_back(out).Tensors("trouble/text_summary")
    return [(event.step, event.tensor_proto.string_val[0].decode()) for event in events]


def image_steps(out: Path) -> list[int]:
    events = read_back(out)
    return (
        [event.step for event in events.Images("samples")]
        if "samples" in events.Tags()["images"]
        else []
    )


def test_scalars_troubles_and_sheets_come_back(tmp_path: Path) -> None:
    lines = [*windows(10, 20), {"step": 20, "epoch": 2.0, "diversity": 0.25}, *windows(30)]
    lines[2]["trouble"] = ["collapse"]
    write_log(tmp_path / "run/models/rooms", lines, sheets=(10, 20))
    views: dict = {}
    update_views(views, folder=tmp_path / "run", out=tmp_path / "out")
    out = tmp_path / "out" / "rooms"
    assert scalars(out, D_LOSS) == [(s, 1 + s / 64) for s in (10, 20, 30)]  # exact in float32
    assert scalars(out, TAGS["diversity"]) == [(20, 0.25)]
    assert len(scalars(out, "epoch")) == 4
    assert "step" not in read_back(out).Tags()["scalars"]
    ((step, words),) = texts(out)
    assert step == 20
    assert "collapse" in words
    assert image_steps(out) == [10, 20]
    content = read_back(out).Images("samples")[1].encoded_image_string
    (tmp_path / "back.png").write_bytes(content)
    with Image.open(tmp_path / "back.png") as picture:
        np.testing.assert_array_equal(np.asarray(picture), np.full((20, 300, 3), 20))


def test_new_lines_are_added_once_and_half_a_line_is_waited_for(tmp_path: Path) -> None:
    folder, out = tmp_path / "state" / "rooms", tmp_path / "out"
    write_log(folder, windows(10))
    views: dict = {}
    update_views(views, folder=tmp_path, out=out)
    with (folder / "log.jsonl").open("a") as stream:
        stream.write(json.dumps(windows(20)[0]) + "\n" + '{"step": 30, "loss_d"')
    update_views(views, folder=tmp_path, out=out)
    update_views(views, folder=tmp_path, out=out)
    assert [step for step, _ in scalars(out / "rooms", D_LOSS)] == [10, 20]
    assert len(list((out / "rooms").glob("events*"))) == 1
    write_log(folder, windows(10, 20, 30), sheets=(30,))
    (folder / "samples" / ".step_00000040.png.part").write_bytes(b"being written")
    update_views(views, folder=tmp_path, out=out)
    assert [step for step, _ in scalars(out / "rooms", D_LOSS)] == [10, 20, 30]
    assert image_steps(out / "rooms") == [30]


def test_log_that_was_cut_back_is_shown_anew(tmp_path: Path) -> None:
    folder, out = tmp_path / "rooms", tmp_path / "out"
    write_log(folder, windows(10, 20, 30), sheets=(10, 30))
    views: dict = {}
    update_views(views, folder=folder, out=out)
    write_log(folder, windows(10))  # resumed from minibatch 10; the sheet of 30 is still there
    update_views(views, folder=folder, out=out)
    assert scalars(out / "rooms", D_LOSS) == [(10, 1 + 10 / 64)]
    assert image_steps(out / "rooms") == [10]
    write_log(folder, windows(10) + windows(20, level=2.0))
    update_views(views, folder=folder, out=out)
    assert scalars(out / "rooms", D_LOSS) == [(10, 1 + 10 / 64), (20, 2 + 20 / 64)]
    # another training in the same place, as long as before
    write_log(folder, windows(10, 20, level=3.0))
    update_views(views, folder=folder, out=out)
    assert scalars(out / "rooms", D_LOSS) == [(10, 3 + 10 / 64), (20, 3 + 20 / 64)]


def test_view_is_remade_and_other_files_stay(tmp_path: Path) -> None:
    out = tmp_path / "out" / "rooms"
    out.mkdir(parents=True)
    (out / "notes.txt").write_text("mine")
    write_log(tmp_path / "rooms", windows(10, 20))
    for _ in range(2):
        views: dict = {}
        update_views(views, folder=tmp_path / "rooms", out=tmp_path / "out")
        views["rooms"].close()
    assert len(scalars(out, D_LOSS)) == 2
    assert len(list(out.glob("events*"))) == 1
    assert (out / "notes.txt").read_text() == "mine"


def test_trainings_keep_their_names_when_they_are_finished(tmp_path: Path) -> None:
    for place in ("demo/models/rooms", "demo/state/faces", "two_cores/models/rooms",
                  "demo/models/.faces.partial"):  # fmt: skip
        write_log(tmp_path / place, windows(10))
    expected = {"demo/rooms", "demo/faces", "two_cores/rooms"}
    assert set(trainings_below(tmp_path)) == expected
    assert set(trainings_below(tmp_path / "demo")) == {"rooms", "faces"}
    assert set(trainings_below(tmp_path / "demo/models/rooms")) == {"rooms"}
    (tmp_path / "demo/state/faces").rename(tmp_path / "demo/models/faces")
    assert set(trainings_below(tmp_path)) == expected
    # trained again next to the finished one: the running one is shown
    write_log(tmp_path / "demo/state/rooms", windows(10))
    assert trainings_below(tmp_path)["demo/rooms"] == tmp_path / "demo/state/rooms"


def test_what_cannot_be_shown_is_named(tmp_path: Path) -> None:
    with pytest.raises(ViewError, match=r"nowhere: no such folder; give results/<run>"):
        update_views({}, folder=tmp_path / "nowhere", out=tmp_path / "out")
    with pytest.raises(ViewError, match=r"no log\.jsonl below it"):
        update_views({}, folder=tmp_path, out=tmp_path / "out")
    assert not (tmp_path / "out").exists()
    write_log(tmp_path / "rooms", windows(10))
    with (tmp_path / "rooms/log.jsonl").open("a") as stream:
        stream.write('{"loss_d": 1.0}\n')
    with pytest.raises(ViewError, match=r"rooms/log\.jsonl, line 2: .*the key step"):
        update_views({}, folder=tmp_path, out=tmp_path / "out")


def test_command_names_what_it_shows_or_the_error(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    write_log(tmp_path / "results/models/rooms", windows(10, 20), sheets=(20,))
    words = ["tensorboard_view", f"{tmp_path}/results", "--out", f"{tmp_path}/out"]
    monkeypatch.setattr(sys, "argv", words)
    main()
    assert "rooms: 2 lines, 1 sheets" in capsys.readouterr().out
    assert len(scalars(tmp_path / "out/rooms", D_LOSS)) == 2
    monkeypatch.setattr(sys, "argv", ["tensorboard_view", str(tmp_path / "x"), "--out", "y"])
    with pytest.raises(ViewError, match="no such folder"):
        main()


def test_without_tensorboard_the_extra_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_log(tmp_path / "rooms", windows(10))
    monkeypatch.setitem(sys.modules, "torch.utils.tensorboard", None)
    with pytest.raises(ViewError, match=r'pip install "\.\[tensorboard\]" in the checkout'):
        update_views({}, folder=tmp_path, out=tmp_path / "out")


def test_follow_adds_what_comes_and_ends_by_an_interrupt(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder, out = tmp_path / "state/rooms", tmp_path / "out"
    write_log(folder, windows(10))
    waited = []

    def wait(seconds: float) -> None:
        """What happens while the view waits: more lines, then the end of the training."""
        waited.append(seconds)
        if len(waited) == 1:
            write_log(folder, windows(10, 20), sheets=(20,))
        elif len(waited) == 2:
            assert image_steps(out / "rooms") == [20]  # already to be seen
            (tmp_path / "models").mkdir()
            folder.rename(tmp_path / "models/rooms")
            write_log(tmp_path / "models/rooms", windows(10, 20, 30))
        elif len(waited) == 3:
            (tmp_path / "models/rooms/log.jsonl").unlink()  # nothing there for a while
        else:
            raise KeyboardInterrupt

    monkeypatch.setattr(tensorboard_view.time, "sleep", wait)
    words = ["tensorboard_view", str(tmp_path), "--out", str(out), "--follow", "0.5"]
    monkeypatch.setattr(sys, "argv", words)
    main()
    assert waited == [0.5] * 4
    assert [step for step, _ in scalars(out / "rooms", D_LOSS)] == [10, 20, 30]


def test_trouble_has_the_words_of_the_monitor(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Certain(Monitor):
        def see(self, line: dict) -> list:
            return [Finding("collapse", 5, "all alike")] if line["step"] == 10 else []

    monkeypatch.setattr(tensorboard_view, "Monitor", Certain)
    write_log(tmp_path / "rooms", [windows(10)[0] | {"trouble": ["collapse"]}])
    update_views({}, folder=tmp_path, out=tmp_path / "out")
    ((_, words),) = texts(tmp_path / "out/rooms")
    assert words == "minibatch 10: **collapse** since minibatch 5: all alike"
