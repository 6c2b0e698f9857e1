"""A folder with one of everything found in people's folders, and what is expected of each.

Not a test itself: `write_odd_files` writes the tree, each picture beside a copy in another form,
and returns the truth that test_dedup_tool.py compares with.
"""

import io
import os
import stat
import struct
import unicodedata
import zlib
from dataclasses import dataclass, field
from importlib.util import find_spec
from pathlib import Path

import numpy as np
from PIL import Image

HEIC = "corrupt" if find_spec("pillow_heif") else "unsupported"
UNDECODABLE = b"bad\xff\xfe.png".decode("utf-8", "surrogateescape")


@dataclass
class Truth:
    """Relative names: pairs of the same picture, single pictures, reason of what is not read."""

    pairs: dict[str, tuple[str, str]] = field(default_factory=dict)  # kind -> (kept, would go)
    alone: set[str] = field(default_factory=set)
    skipped: dict[str, str] = field(default_factory=dict)


def picture(number: int) -> Image.Image:
    """Picture `number`, 150 x 110, unlike all others, its mirror image and itself turned."""
    coarse = np.random.default_rng(number).integers(0, 256, (5, 7, 3), dtype=np.uint8)
    return Image.fromarray(coarse).resize((150, 110), Image.Resampling.BICUBIC)


def write_odd_files(root: Path, *, elsewhere: Path) -> Truth:
    """Fill the empty folders `root` and `elsewhere`, which links in `root` lead to."""
    truth = Truth()
    _copies_in_other_forms(root, truth)
    _names(root, truth)
    _links(root, elsewhere, truth)
    _unreadable(root, truth)
    return truth


def _copies_in_other_forms(root: Path, truth: Truth) -> None:
    """Pairs "formats/KIND 0.png" and "formats/KIND 1.xyz"."""
    folder = root / "formats"
    folder.mkdir()
    base = {n: picture(n) for n in range(1, 16)}
    turned = Image.Exif()
    turned[0x0112] = 6  # to be shown turned by 90 degrees clockwise
    grey = base[3].convert("L")
    colours = base[5].quantize(64)
    frame = base[8].quantize(128)
    sixteen = Image.fromarray(np.asarray(base[4].convert("L")).astype(np.uint16) * 257)
    see_through = base[6].convert("RGBA")
    see_through.paste((200, 0, 0, 0), (0, 0, 40, 110))
    on_white = base[6].copy()
    on_white.paste("white", (0, 0, 40, 110))
    film = {"save_all": True, "append_images": [picture(90), picture(91)], "duration": 40}
    lossless = {"lossless": True}
    forms = {
        "turned jpeg": (base[1], base[1].transpose(Image.Transpose.ROTATE_90), "jpg",
                        {"exif": turned, "quality": 95}),
        "turned png": (base[2], base[2].transpose(Image.Transpose.ROTATE_90), "png",
                       {"exif": turned}),
        "grey": (grey.convert("RGB"), grey, "png", {}),
        "sixteen bits": (base[4].convert("L"), sixteen, "png", {}),
        "palette": (colours.convert("RGB"), colours, "png", {}),
        "transparent": (on_white, see_through, "png", {}),
        "cmyk": (base[7], base[7].convert("CMYK"), "jpg", {"quality": 95}),
        "animated gif": (frame.convert("RGB"), frame, "gif", film),
        "animated webp": (base[9], base[9], "webp", film | lossless),
        "animated png": (base[10], base[10], "png", film),
        "webp": (base[11], base[11], "webp", {"quality": 90}),
        "tiff": (base[12], base[12], "tif", {}),
        "bmp": (base[13], base[13], "bmp", {}),
        "progressive": (base[14], base[14], "jpeg", {"quality": 90, "progressive": True}),
    }  # fmt: skip
    for kind, (original, copy, suffix, options) in forms.items():
        names = f"formats/{kind} 0.png", f"formats/{kind} 1.{suffix}"
        original.save(root / names[0])
        copy.save(root / names[1], **options)
        truth.pairs[kind] = names
    _save(root, "formats/really a png 0.png", 15)
    base[15].save(root / "formats/really a png 1.jpg", format="PNG")
    truth.pairs["wrong suffix"] = "formats/really a png 0.png", "formats/really a png 1.jpg"


