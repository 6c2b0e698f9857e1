"""repro/dedup/groups_page.py: the order of the groups, what is on the page, what buttons give."""

import base64
import io
import json
import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from browser import after_script, needs_chromium
from PIL import Image

from repro.dedup.delete_list import Going
from repro.dedup.groups_page import MOST_MEMBERS, groups_by_doubt, write_groups_page
from repro.dedup.removal import Removal
from repro.dedup.stored_images import StoredImages

HOSTILE = "</script><img src=x onerror=alert(1)>&'\".png"


def removal_of(first: list[int], distance: list[int], keep: list[bool] | None = None) -> Removal:
    rows = np.arange(len(first))
    kept = np.array(keep) if keep is not None else rows == np.array(first)
    return Removal(np.array(first), kept, np.array(distance, np.uint8), rows < 0, max_group=50)


def write_pictures(folder: Path, names: list[str]) -> None:
    """Each picture has its own grey value: 10 times its number."""
    folder.mkdir(parents=True, exist_ok=True)
    for number, name in enumerate(names):
        Image.new("RGB", (400, 300), (10 * number,) * 3).save(folder / name, "PNG")


def page_of(
    folder: Path,
    names: list[str],
    removal: Removal,
    *,
    others: tuple[Path, list[str]] | None = None,
    several: tuple[str, ...] = (),
    most: int = 9,
) -> Path:
    """Write the page of a folder into its parent."""
    count = len(names)
    keys = names + (others[1] if others else [])
    stored = StoredImages(
        width=np.arange(len(keys)) + 400,
        height=np.full(len(keys), 300),
        bytes=np.full(len(keys), 5000),
        modified=np.arange(len(keys), dtype=np.uint64) * 86_400 * 10**9,
        sharpness=np.zeros(len(keys)),
        several=np.zeros(len(keys)),
    )
    goes = np.flatnonzero(~removal.keep).tolist()
    going = Going(
        root=str(folder.resolve()),
        copies=[(keys[row], keys[removal.first[row]]) for row in goes],
        twins=str((others[0] if others else folder).resolve()),
        several=several,
    )
    sources = [(folder, count), *([(others[0], len(others[1]))] if others else [])]
    path = folder.parent / "groups.html"
    shown = write_groups_page(
        path, sources=sources, keys=keys, stored=stored, removal=removal, going=going, most=most
    )
    assert shown == len(content_of(path)["groups"])
    return path


def content_of(page: Path) -> dict[str, Any]:
    found = re.search(r'id="content">(.*?)</script>', page.read_text(encoding="utf-8"))
    assert found is not None
    return json.loads(found[1])  # type: ignore[no-any-return]


def grey_of(uri: str) -> tuple[float, tuple[int, int]]:
    """Mean grey value and size of a picture in a data: address."""
    kind, _, data = uri.partition(",")
    assert kind == "data:image/jpeg;base64"
    picture = Image.open(io.BytesIO(base64.b64decode(data)))
    return float(np.asarray(picture).mean()), picture.size


def test_distance_then_size_then_number() -> None:
    #            group 0       1     2 (three)  3     alone
    first = [0, 1, 2, 0, 1, 2, 2, 7, 7, 9]
    distance = [0, 0, 0, 2, 6, 2, 0, 0, 2, 0]
    groups = groups_by_doubt(removal_of(first, distance))
    assert [group.number for group in groups] == [1, 2, 0, 3]
    assert [group.members.tolist() for group in groups] == [[1, 4], [2, 5, 6], [0, 3], [7, 8]]
    assert groups_by_doubt(removal_of([0, 1], [0, 0])) == []


def test_each_picture_is_there_with_its_facts(tmp_path: Path) -> None:
    names = ["a.png", "b.png", HOSTILE.replace("/", "_"), "alone.png", "d.png"]
    write_pictures(tmp_path / "photos", names)
    page = page_of(tmp_path / "photos", names, removal_of([0, 1, 0, 3, 1], [0, 0, 1, 0, 9]))
    content = content_of(page)
    assert (content["found"], content["against"], content["files"]) == (2, "", True)
    members = [member for group in content["groups"] for member in group["members"]]
    assert [member["name"] for member in members] == [names[row] for row in (1, 4, 0, 2)]
    assert [member["goes"] for member in members] == [False, True, False, True]
    assert [member["distance"] for member in members] == [0, 9, 0, 1]
    for member in members:
        row = names.index(member["name"])
        grey, size = grey_of(member["picture"])
        assert grey == pytest.approx(10 * row, abs=2)
        assert size == (192, 144)
        assert (member["width"], member["height"], member["bytes"]) == (400 + row, 300, 5000)
        assert member["date"] == (f"1970-01-0{1 + row}T00:00:00Z" if row else "")
        assert member["entry"] == str(tmp_path.resolve() / "photos" / member["name"])


