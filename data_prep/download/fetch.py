"""One file over HTTP: resumed, retried, checked, and only then given its final name.

Requests (transfer.py) fill a .part next to the target (part_file.py) until it is whole; between
them are growing pauses with a seeded jitter, and every new byte resets the count of failures. The
whole .part is flushed to disk and renamed once its checksums match; a file that does not match is
kept aside as NAME.wrong.

Knows nothing about sources: source_files.py decides what to fetch. Alone: `fetch(urls=[URL],
target=Path(FILE), checksums={"sha256": ...})`.
"""

import shutil
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from pathlib import Path

from tqdm import tqdm

from data_prep.download.part_file import FetchError, PartFile
from data_prep.download.transfer import PermanentFailure, TemporaryFailure, Transfer
from repro.rng import generator

RETRIES, TIMEOUT = 8, 60.0  # failures in a row without a new byte; seconds without a byte
RETRIES_BEFORE_ANOTHER = 2  # of an address after which another one can be tried
FIRST_WAIT, LONGEST_WAIT = 1.0, 60.0  # seconds between requests: doubled each time, up to a minute


class WrongContentError(FetchError):
    """The file is whole, but not the published bytes: kept aside as NAME.wrong."""


def to_terminal(text: str) -> None:
    """Print a line to the standard error without breaking a progress bar."""
    tqdm.write(text, file=sys.stderr)


def fetch(
    *,
    urls: Sequence[str],
    target: Path,
    size: int | None = None,
    checksums: Mapping[str, str] | None = None,
    check: Callable[[Path], None] | None = None,
    retries: int = RETRIES,
    timeout: float = TIMEOUT,
    sleep: Callable[[float], None] = time.sleep,
    now: Callable[[], float] = time.time,
    report: Callable[[str], None] = to_terminal,
) -> Path:
    """Fetch one file to `target`, which must not exist yet.

    urls: addresses of the same bytes, tried in order, all but the last with little patience; one
    continues after the bytes of another, and begins from zero where these were wrong. size: bytes,
    where published. checksums: hashlib name -> hexadecimal digest; all must match. check: called
    with the whole .part where there is no checksum; it refuses the file by a ValueError.
    retries: failures in a row without a new byte before the last address is given up. timeout:
    seconds without a byte. sleep, now: the clock (seconds).

    Raises WrongContentError where the whole file is not the published one, and FetchError
    otherwise; the bytes received stay in the .part.
    """
    if target.exists():
        raise FetchError(f"{target}: exists already; it is not overwritten")
    target.parent.mkdir(parents=True, exist_ok=True)
    checksums = checksums or {}
    waiting, failed = list(urls), list[FetchError]()
    while waiting:
        url = waiting.pop(0)
        patience = min(retries, RETRIES_BEFORE_ANOTHER) if waiting else retries
        with PartFile(target, algorithms=checksums) as part:
            continued = part.size > 0
            transfer = _transfer(
                part, url, size=size, verifiable=bool(checksums or check), timeout=timeout, now=now
            )
            try:
                _fill(transfer, retries=patience, sleep=sleep, report=report)
                return _accepted(part, url=url, checksums=checksums, check=check)
            except FetchError as error:
                failed.append(error)
                if isinstance(error, WrongContentError) and continued and len(urls) > 1:
                    waiting.insert(0, url)  # the wrong bytes may be another address's
            except OSError as error:
                reason = error.strerror or str(error)
                raise FetchError(f"{part.path}: cannot be written ({reason}); it is kept") from None
        if waiting:
            report(f"{target.name}: {failed[-1]}\n{target.name}: tries {waiting[0]}")
    raise _failure(failed)


def _transfer(
    part: PartFile,
    url: str,
    *,
    size: int | None,
    verifiable: bool,
    timeout: float,
    now: Callable[[], float],
) -> Transfer:
    """The requests to one address, after a look whether the disk has room for the rest."""
    room = partial(_require_room, part)
    if size is not None:
        room(size)
    return Transfer(
        url=url,
        part=part,
        size=size,
        verifiable=verifiable,
        announced=room,
        timeout=timeout,
        now=now,
    )


