"""repro/artefacts/resumable_file.py: cut back to what was recorded, damage seen, header
replaced."""

import hashlib

import pytest

from repro.artefacts.resumable_file import DamagedFileError, ResumableFile


def test_goes_on_behind_what_was_recorded(tmp_path):
    path = tmp_path / "file"
    first = ResumableFile(path, header=b"head")
    first.append(b"one")
    recorded = first.record()
    assert path.read_bytes() == b"headone"  # recorded bytes are with the system
    first.append(b"lost when it was killed")
    first.close()
    again = ResumableFile(path, header=b"head", recorded=recorded)
    again.append(bytearray(b"two"))
    again.finish(b"HEAD")
    assert path.read_bytes() == b"HEADonetwo"
    assert again.sha256 == hashlib.sha256(b"onetwo").hexdigest()
    assert recorded == {"bytes": 3, "sha256": hashlib.sha256(b"one").hexdigest()}


@pytest.mark.parametrize(
    ("damage", "message"),
    [
        (lambda path: path.unlink(), "file is missing"),
        (lambda path: path.write_bytes(b"headon"), "file has 6 bytes, 7 were recorded"),
        (lambda path: path.write_bytes(b"headonE"), "file has other bytes than recorded"),
    ],
)
def test_damage_is_seen(tmp_path, damage, message):
    path = tmp_path / "file"
    file = ResumableFile(path, header=b"head")
    file.append(b"one")
    recorded = file.record()
    file.close()
    damage(path)
    with pytest.raises(DamagedFileError, match=message):
        ResumableFile(path, header=b"head", recorded=recorded)


def test_a_header_of_another_length_is_refused(tmp_path):
    file = ResumableFile(tmp_path / "file", header=b"head")
    with pytest.raises(ValueError, match="header of 5 bytes"):
        file.finish(b"longer"[:5])