def test_the_page_is_whole_and_asks_no_address(tmp_path: Path) -> None:
    names = [HOSTILE.replace("/", "_"), "b.png"]
    write_pictures(tmp_path / "photos", names)
    text = page_of(tmp_path / "photos", names, removal_of([0, 0], [0, 1])).read_text()
    assert "default-src 'none'" in text
    assert "<img src=x" not in text
    assert not re.search(r"(src|href)\s*=\s*[\"']?(https?:|//)", text)


def test_what_no_list_may_name_cannot_be_ticked(tmp_path: Path) -> None:
    names = ["kept.png", "twice.png", "line\nbreak.png", "\udcff.png", "lost.png"]
    write_pictures(tmp_path / "photos", names)
    (tmp_path / "photos/lost.png").unlink()
    removal = removal_of([0] * 5, [0] * 5)
    content = content_of(page_of(tmp_path / "photos", names, removal, several=("twice.png",)))
    members = {member["name"]: member for member in content["groups"][0]["members"]}
    assert [member["goes"] for member in members.values()] == [False, False, False, False, True]
    assert "link" in members["twice.png"]["note"]
    assert "line break" in members["line\\nbreak.png"]["note"]
    for name in ("twice.png", "line\\nbreak.png", "\\udcff.png"):
        assert members[name]["entry"] == "", name
    assert members["lost.png"]["picture"] == ""


def test_only_images_of_the_first_folder_can_go(tmp_path: Path) -> None:
    write_pictures(tmp_path / "test", ["x.png", "y.png"])
    write_pictures(tmp_path / "train", ["x.png", "z.png"])
    removal = removal_of([2, 1, 2, 3], [4, 0, 0, 0])
    page = page_of(
        tmp_path / "test", ["x.png", "y.png"], removal, others=(tmp_path / "train", ["x.png", "z"])
    )
    content = content_of(page)
    (group,) = content["groups"]
    theirs, own = group["members"]
    assert (theirs["theirs"], theirs["entry"], theirs["goes"]) == (True, "", False)
    assert (own["theirs"], own["goes"]) == (False, True)
    assert own["entry"] == str(tmp_path.resolve() / "test/x.png")


def test_large_groups_and_many_groups_are_cut_and_said(tmp_path: Path) -> None:
    names = [f"{n:03d}.png" for n in range(MOST_MEMBERS + 5)]
    write_pictures(tmp_path / "photos", names[:1])
    one = content_of(page_of(tmp_path / "photos", names, removal_of([0] * len(names), [0] * 55)))
    assert (len(one["groups"][0]["members"]), one["groups"][0]["left_out"]) == (MOST_MEMBERS, 5)
    pairs = removal_of([row // 2 * 2 for row in range(20)], [0] * 20)
    content = content_of(page_of(tmp_path / "photos", names[:20], pairs, most=3))
    assert (content["found"], len(content["groups"])) == (10, 3)


@needs_chromium
@pytest.mark.slow
def test_the_buttons_give_what_is_ticked(tmp_path: Path) -> None:
    names = ["a.png", HOSTILE.replace("/", "_"), "é 😀.png", "d.png"]
    write_pictures(tmp_path / "photos", names)
    removal = removal_of([0, 0, 2, 2], [0, 5, 0, 1])
    page = page_of(tmp_path / "photos", names, removal)
    script = """<script>
      const ticks = [...document.querySelectorAll("input[type=checkbox]")];
      say("boxes", ticks.map((box) => Number(box.checked)).join(""));
      ticks[0].click();
      say("warned", at("state").textContent);
      ticks[1].click();
      at("save").click();
      say("injected", String(document.querySelectorAll("img[src=x]").length));
    </script>"""
    left = after_script(page, script, tmp_path).by_id
    assert left["boxes"] == "0101"
    assert left["warned"] == "3 ticked, 15 kB. Of 1 groups no image would stay."
    root = tmp_path.resolve() / "photos"
    assert (left["name"], left["file"]) == ("list.txt", f"{root}/a.png\n{root}/d.png\n")
    assert left["injected"] == "0"
