"""One HTTP request into a .part (part_file.py): what a reply means, which bytes are kept.

The rest of the file is requested by Range, with If-Range where the server gave a validator. If a
server sends the whole file instead, it is compared with the existing bytes: equal bytes are skipped
and the rest is appended; other bytes of another version begin a new .part. Pages of HTML, other
lengths and wrong Content-Ranges are refused before a byte is written.

fetch.py repeats requests until the .part is whole.
"""

import email.utils
import http.client
import re
import ssl
import urllib.request
from collections.abc import Callable, Iterator
from urllib.error import HTTPError, URLError
from urllib.parse import urlsplit

from tqdm import tqdm

from data_prep.download.part_file import BLOCK, Origin, PartFile

LONGEST_ASKED_WAIT = 900.0  # seconds; a server that requests a longer pause ends the download
AGENT = "dcgan-reproduction data_prep.download"  # some hosts refuse Python's own name
PAGE_STARTS = (b"<!doctype html", b"<html", b"<head", b"<body")
LOOKED_AT = 512  # first bytes that distinguish a page from data
ASK_LATER = (408, 425, 429)  # as well as 500 and above


class TemporaryFailure(Exception):  # noqa: N818 - no error yet
    """A request failed in a way that may pass.

    wait: seconds that the server requests. whole: request the whole file next time, not a range.
    """

    def __init__(self, reason: str, *, wait: float = 0.0, whole: bool = False) -> None:
        super().__init__(reason)
        self.wait = wait
        self.whole = whole


class PermanentFailure(Exception):  # noqa: N818
    """This address will not give the file, however often it is requested."""


class Transfer:
    """One address and the .part it fills.

    size: published length in bytes, if any. verifiable: whether the whole file can later be told
    from a cut-off one. announced: called with the length reported by the server, where no size is
    published. timeout: seconds without a byte. now: the clock, seconds since 1970.
    """

    def __init__(
        self,
        *,
        url: str,
        part: PartFile,
        size: int | None,
        verifiable: bool,
        announced: Callable[[int], None],
        timeout: float,
        now: Callable[[], float],
    ) -> None:
        self.url, self.part, self.size, self.verifiable = url, part, size, verifiable
        self.announced, self.timeout, self.now = announced, timeout, now
        self.host = urlsplit(url).netloc

    def attempt(self, *, whole: bool, bar: tqdm) -> None:
        """Send one request; returns when the .part is whole, raises one of the two failures if not.

        whole: request all of the file, not the rest. bar: shows the length of the .part.
        """
        part = self.part
        expected = self._expected()
        if part.size and part.size == expected:
            return
        ranged = part.size > 0 and not whole and (expected is None or part.size < expected)
        try:
            reply = self._open(ranged=ranged)
        except HTTPError as error:
            with error:
                there = _total_of_416(error.headers.get("Content-Range"))
                if error.code == 416 and there == part.size and expected is None:
                    return  # we requested bytes after the last one
                raise self._meaning(error) from None
        with reply:
            origin = self._usable_origin(reply)
            bar.total = origin.total or self.size
            self._receive(reply, origin=origin, bar=bar)
            end = self._expected()
            if end is None and not (self.verifiable or getattr(reply, "chunked", False)):
                raise PermanentFailure(
                    "the server does not say how long the file is, and neither size nor checksum "
                    "is published: we cannot tell whether it is complete"
                )
        if end is not None and part.size < end:
            raise TemporaryFailure(f"the connection ended after {part.size} of {end} bytes")

    def _expected(self) -> int | None:
        """Length of the whole file in bytes: as published, else as reported by the server."""
        if self.size is not None:
            return self.size
        return self.part.origin.total if self.part.origin else None

    def _open(self, *, ranged: bool) -> http.client.HTTPResponse:
        request = urllib.request.Request(self.url, headers={"User-Agent": AGENT})
        origin = self.part.origin
        if ranged:
            request.add_header("Range", f"bytes={self.part.size}-")
            if origin is not None and origin.url == self.url and origin.validator:
                request.add_header("If-Range", origin.validator)
        try:
            opener = urllib.request.build_opener()
            reply: http.client.HTTPResponse = opener.open(request, timeout=self.timeout)
            return reply
        except HTTPError:
            raise
        except (OSError, http.client.HTTPException) as error:
            reason = error.reason if isinstance(error, URLError) else error
            if isinstance(reason, ssl.SSLCertVerificationError):
                raise PermanentFailure(
                    f"host {self.host} cannot prove who it is ({reason})"
                ) from None
            within = f" within {self.timeout:.0f} s" if isinstance(reason, TimeoutError) else ""
            raise TemporaryFailure(f"host {self.host} does not answer{within} ({reason})") from None

    def _meaning(self, error: HTTPError) -> Exception:
        """Tell for a status of 300 and above whether trying again may help."""
        message = f"host {self.host} answers {error.code} {error.reason}"
        if error.code == 416:
            return TemporaryFailure(message, whole=True)
        if error.code < 500 and error.code not in ASK_LATER:
            return PermanentFailure(
                f"{message}: the file does not exist (any more), or is not public"
            )
        wait = _asked_wait(error.headers.get("Retry-After"), now=self.now())
        if wait > LONGEST_ASKED_WAIT:
            return PermanentFailure(
                f"{message} and asks to come back in {wait:.0f} s: start again then"
            )
        return TemporaryFailure(message, wait=wait)

    def _usable_origin(self, reply: http.client.HTTPResponse) -> Origin:
        """The file that the reply describes. TemporaryFailure where its body must not be used."""
        part, headers = self.part, reply.headers
        kind = headers.get("Content-Type", "of no stated type")
        total: int | None
        if reply.status == 206:
            given = headers.get("Content-Range")
            start, total = _content_range(given)
            if start != part.size:
                reason = f"requested bytes from {part.size}, the reply has Content-Range {given}"
                raise TemporaryFailure(reason, whole=True)
            if "html" in kind:
                raise TemporaryFailure("a page of HTML came in place of the rest", whole=True)
        elif reply.status == 200:
            length = headers.get("Content-Length", "")
            total = int(length) if length.isdecimal() else None
        else:
            raise TemporaryFailure(f"host {self.host} answers {reply.status} {reply.reason}")
        if self.size is not None and total is not None and total != self.size:
            raise TemporaryFailure(
                f"the reply has {total} bytes ({kind}), the published file {self.size}"
            )
        origin = Origin(
            url=self.url,
            etag=headers.get("ETag"),
            modified=headers.get("Last-Modified"),
            total=total,
        )
        if reply.status == 206 and part.origin is not None and part.origin.differs(origin):
            raise TemporaryFailure("the file on the server has changed", whole=True)
        if self.size is None and total is not None:
            self.announced(total)
        return origin

    def _receive(self, reply: http.client.HTTPResponse, *, origin: Origin, bar: tqdm) -> None:
        """Append the body; if the body starts from zero, existing bytes are compared, not kept."""
        part = self.part
        position = part.size if reply.status == 206 else 0
        for block in _blocks(reply):
            if position == 0 and is_page(block):
                raise TemporaryFailure("a page of HTML came in place of the file")
            if origin.total is not None and origin.total < part.size:
                self._begin_again(0, origin)
            there = block[: max(part.size - position, 0)]
            equal = part.equal_bytes(position, there) if there else 0
            if equal < len(there):
                self._begin_again(position + equal, origin)
            fresh = block[equal:]
            position += len(block)
            if fresh:
                if self.size is not None and part.size + len(fresh) > self.size:
                    raise TemporaryFailure(f"more than the published {self.size} bytes came")
                part.remember(origin)
                part.append(fresh)
            bar.update(part.size - bar.n)
        if position < part.size:
            raise TemporaryFailure(f"only {position} bytes came, {part.size} are there already")

    def _begin_again(self, keep: int, origin: Origin) -> None:
        """A new .part for another version; TemporaryFailure where the server names the same."""
        known = self.part.origin
        named = known is not None and known.has_validator and origin.has_validator
        same = named and known is not None and not known.differs(origin)
        if same or origin.total is None:
            raise TemporaryFailure(
                f"from byte {keep} on the server sent other bytes than {self.part.path} holds, "
                "although it names the same version (if this persists, delete that file)"
            )
        self.part.begin_again(keep)