def _names(root: Path, truth: Truth) -> None:
    composed, decomposed = (unicodedata.normalize(f, "café") for f in ("NFC", "NFD"))
    pairs = {
        "composed and decomposed": (f"{decomposed}.png", f"{composed}.png"),  # 'e' before 'é'
        "emoji, nested": ("a/b/c/😀 日本.png", "a/b/d.png"),
        "quotes and blanks": (' "it\'s".png', "$(rm -rf x) -f.png"),
        "line break": ("line\nbreak.png", "line\r\nbreak.png"),
        "undecodable bytes": (UNDECODABLE, "zz undecodable's twin.png"),
    }
    for number, (kind, names) in enumerate(pairs.items(), start=20):
        for name in names:
            _save(root, name, number)
        truth.pairs[kind] = names
    _save(root, ".hidden.png", 20)  # left out silently
    _save(root, ".hidden/too.png", 20)


def _links(root: Path, elsewhere: Path, truth: Truth) -> None:
    _save(root, "links/real.png", 30)
    _save(root, "links/twice.png", 31)
    (root / "links/a name of real.png").symlink_to("real.png")
    os.link(root / "links/twice.png", root / "links/twice, hard.png")
    truth.alone |= {"links/real.png", "links/twice, hard.png"}  # of two hard links the first name
    for name in ("links/a name of real.png", "links/twice.png"):
        truth.skipped[name] = "same_file"
    _save(elsewhere, "out/there.png", 33)
    (root / "links/folder").symlink_to(elsewhere / "out", target_is_directory=True)
    (root / "links/folder again").symlink_to(elsewhere / "out", target_is_directory=True)
    truth.alone.add("links/folder/there.png")  # a folder is entered once, by its first name
    (root / "links/loop").symlink_to(root, target_is_directory=True)
    (root / "links/itself").symlink_to("itself")
    (root / "links/nowhere.png").symlink_to("gone.png")
    truth.skipped |= {"links/itself": "cannot_open", "links/nowhere.png": "cannot_open"}


def _unreadable(root: Path, truth: Truth) -> None:
    folder = root / "odd"
    folder.mkdir()
    jpeg, png = (_encoded(picture(40), kind) for kind in ("JPEG", "PNG"))
    files = {
        "empty.jpg": (b"", "empty"),
        "cut.jpg": (jpeg[:-300], "truncated"),
        "cut.png": (png[: len(png) // 2], "truncated"),
        "damaged.jpg": (jpeg[:20] + bytes(2000), "corrupt"),
        "bomb.png": (_png_header(60_000, 60_000), "too_large"),
        "page.jpg": (b"<!DOCTYPE html><html>404</html>", "not_an_image"),
        "notes.txt": ("naïve".encode(), "not_an_image"),
        "film.mp4": (b"\0\0\0\x18ftypisom" + bytes(3000), "not_an_image"),
        "phone.heic": (b"\0\0\0\x18ftypheic" + bytes(3000), HEIC),
        "heights.tif": (_encoded(Image.fromarray(np.ones((9, 9), np.float32)), "TIFF"),
                        "unsupported"),
    }  # fmt: skip
    for name, (data, reason) in files.items():
        (folder / name).write_bytes(data)
        truth.skipped[f"odd/{name}"] = reason
    os.mkfifo(folder / "pipe.jpg")
    os.mknod(folder / "socket.jpg", stat.S_IFSOCK | 0o600)
    (folder / "endless.jpg").symlink_to("/dev/zero")
    for name in ("pipe.jpg", "socket.jpg", "endless.jpg"):
        truth.skipped[f"odd/{name}"] = "not_a_file"
    (folder / "a folder.jpg").mkdir()  # holds nothing
    if os.geteuid() != 0:  # root reads everything
        _save(root, "odd/locked.png", 41)
        (folder / "locked.png").chmod(0)
        truth.skipped["odd/locked.png"] = "cannot_open"


def _save(root: Path, name: str, number: int) -> None:
    (root / name).parent.mkdir(parents=True, exist_ok=True)
    picture(number).save(root / name)


def _encoded(image: Image.Image, kind: str) -> bytes:
    stream = io.BytesIO()
    image.save(stream, kind)
    return stream.getvalue()


def _png_header(width: int, height: int) -> bytes:
    """A PNG whose header claims many pixels and whose data hold hardly any."""

    def chunk(name: bytes, data: bytes) -> bytes:
        return (
            struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))
        )

    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    pixels = zlib.compress(bytes(100_000))
    return (
        b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", pixels) + chunk(b"IEND", b"")
    )
