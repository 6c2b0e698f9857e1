"""ImageNet's layout: one folder a class, the folder's name is the class (paper §4.3: ImageNet-1k).

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


class Options(Strict):
    folder: str = Field("", description="folder below raw that holds the class folders; '' = raw")


def requirements(raw: Path, options: Options) -> list[Requirement]:
    return [
        Requirement(
            path=raw / options.folder,
            what="ImageNet class folders (n01440764/, ...)",
            how_to_get="register at image-net.org, download ILSVRC2012_img_train.tar and unpack it "
            "and the archive of every class into a folder of the class's name",
        )
    ]


def label_fields(raw: Path, options: Options) -> dict[str, str]:
    return {"class": "i4"}


def class_names(raw: Path, options: Options) -> list[str] | None:
    """Names of the class folders, sorted; an empty folder is a class too."""
    folders = (raw / options.folder).iterdir()
    return sorted(f.name for f in folders if f.is_dir() and not f.name.startswith("."))


def published(options: Options) -> int | None:
    """Of the raw folder itself; a folder below it may hold anything."""
    return PUBLISHED if options.folder == "" else None


def count(raw: Path, options: Options) -> int:
    return len(files_below(raw / options.folder))


def records(raw: Path, options: Options) -> Iterator[Record]:
    """Files sorted by path; those beside the class folders are left out with a reason."""
    root = raw / options.folder
    index = {name: number for number, name in enumerate(class_names(raw, options) or [])}
    for key in files_below(root):
        name, slash, _ = key.partition("/")
        if slash:
            yield Record(key=key, payload=root / key, labels={"class": index[name]})
        else:
            yield Record(key=key, skip="outside_class_folder")
