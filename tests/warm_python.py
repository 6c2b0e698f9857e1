"""A Python that has imported the libraries already: `python -m MODULE` starts in milliseconds.

A step of the pipeline spends 1 to 6 seconds on importing torch, pandas and matplotlib, and a run of
config/tiny.yaml starts ninety of them. `warm_python` starts a server that imports these libraries,
none of the project's modules, and returns a stand-in for `python`. For `-m MODULE WORDS` the
stand-in passes its folder, environment and open files on to the server, which forks a process that
runs the module there, and kills it when the stand-in is killed; for anything else the stand-in
becomes the real interpreter. The server ends with the process that started it. Linux only.

What differs from a real start: processes have one hash seed in common, and reports of memory begin
with the libraries'. So two runs that are compared have a server each, and
test_hostile_environment.py makes an experiment with the real interpreter; `make faults` makes all.
"""

import atexit
import contextlib
import gc
import importlib
import json
import os
import random
import runpy
import select
import signal
import socket
import subprocess
import sys
import threading
import traceback
from collections.abc import Iterator
from pathlib import Path
from typing import Any

LIBRARIES = (
    "cv2", "jinja2", "lmdb", "markdown", "matplotlib.figure", "numpy", "pandas", "PIL.Image",
    "pydantic", "safetensors.torch", "scipy.optimize", "scipy.stats", "simplejpeg", "sklearn.svm",
    "snakemake.cli", "torch._dynamo", "tqdm", "yaml",
)  # fmt: skip
STAND_IN = """\
#!{python} -IS
import json, os, signal, socket, sys
words = sys.argv[1:]
if words[:2] == ["-u", "-m"]:  # as torchrun starts its processes
    words = words[1:]
if words[:1] != ["-m"]:
    os.execv({python!r}, [{python!r}, *words])
numbers = (signal.SIGINT, signal.SIGTERM)
signal.pthread_sigmask(signal.SIG_BLOCK, numbers)  # until there is a process to pass them on to
request = {{"words": words[1:], "folder": os.getcwd(), "environment": dict(os.environ)}}
request["ignored"] = [n for n in numbers if signal.getsignal(n) is signal.SIG_IGN]
with socket.socket(socket.AF_UNIX) as server:
    server.connect({address!r})
    message = json.dumps(request).encode()
    socket.send_fds(server, [len(message).to_bytes(8, "big")], [0, 1, 2])
    server.sendall(message)
    process = int.from_bytes(server.recv(8), "big")
    def passed_on(number, _):
        try:
            os.kill(process, number)
        except ProcessLookupError:
            pass  # it has just ended
    for number in set(numbers) - set(request["ignored"]):
        signal.signal(number, passed_on)
    signal.pthread_sigmask(signal.SIG_UNBLOCK, numbers)
    status = server.recv(8)
sys.exit(int.from_bytes(status, "big") if status else 1)
"""


@contextlib.contextmanager
def warm_python(folder: Path) -> Iterator[Path]:
    """The path of the stand-in, `folder`/python, while its server is up."""
    address, stand_in = folder / "server", folder / "python"
    command = [sys.executable, __file__, str(address), str(stand_in)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as server:
        assert server.stdout is not None
        assert server.stdout.readline() == b"ready\n"
        stand_in.write_text(STAND_IN.format(python=sys.executable, address=str(address)))
        stand_in.chmod(0o755)
        yield stand_in
        server.communicate()  # the end of its input ends it


def serve(address: str) -> dict[str, Any]:
    """Answer until the input ends; returns in the processes that are to run a module."""
    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind(address)
        listening.listen(64)
        print("ready", flush=True)
        while True:
            ready, _, _ = select.select([sys.stdin, listening], [], [])
            with contextlib.suppress(ChildProcessError):
                while os.waitpid(-1, os.WNOHANG) != (0, 0):  # so that their seconds are counted
                    pass
            if sys.stdin in ready:
                sys.exit()
            connection, _ = listening.accept()
            if os.fork() == 0:
                break
            connection.close()
    return _attended(connection)


def _attended(connection: socket.socket) -> dict[str, Any]:
    """Fork once more: one process waits for the other, and tells the stand-in how it ended."""
    size, files, _, _ = socket.recv_fds(connection, 8, 3)
    with connection.makefile("rb") as stream:
        request: dict[str, Any] = json.loads(stream.read(int.from_bytes(size, "big")))
    process = os.fork()
    if process:
        connection.sendall(process.to_bytes(8, "big"))
        status = _ended(process, connection)
        with contextlib.suppress(BrokenPipeError):
            connection.sendall((status if status >= 0 else 128 - status).to_bytes(8, "big"))
        os._exit(0)
    connection.close()
    for number, file in enumerate(files):
        os.dup2(file, number)
        os.close(file)
    return request


def _ended(process: int, connection: socket.socket) -> int:
    """The exit status of a process, which is killed if the stand-in is."""
    end = os.pidfd_open(process)
    if end not in select.select([end, connection], [], [])[0]:
        os.kill(process, signal.SIGKILL)
    return os.waitstatus_to_exitcode(os.waitpid(process, 0)[1])


def run(words: list[str], folder: str, environment: dict[str, str], ignored: list[int]) -> None:
    """As `python -m WORDS` in the folder, with that environment and nothing else.

    ignored: signals that the stand-in ignores; a server in the background may ignore others.
    """
    handlers = {signal.SIGINT: signal.default_int_handler, signal.SIGTERM: signal.SIG_DFL}
    for number, handler in handlers.items():
        signal.signal(number, signal.SIG_IGN if number in ignored else handler)
    os.chdir(folder)
    os.environ.clear()
    os.environ.update(environment)
    own = [] if environment.get("PYTHONSAFEPATH") else [folder]
    sys.path[:1] = [*own, *filter(None, environment.get("PYTHONPATH", "").split(os.pathsep))]
    sys.argv = words  # runpy puts the module's path into the first place
    random.seed()
    sys.modules["numpy"].random.seed()
    runpy.run_module(words[0], run_name="__main__", alter_sys=True)


def leave(status: object) -> None:
    """End as the interpreter does, but without taking the libraries apart, which takes seconds."""
    for number in (signal.SIGINT, signal.SIGTERM):  # one more while it ends changes nothing
        signal.signal(number, signal.SIG_IGN)
    threading._shutdown()  # type: ignore[attr-defined]  # waits for threads, as at any end
    atexit._run_exitfuncs()
    if status is not None and not isinstance(status, int):
        print(status, file=sys.stderr)
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(status & 0xFF if isinstance(status, int) else int(status is not None))


if __name__ == "__main__":
    for library in LIBRARIES:
        importlib.import_module(library)
    gc.freeze()  # what is there now is never looked through, and so not copied, by the forks
    given = serve(sys.argv[1])
    sys.executable = sys.argv[2]
    try:
        run(**given)
    except SystemExit as end:
        leave(end.code)
    except BaseException:
        traceback.print_exc()
        leave(1)
    leave(None)
