"""The meaning of a TIFF's pixels (black, white and upright), or why it is unknown.

Where in the flow: repro/data/pillow_pixels.py calls it before Pillow, which reads numbers of any
type, loads a TIFF. Scientific ones hold 32-bit or floating-point numbers whose white the file does
not state; a guess would make such a picture nearly black.
"""

from PIL import Image, TiffImagePlugin

from repro.data.formats import UnreadableImage
from repro.data.picture_parts import ORIENTATION_TAG

SUBFILE, BITS, PHOTOMETRIC, SAMPLE_FORMAT = 254, 258, 262, 339  # tags
REDUCED = 1  # bit of SUBFILE
WHITE_IS_ZERO = 0  # PHOTOMETRIC
WHOLE, UNDEFINED = 1, 4  # SAMPLE_FORMAT: unsigned whole numbers; undefined counts as those
MOST_BITS = 16
ADVICE = "scale it to 8 or 16 bits a channel and save it again"


def stated_range(picture: TiffImagePlugin.TiffImageFile) -> tuple[int, int]:
    """Values of black and white of a TIFF that is opened and not loaded.

    Raises UnreadableImage("unsupported") for signed, floating-point and 32-bit numbers, and where
    the first picture is a reduced copy, as in photos of cameras' raw formats.
    """
    tags = picture.tag_v2
    if tags.get(SUBFILE, 0) & REDUCED:
        raise UnreadableImage(
            "unsupported",
            "its first picture is a reduced copy, as in a camera's raw photos; export it as JPEG",
        )
    kinds = set(tags.get(SAMPLE_FORMAT, (WHOLE,)))
    if not kinds <= {WHOLE, UNDEFINED}:
        raise UnreadableImage(
            "unsupported", f"signed or floating-point pixels have no stated range; {ADVICE}"
        )
    bits = max(tags.get(BITS, (1,)))
    if bits > MOST_BITS:
        raise UnreadableImage("unsupported", f"{bits}-bit pixels have no stated range; {ADVICE}")
    white = 2**bits - 1
    # Pillow inverts 8-bit values by itself, but not larger ones
    return (white, 0) if tags.get(PHOTOMETRIC) == WHITE_IS_ZERO else (0, white)


def keep_orientation_only(picture: TiffImagePlugin.TiffImageFile) -> None:
    """Remove all metadata of an opened TIFF but the orientation, by which Pillow turns it.

    Other metadata, if unreadable, would lose the picture.
    """
    orientation = picture.tag_v2.get(ORIENTATION_TAG)
    exif = Image.Exif()
    if orientation in range(1, 9):
        exif[ORIENTATION_TAG] = orientation
    picture.info["exif"] = exif.tobytes()
    if not isinstance(picture.info.get("xmp"), bytes):
        picture.info.pop("xmp", None)
