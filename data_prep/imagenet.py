"""ImageNet's layout: one folder per class, named after it (paper §4.3: ImageNet-1k).

Classes are the folders in order of their names (for wnids: the usual 0 to 999), their index is the
label `class`. The paper uses the images without labels, at 32 pixels: `image_size: 32`.

Alone: `count(RAW, Options())` is the number of files.
"""

from collections.abc import Iterator
from pathlib import Path

from pydantic import Field

from data_prep.source import Record, Requirement
from repro.data.raw_images import files_below
from repro.specs.validation import Strict

PUBLISHED = 1_281_167  # images of the training set of ImageNet-1k
PAPER_IMAGES = {"data": 1_281_167}  # ImageNet-1k, section 4.3


class Options(Strict):
    folder: str = Field("", description="folder below raw that holds the class folders; '' = raw")
    classes: tuple[str, ...] = Field(
        (), description="class folders that are read; [] = all of them"
    )


def requirements(raw: Path, options: Options) -> list[Requirement]:
    root = raw / options.folder
    return [
        Requirement(
            path=path,
            what="ImageNet class folders (n01440764/, ...)",
            kind="folder",
            how_to_get="register at image-net.org, download ILSVRC2012_img_train.tar and unpack it "
            "and the archive of every class into a folder of the class's name",
        )
        for path in [root / name for name in options.classes] or [root]
    ]


def label_fields(raw: Path, options: Options) -> dict[str, str]:
    return {"class": "i4"}


def class_names(raw: Path, options: Options) -> list[str] | None:
    """Names of the class folders to read, sorted; an empty folder is a class too."""
    if options.classes:
        return sorted(set(options.classes))
    folders = (raw / options.folder).iterdir()
    return sorted(f.name for f in folders if f.is_dir() and not f.name.startswith("."))


def published(options: Options) -> int | None:
    """Images of all classes of the raw folder itself; a folder below it may hold any number."""
    return None if options.folder or options.classes else PUBLISHED


def count(raw: Path, options: Options) -> int:
    return len(_files(raw, options))


def records(raw: Path, options: Options) -> Iterator[Record]:
    """Files sorted by path; files next to the class folders are skipped with a reason."""
    root = raw / options.folder
    index = {name: number for number, name in enumerate(class_names(raw, options) or [])}
    for name, key in _files(raw, options):
        if name:
            yield Record(key=key, payload=root / key, labels={"class": index[name]})
        else:
            yield Record(key=key, skip="outside_class_folder")


def _files(raw: Path, options: Options) -> list[tuple[str, str]]:
    """Class ("": none) and relative path of each file below the folder, or of `classes` alone."""
    root = raw / options.folder
    if not options.classes:
        parts = ((file.partition("/"), file) for file in files_below(root))
        return [(name if slash else "", file) for (name, slash, _), file in parts]
    classes = class_names(raw, options) or []
    return [(name, f"{name}/{file}") for name in classes for file in files_below(root / name)]
