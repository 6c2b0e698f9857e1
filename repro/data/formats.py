"""Identify the image format of some bytes from the bytes themselves, never from a file name.

Where in the flow: the first look at every picture, before repro/data/decoders.py reads it. Formats
without a decoder here have names as well, so that a user learns what a file is and what to do.
Bytes that are not a readable picture raise `UnreadableImage` with one of `REASONS`.

Alone: `sniff(path.read_bytes()[:HEAD_BYTES])`.
"""

REASONS = ("empty", "not_an_image", "truncated", "corrupt", "unsupported", "too_large")
HEAD_BYTES = 512  # of a file: enough to identify its format
CONVERT = "save it as JPEG or PNG"  # what to do about a format without a decoder

# First bytes -> name of the format; of two with the same beginning the longer comes first. `sniff`
# distinguishes RIFF and ISO containers. Those below the blank line have no decoder here; HEIC needs
# an optional package (repro/data/optional_decoders.py).
SIGNATURES = (
    (b"\xff\xd8\xff", "jpeg"),
    (b"\x89PNG\r\n\x1a\n", "png"),
    (b"GIF87a", "gif"),
    (b"GIF89a", "gif"),
    (b"II*\x00\x10\x00\x00\x00CR", "raw photo (CR2)"),
    (b"II*\x00", "tiff"),
    (b"MM\x00*", "tiff"),
    (b"\x00\x00\x00\x0cjP  \r\n\x87\n", "jpeg2000"),
    (b"\xff\x4f\xff\x51", "jpeg2000"),
    (b"BM", "bmp"),
    #
    (b"\xff\x0a", "JPEG XL"),
    (b"\x00\x00\x00\x0cJXL \r\n\x87\n", "JPEG XL"),
    (b"II+\x00", "BigTIFF"),
    (b"MM\x00+", "BigTIFF"),
    (b"II\xbc\x01", "JPEG XR"),
    (b"\x00\x00\x01\x00", "ICO"),
    (b"\x00\x00\x02\x00", "CUR"),
    (b"icns", "ICNS"),
    (b"8BPS", "PSD"),
    (b"gimp xcf", "XCF"),
    (b"v/1\x01", "OpenEXR"),
    (b"#?RADIANCE", "HDR"),
    (b"#?RGBE", "HDR"),
    (b"DDS ", "DDS"),
    (b"qoif", "QOI"),
    (b"FLIF", "FLIF"),
    (b"BPG\xfb", "BPG"),
    (b"\x8aMNG\r\n\x1a\n", "MNG"),
    (b"SIMPLE  =", "FITS"),
    (b"FUJIFILMCCD-RAW", "raw photo (RAF)"),
    (b"IIRO", "raw photo (ORF)"),
    (b"IIRS", "raw photo (ORF)"),
    (b"MMOR", "raw photo (ORF)"),
    (b"IIU\x00", "raw photo (RW2)"),
    (b"FOVb", "raw photo (X3F)"),
)
AVIF_BRANDS = {b"avif", b"avis"}
HEIC_BRANDS = {b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"hevm", b"hevs"}
PICTURE_BRANDS = {b"mif1", b"mif2", b"msf1", b"miaf", b"avci", b"avcs", b"jpeg", b"j2ki", b"vvic"}
PNM_KINDS = {b"P1", b"P2", b"P3", b"P4", b"P5", b"P6", b"P7", b"PF", b"Pf"}
PNM_READ = {b"P4", b"P5", b"P6"}


ARCHIVES = (
    (b"PK\x03\x04", "a ZIP archive"),
    (b"\x1f\x8b", "a gzip archive"),
    (b"7z\xbc\xaf\x27\x1c", "a 7z archive"),
    (b"Rar!", "a RAR archive"),
    (b"BZh", "a bzip2 archive"),
    (b"\xfd7zXZ", "an xz archive"),
)
TAR = b"ustar"  # at byte 257


class UnreadableImage(Exception):  # noqa: N818 - a finding, not a fault
    """A file or its bytes that are not a readable image; the text has details.

    reason: one of REASONS for bytes, "not_a_file" for a pipe or device, or "smaller_than_crop".
    """

    def __init__(self, reason: str, detail: str = "") -> None:
        super().__init__(f"{reason}: {detail}" if detail else reason)
        self.reason = reason


def sniff(data: bytes) -> str:
    """Name of the image format, from its first bytes: "jpeg", "png", "webp", "heic", "JPEG XL", ...

    It also names formats without a decoder here. Raises UnreadableImage ("empty" or
    "not_an_image").
    """
    if not data:
        raise UnreadableImage("empty", "0 bytes")
    for signature, name in SIGNATURES:
        if data.startswith(signature):
            return name
    if data[:4] == b"RIFF" and data[8:12] == b"WEBP":
        return "webp"
    if data[4:8] == b"ftyp" and (name := _by_brands(data)):
        return name
    if data[:2] in PNM_KINDS and (data[2:3].isspace() or data[2:3] == b"#"):
        return "ppm" if data[:2] in PNM_READ else f"PNM ({data[:2].decode()})"
    if _is_svg(data):
        return "SVG"
    raise UnreadableImage("not_an_image", f"{len(data)} bytes starting with {data[:8]!r}")


def _by_brands(data: bytes) -> str:
    """Format of an ISO container by the brands in its ftyp box; "" for a film or the like.

    The major brand comes first. If it only says "pictures", such as mif1, the compatible brands
    after it decide.
    """
    end = min(int.from_bytes(data[:4], "big"), HEAD_BYTES)
    brands = [data[8:12], *(data[at : at + 4] for at in range(16, end - 3, 4))]
    for brand in brands:
        if brand in AVIF_BRANDS:
            return "avif"
        if brand in HEIC_BRANDS:
            return "heic"
    if brands[0] == b"crx ":
        return "raw photo (CR3)"
    return "heif" if PICTURE_BRANDS & set(brands) else ""


def _is_svg(data: bytes) -> bool:
    text = data[:HEAD_BYTES].removeprefix(b"\xef\xbb\xbf").lstrip()
    return text.startswith((b"<svg", b"<?xml", b"<!--", b"<!DOCTYPE svg")) and b"<svg" in text


def looks_like(head: bytes) -> tuple[str, str]:
    """Type of an unexpected file, by its beginning, and what to do: for messages."""
    archive = next((name for signature, name in ARCHIVES if head.startswith(signature)), None)
    if archive or head[257:262] == TAR:
        return archive or "a TAR archive", "unpack it and give the folder"
    try:
        name = sniff(head)
    except UnreadableImage as error:
        return ("an empty file" if error.reason == "empty" else "a file"), ""
    return f"one picture ({name})", "give the folder that holds it"
