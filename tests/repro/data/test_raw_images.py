"""repro/data/raw_images.py: how much of a file is read."""

import os
from pathlib import Path

import pytest

from repro.data.formats import UnreadableImage
from repro.data.raw_images import file_bytes


def test_only_the_head_of_what_is_no_picture_is_read(tmp_path: Path) -> None:
    large = tmp_path / "film.jpg"
    for head, reason in ((b"RIFF....AVI ", "not_an_image"), (b"\xff\xd8\xff\xe0", "too_large")):
        large.write_bytes(head)
        os.truncate(large, 2**40)  # a terabyte with a hole in it
        with pytest.raises(UnreadableImage) as caught:
            file_bytes(large)
        assert caught.value.reason == reason


def test_what_is_no_file_is_not_opened() -> None:
    with pytest.raises(UnreadableImage) as caught:
        file_bytes(Path(os.devnull))
    assert caught.value.reason == "not_a_file"