def _failure(failed: Sequence[FetchError]) -> FetchError:
    """The errors of all addresses as one."""
    if len(failed) == 1:
        return failed[0]
    wrong = any(isinstance(error, WrongContentError) for error in failed)
    return (WrongContentError if wrong else FetchError)("\n".join(map(str, failed)))


def format_bytes(size: int) -> str:
    """Bytes in decimal units: 45922737680 -> "45.9 GB"."""
    number = float(size)
    for unit in ("bytes", "kB", "MB", "GB"):
        if number < 1000:
            return f"{number:.0f} {unit}" if unit == "bytes" else f"{number:.1f} {unit}"
        number /= 1000
    return f"{number:.1f} TB"


def require_free(folder: Path, *, needed: int, purpose: str) -> None:
    """Raises FetchError, with the room needed and the room free, where the disk is too full."""
    existing = next(place for place in (folder, *folder.absolute().parents) if place.exists())
    free = shutil.disk_usage(existing).free
    if needed > free:
        raise FetchError(
            f"{folder}: {purpose} needs {format_bytes(needed)} ({needed} bytes), but only "
            f"{format_bytes(free)} ({free} bytes) are free; make room or choose another folder"
        )


def _require_room(part: PartFile, total: int) -> None:
    needed = max(total - part.size, 0)
    purpose = f"the rest of {part.target.name}" if part.size else part.target.name
    require_free(part.target.parent, needed=needed, purpose=purpose)


def _fill(
    transfer: Transfer,
    *,
    retries: int,
    sleep: Callable[[float], None],
    report: Callable[[str], None],
) -> None:
    """Request until the .part is whole. Raises FetchError when the address is given up."""
    part, name = transfer.part, transfer.part.target.name
    failures, draws, whole = 0, 0, False
    with tqdm(
        total=transfer.size, initial=part.size, unit="B", unit_scale=True, desc=name, disable=None
    ) as bar:
        while True:
            before = part.size
            try:
                return transfer.attempt(whole=whole, bar=bar)
            except PermanentFailure as error:
                raise FetchError(f"{transfer.url}: {error}; {_kept(part)}") from None
            except TemporaryFailure as error:
                failures = 1 if part.size > before else failures + 1
                whole = error.whole
                part.flush()
                if failures > retries:
                    raise FetchError(
                        f"{transfer.url}: {error}; given up after {failures} requests without a "
                        f"new byte; {_kept(part)}"
                    ) from None
                jitter = generator(0, f"back-off {name}", draws).uniform(0.5, 1)
                draws += 1
                wait = max(min(FIRST_WAIT * 2 ** (failures - 1), LONGEST_WAIT) * jitter, error.wait)
                report(f"{name}: {error}; again in {wait:.1f} s ({failures} of {retries})")
                sleep(wait)


def _kept(part: PartFile) -> str:
    if not part.size:
        return "nothing has arrived"
    kept = format_bytes(part.size)
    return f"{kept} are kept in {part.path}: the same command continues from there"


def _accepted(
    part: PartFile,
    *,
    url: str,
    checksums: Mapping[str, str],
    check: Callable[[Path], None] | None,
) -> Path:
    """The target, once its bytes are the published ones; otherwise they go to NAME.wrong."""
    part.flush()
    found = {name: part.digest(name) for name in checksums}
    wrong = [name for name in checksums if found[name] != checksums[name].lower()]
    complaint = "; ".join(f"{n} {found[n]}, expected {checksums[n]}" for n in wrong)
    if not checksums and check is not None:
        try:
            check(part.path)
        except ValueError as error:
            complaint = str(error)
    if complaint:
        aside = part.reject()
        raise WrongContentError(
            f"{url}: all {part.size} bytes arrived, but not the published ones ({complaint}); they "
            f"are kept aside as {aside} and never used: look at them, then delete them. The same "
            "command begins from zero; where the same bytes come again, the server has another file"
        )
    return part.accept()
