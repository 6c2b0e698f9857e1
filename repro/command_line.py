"""Shared by all commands: how they end, and the options that have the same meaning in each.

Where in the flow: around every step. A command is a function `main(argv)` whose parser comes from
`new_parser`; all that start it (`python -m repro`, `python -m repro.train`, an experiment's
measure.py) call `run_main`:

    exit status 0      done
                1      an ExpectedError, an OSError or no memory: reported in one line, no traceback
                2      an invalid command line
                130    interrupted (Ctrl-C)
                143    a training that was asked to end (SIGTERM) and has saved its state

Flags that several commands share: --data for a prepared dataset, --raw for a folder of raw data,
--out for the output, --spec for a step's JSON file, --state for unfinished work, --seed, --device,
--threads of the numerical libraries (rounding may depend on it), --workers in parallel (the result
does not depend on it). This module imports only the standard library, so that the list of commands
appears at once.
"""

import argparse
import contextlib
import errno
import math
import os
import stat
import sys
from collections.abc import Callable
from pathlib import Path

from repro.errors import ExpectedError

CONSOLE = "dcgan"  # the console command, as in pyproject.toml
INTERRUPTED = 130  # 128 + SIGINT, as in shells
OUT_OF_MEMORY = ("DefaultCPUAllocator: ", "out of memory")  # PyTorch's, of a CPU and of a GPU
DEVICES = ("auto", "cpu", "cuda", "mps")


def run_main(main: Callable[[list[str] | None], None], argv: list[str] | None = None) -> None:
    """Call `main(argv)`; argv: the command line without the program, None for sys.argv.

    Raises SystemExit with the exit status above for the user's errors; lets other errors pass.
    """
    try:
        main(argv)
        sys.stdout.flush()
    except KeyboardInterrupt as interrupt:
        print(f"\n{str(interrupt) or 'stopped'}", file=sys.stderr)
        sys.exit(getattr(interrupt, "status", INTERRUPTED))
    except BrokenPipeError:  # the reader of the output has gone, e.g. `| head`
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(1)
    except (ExpectedError, OSError) as error:
        said = f"error: {error_message(error)}"
        if _of_a_full_disk(error) or _log_is_full():
            _print_to_nearest_listener(said)
        sys.exit(said)
    except MemoryError as error:
        sys.exit(_no_memory(error))
    except RuntimeError as error:
        if any(text in str(error) for text in OUT_OF_MEMORY):
            sys.exit(_no_memory(error))
        # what Python before 3.13 raises for a link to itself
        if not str(error).startswith("Symlink loop"):
            _lest_it_be_lost(error)
            raise
        sys.exit(f"error: {error}")
    except Exception as error:
        _lest_it_be_lost(error)
        raise


def error_message(error: Exception) -> str:
    """The message of an error; for one that the system raised, the file comes first."""
    if isinstance(error, OSError) and error.filename is not None and error.strerror:
        return f"{os.fsdecode(error.filename)}: {error.strerror.lower()}"
    return str(error)


def _no_memory(error: Exception) -> str:
    reason = (str(error).splitlines() or [""])[0]
    return (
        f"error: memory is used up{f' ({reason})' if reason else ''}; use a smaller minibatch "
        "or fewer --workers, or end other programs; a damaged file may also request far more than "
        "it contains"
    )


def _of_a_full_disk(error: BaseException | None) -> bool:
    """Whether an error, or one from which it was raised, is due to a full disk or quota."""
    while error is not None:
        full = getattr(error, "errno", None) in (errno.ENOSPC, errno.EDQUOT)
        if full or getattr(error, "lost_in_a_log", False):
            return True
        error = error.__cause__
    return False


def _log_is_full() -> bool:
    """Whether the standard error is a file on a disk without room."""
    with contextlib.suppress(OSError, ValueError, AttributeError):
        number = sys.stderr.fileno()
        return stat.S_ISREG(os.fstat(number).st_mode) and os.fstatvfs(number).f_bavail == 0
    return False


def _lest_it_be_lost(error: Exception) -> None:
    """Report a bug of ours elsewhere where its traceback cannot be written."""
    if _log_is_full():
        _print_to_nearest_listener(
            f"error: {error!r}; the disk of its log is full: make room there"
        )


