"""Faces in a folder of photos -> boxes.csv, from which the source `faces` cuts them (paper §4.2).

Where in the flow: before the pipeline. detector.py searches one photo, and its docstring gives the
reasons for the settings. Boxes are in pixels of the upright photo (EXIF orientation applied), as
decoded by repro/data/images.py.

    file,face,left,top,width,height,neighbours,photo_width,photo_height,reason

Files are in order of their path, the faces of a photo from left to right, numbered from 1. A photo
without a face has one row with an empty box and the reason `no_face`; an unreadable file has one
with the decoder's reason. boxes.json, next to boxes.csv, holds settings, versions and counts. The
number of workers changes the time, not a byte.

__main__.py is the command for it: python -m data_prep.face_detection PHOTOS --out boxes.csv
"""

import json
import threading
from collections import Counter
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

import cv2

from data_prep.face_detection.detector import Box, DetectorOptions, FaceDetector, find_cascade
from repro.artefacts.provenance import sha256_of_file
from repro.artefacts.whole_file import atomic_write, write_json
from repro.data.cells import write_row
from repro.data.decoders import decoder_versions
from repro.data.formats import UnreadableImage
from repro.data.images import decode
from repro.data.raw_images import SourceError, file_bytes, files_below
from repro.progress import tracked

COLUMNS = (
    *("file", "face", "left", "top", "width", "height", "neighbours"),
    *("photo_width", "photo_height", "reason"),
)
BATCH = 64  # photos given to a worker at a time


class SearchedPhoto(NamedTuple):
    """The result for one file: (width, height) and boxes of the photo, or why it was skipped."""

    file: str
    size: tuple[int, int] | None
    boxes: list[Box]
    reason: str


def detect_folder(
    photos: Path,
    out: Path,
    *,
    options: DetectorOptions,
    workers: int = 2,
    cascade: Path | None = None,
) -> dict[str, Any]:
    """Search all files below `photos`; write the CSV file `out` and, next to it, the JSON file.

    workers: threads (>= 1). cascade: XML file, by default OpenCV's frontal one. Returns the counts
    of the JSON file. Raises SourceError for a folder that is missing or empty, for an `out` inside
    it, which the next search would take for a photo, and for one whose JSON file would replace the
    table or another file.
    """
    if not photos.is_dir():
        raise SourceError(f"{photos}: not a folder of photos")
    if out.resolve().is_relative_to(photos.resolve()):
        raise SourceError(f"{out} lies in the folder of photos; write it next to {photos}")
    about_file = out.with_suffix(".json")
    _refuse_to_replace(about_file, out)
    cascade = cascade or find_cascade()
    FaceDetector(cascade, **options.model_dump())  # a wrong one is reported before the first photo
    files = files_below(photos)
    if not files:
        raise SourceError(f"{photos}: no files; is it the right folder?")
    per_thread = threading.local()

    def search(file: str) -> SearchedPhoto:
        if not hasattr(per_thread, "detector"):
            per_thread.detector = FaceDetector(cascade, **options.model_dump())
        return _search(photos, file, per_thread.detector)

    out.parent.mkdir(parents=True, exist_ok=True)
    with (
        atomic_write(out) as temporary,
        _one_opencv_thread(),
        ThreadPoolExecutor(workers) as pool,
    ):
        batches = (files[i : i + BATCH * workers] for i in range(0, len(files), BATCH * workers))
        searched = (one for batch in batches for one in pool.map(search, batch))
        turns = tracked(searched, "looking for faces", unit="photos", total=len(files))
        counts = _write(temporary, turns)
    about = {"options": options.model_dump(), "cascade_sha256": sha256_of_file(cascade)}
    about |= {"versions": decoder_versions(), "counts": counts}
    write_json(about_file, about)
    return counts


def _refuse_to_replace(about_file: Path, out: Path) -> None:
    if out.suffix.lower() == ".json":
        raise SourceError(f"{out}: the table is a CSV file; give it a name that ends in .csv")
    if not about_file.exists():
        return
    try:
        found = json.loads(about_file.read_text(encoding="utf-8"))
    except ValueError:
        found = None
    if not isinstance(found, dict) or not {"cascade_sha256", "counts"} <= found.keys():
        raise SourceError(
            f"{about_file}: is no record of an earlier search and would be replaced; give {out} "
            "another name"
        )


@contextmanager
def _one_opencv_thread() -> Iterator[None]:
    """OpenCV's own threads off: they collect windows in varying order, beyond `workers` cores."""
    before = cv2.getNumThreads()
    cv2.setNumThreads(1)
    try:
        yield
    finally:
        cv2.setNumThreads(before)


def _search(photos: Path, file: str, detector: FaceDetector) -> SearchedPhoto:
    try:
        grey = decode(file_bytes(photos / file), channels=1)[:, :, 0]
    except UnreadableImage as error:
        return SearchedPhoto(file, None, [], error.reason)
    except OSError:
        return SearchedPhoto(file, None, [], "cannot_open")
    try:
        boxes = detector.boxes(grey)
    except Exception as error:
        error.add_note(f"while searching '{file}'")
        raise
    return SearchedPhoto(file, grey.shape[::-1], boxes, "" if boxes else "no_face")


def _write(path: Path, searched: Iterable[SearchedPhoto]) -> dict[str, Any]:
    """Write the rows of all photos; count photos, faces and reasons."""
    faces_a_photo: Counter[int] = Counter()
    unread: Counter[str] = Counter()
    with path.open("w", newline="", encoding="utf-8", errors="surrogateescape") as stream:
        write_row(stream, COLUMNS)
        for file, size, boxes, reason in searched:
            for face, box in enumerate(boxes, start=1):
                write_row(stream, (file, face, *box, *(size or ("", "")), ""))
            if not boxes:
                write_row(stream, (file, *[""] * 6, *(size or ("", "")), reason))
            if size is None:
                unread[reason] += 1
            else:
                faces_a_photo[len(boxes)] += 1
    photos = faces_a_photo.total()
    with_face = photos - faces_a_photo[0]
    return {
        "photos": photos,
        "photos_with_a_face": with_face,
        "photos_with_several": with_face - faces_a_photo[1],
        "share_with_a_face": round(with_face / photos, 4) if photos else None,
        "faces": sum(faces * photos for faces, photos in faces_a_photo.items()),
        "unread": dict(sorted(unread.items())),
    }
