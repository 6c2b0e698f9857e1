"""Whether a file holds several pictures: an animation, a burst or pages, of which one is used.

Where in the flow: data_prep/record_pixels.py asks after a picture is decoded, and the dataset's
manifest counts such files, so that nobody takes 300 animations for 300 photos unawares. The answer
never costs a picture: where the rest of a file is damaged, the file counts as one picture.

Alone: `holds_several(path.read_bytes())`.
"""

from repro.data.formats import UnreadableImage, sniff
from repro.data.pillow_pixels import opened

WITH_SEVERAL = {"gif", "png", "webp", "tiff", "avif", "heic", "heif"}
WEBP_FLAGS, WEBP_ANIMATED = 20, 0x02  # place of the flags in a file with a VP8X chunk; the bit


def holds_several(data: bytes) -> bool:
    """Whether the bytes of a readable picture hold more than one frame, picture or page."""
    name = sniff(data)
    if name not in WITH_SEVERAL or (name == "webp" and not _webp_animated(data)):
        return False
    try:
        with opened(data, name) as picture:
            return bool(getattr(picture, "is_animated", False))
    except UnreadableImage:  # damaged after the first picture, or in its metadata
        return False


def _webp_animated(data: bytes) -> bool:
    return data[12:16] == b"VP8X" and bool(data[WEBP_FLAGS] & WEBP_ANIMATED)