def _print_to_nearest_listener(text: str) -> None:
    """Print to the nearest parent process with another standard error, or to a terminal.

    The steps of the pipeline, and all processes of a training, write into a log on the disk that is
    full; Snakemake's own standard error is elsewhere.
    """
    process = os.getppid()
    with contextlib.suppress(OSError, ValueError):
        own = os.fstat(sys.stderr.fileno())
        while process > 1:
            if not os.path.samestat(os.stat(f"/proc/{process}/fd/2"), own) and _could_write(
                process, text
            ):
                return
            status = Path(f"/proc/{process}/stat").read_text(encoding="utf-8", errors="replace")
            process = int(status.rpartition(")")[2].split()[1])  # its parent
    with contextlib.suppress(OSError), open("/dev/tty", "a", encoding="utf-8") as stream:
        print(text, file=stream)


def _could_write(process: int, text: str) -> bool:
    """Whether the text could be written to the standard error of a process."""
    try:
        place = f"/proc/{process}/fd/2"
        with open(place, "a", encoding="utf-8", errors="replace") as stream:
            print(text, file=stream)
    except OSError:  # a socket, or a closed one
        return False
    return True


def program(command: str) -> str:
    """How a command was started: `python -m repro NAME`, `dcgan NAME`, `python -m` its module."""
    if Path(sys.argv[0]).name == CONSOLE:
        return f"{CONSOLE} {command}"
    started = getattr(sys.modules["__main__"], "__spec__", None)
    module = started.name.removesuffix(".__main__") if started else ""
    return f"python -m {module}" if "." in module else f"python -m repro {command}"


def new_parser(
    command: str, about: str | None, *, epilog: str | None = None
) -> argparse.ArgumentParser:
    """A parser named as the command was started; about: text that is shown unchanged."""
    return argparse.ArgumentParser(
        prog=program(command),
        description=about,
        epilog=epilog,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )


def add_seed(parser: argparse.ArgumentParser) -> None:
    """Add --seed, by default 42: the seed of the authors' code."""
    parser.add_argument(
        "--seed", type=natural, default=42, help="of all draws (default %(default)s)"
    )


def add_device(parser: argparse.ArgumentParser) -> None:
    """Add --device, with the names of `repro.devices.chosen_device`."""
    parser.add_argument(
        "--device",
        choices=DEVICES,
        default="auto",
        help="default %(default)s: a GPU where there is one",
    )


def add_threads(parser: argparse.ArgumentParser, default: int | None = None) -> None:
    """Add --threads of the numerical libraries."""
    words = "PyTorch's choice" if default is None else "%(default)s"
    parser.add_argument(
        "--threads",
        type=at_least_one,
        default=default,
        metavar="N",
        help=f"CPU threads; rounding may depend on their number (default: {words})",
    )


def add_workers(parser: argparse.ArgumentParser, what: str, *, default: int = 2) -> None:
    """Add --workers: the number of `what` that work in parallel."""
    parser.add_argument(
        "--workers",
        type=at_least_one,
        default=default,
        metavar="N",
        help=f"{what} side by side; the result does not depend on it (default: %(default)s)",
    )


def file_to_write(text: str) -> Path:
    """A writable file, for `type=`: not a folder, and in an existing folder."""
    path = Path(text)
    if path.is_dir():
        raise argparse.ArgumentTypeError(f"found the folder '{text}', expected a file to write")
    if not path.absolute().parent.is_dir():
        raise argparse.ArgumentTypeError(f"'{text}': no folder '{path.parent}'; make it first")
    return path


def above_zero(text: str) -> float:
    """A finite number above 0, for `type=`."""
    with contextlib.suppress(ValueError):
        if 0 < float(text) < math.inf:
            return float(text)
    raise argparse.ArgumentTypeError(f"found '{text}', expected a number above 0")


def at_least_one(text: str) -> int:
    """A whole number from 1, for `type=`."""
    if not text.isdecimal() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"found '{text}', expected a whole number from 1")
    return int(text)


def natural(text: str) -> int:
    """A whole number from 0, for `type=`."""
    if not text.isdecimal():
        raise argparse.ArgumentTypeError(f"found '{text}', expected a whole number from 0")
    return int(text)
