"""Find the faces in a folder of photos and write their boxes, for the source `faces` (paper §4.2).

Where in the flow: before the pipeline. photo_folder.py does the work and describes the table.

python -m data_prep.face_detection PHOTOS --out boxes.csv [--workers 2]
"""

import argparse
from functools import partial
from pathlib import Path
from typing import Any

from data_prep.face_detection.detector import DetectorOptions
from data_prep.face_detection.photo_folder import detect_folder
from repro.command_line import add_workers, file_to_write, new_parser, run_main
from repro.specs.validation import SpecError, validated


def main(argv: list[str] | None = None) -> None:
    parser = new_parser(
        "face-detection",
        "Find the faces in a folder of photos; the source `faces` cuts them out.",
    )
    parser.add_argument("photos", type=Path, help="folder of photos, flat or nested")
    parser.add_argument("--out", type=file_to_write, required=True, help="CSV file to write")
    add_workers(parser, "threads")
    parser.add_argument("--cascade", type=Path, help="XML file instead of OpenCV's frontal cascade")
    for name, field in DetectorOptions.model_fields.items():
        parser.add_argument(
            f"--{name.replace('_', '-')}",
            type=partial(_value, name),
            default=field.default,
            help=f"{field.description} (default {field.default})",
        )
    given = parser.parse_args(argv)
    values = {name: getattr(given, name) for name in DetectorOptions.model_fields}
    options = DetectorOptions(**values)
    counts = detect_folder(
        given.photos, given.out, options=options, workers=given.workers, cascade=given.cascade
    )
    print(
        f"{given.out}: {counts['faces']} faces in {counts['photos_with_a_face']} of "
        f"{counts['photos']} photos, {counts['photos_with_several']} with several; unread: "
        f"{counts['unread'] or 'none'}"
    )


def _value(name: str, text: str) -> Any:
    """The detector's option `name`, for `type=`."""
    try:
        return getattr(validated(DetectorOptions, {name: text}, where="expected"), name)
    except SpecError as error:
        raise argparse.ArgumentTypeError(str(error)) from None


if __name__ == "__main__":
    run_main(main)