def is_page(start: bytes) -> bool:
    """Whether a file begins like a page of HTML."""
    return start[:LOOKED_AT].lstrip().lower().startswith(PAGE_STARTS)


def _blocks(reply: http.client.HTTPResponse) -> Iterator[bytes]:
    """The body as it arrives; the first block has LOOKED_AT bytes where the body is long enough.

    Bytes received before a fault are yielded before TemporaryFailure is raised.
    """
    fault: Exception | None = None
    held, first = b"", True
    while fault is None:
        try:
            block = reply.read1(BLOCK)  # read() would lose what came before a broken connection
        except (OSError, http.client.HTTPException) as error:
            fault, block = error, b""
        held += block
        if first and block and len(held) < LOOKED_AT:
            continue
        first = False
        if held:
            yield held
            held = b""
        if not block:
            break
    if fault is not None:
        raise TemporaryFailure(f"the connection broke ({str(fault) or type(fault).__name__})")
    if reply.length:
        raise TemporaryFailure(f"the connection ended {reply.length} bytes too early")


def _content_range(text: str | None) -> tuple[int | None, int | None]:
    """First byte and total of "bytes 100-199/200"; None for missing values."""
    match = re.fullmatch(r"bytes (\d+)-\d+/(\d+|\*)", (text or "").strip())
    if not match:
        return None, None
    return int(match[1]), None if match[2] == "*" else int(match[2])


def _total_of_416(text: str | None) -> int | None:
    """Total of "bytes */200"."""
    match = re.fullmatch(r"bytes \*/(\d+)", (text or "").strip())
    return int(match[1]) if match else None


def _asked_wait(text: str | None, *, now: float) -> float:
    """Seconds of a Retry-After: a number, or a date; 0 where there is none."""
    if text is None:
        return 0.0
    if text.strip().isdecimal():
        return float(text)
    try:
        return max(email.utils.parsedate_to_datetime(text).timestamp() - now, 0.0)
    except ValueError:
        return 0.0
