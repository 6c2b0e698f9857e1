"""A local HTTP server into which the tests of downloads inject faults.

Every request takes the next fault of `faults`; when none is left the server behaves. A fault is a
function of (request, file) that answers in its own way.
"""

import re
import threading
import time
from collections.abc import Callable
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

PAGE = b"<!DOCTYPE html><html><body>Too many people want this file today.</body></html>" * 20


@dataclass
class Served:
    """A file on the server and what the server says of it."""

    data: bytes
    etag: str | None = '"one"'
    modified: str | None = None


@dataclass
class FaultyServer:
    """files: path -> Served. seen: (path, Range, If-Range) of every request. sent: body bytes."""

    address: str = ""
    files: dict[str, Served] = field(default_factory=dict)
    faults: list[Callable] = field(default_factory=list)
    seen: list[tuple[str, str | None, str | None]] = field(default_factory=list)
    sent: int = 0

    def url(self, path):
        return f"{self.address}{path}"


@contextmanager
def faulty_server():
    state = FaultyServer()

    class Handler(_Handler):
        server_state = state

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True)
    thread.start()
    state.address = f"http://127.0.0.1:{server.server_port}"
    try:
        yield state
    finally:
        server.shutdown()
        server.server_close()


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server_state: FaultyServer

    def log_message(self, *words):
        pass

    def do_GET(self):
        state = self.server_state
        state.seen.append((self.path, self.headers["Range"], self.headers["If-Range"]))
        fault = state.faults.pop(0) if state.faults else well
        self.close_connection = True
        if self.path in state.files:
            fault(self, state.files[self.path])
        else:
            self.head(404, {"Content-Length": 0})

    def head(self, status, headers):
        self.send_response(status)
        for name, value in {**headers, "Connection": "close"}.items():
            if value is not None:
                self.send_header(name, str(value))
        self.end_headers()

    def body(self, data):
        # counted first: a client that has all bytes may ask before this thread continues
        self.server_state.sent += len(data)
        self.wfile.write(data)

    def start(self, file):
        """First byte requested: 0 where there is no Range or If-Range names another version."""
        match = re.fullmatch(r"bytes=(\d+)-", self.headers["Range"] or "")
        condition = self.headers["If-Range"]
        changed = condition is not None and condition not in (file.etag, file.modified)
        return 0 if match is None or changed else int(match[1])


def _reply(request, file, *, start, data=None, **headers):
    """Status and headers of a good answer from `start` on; returns the body to send."""
    body = (file.data if data is None else data)[start:]
    said = {"ETag": file.etag, "Last-Modified": file.modified, "Content-Length": len(body)}
    if start:
        said["Content-Range"] = f"bytes {start}-{len(file.data) - 1}/{len(file.data)}"
    request.head(206 if start else 200, said | headers)
    return body


def well(request, file):
    """No fault: ranges are honoured."""
    start = request.start(file)
    if start >= len(file.data) > 0:
        request.head(416, {"Content-Range": f"bytes */{len(file.data)}", "Content-Length": 0})
    else:
        request.body(_reply(request, file, start=start))


def drop(count, *, ranges=True):
    """The connection ends after `count` bytes of the body."""

    def fault(request, file):
        request.body(_reply(request, file, start=request.start(file) if ranges else 0)[:count])

    return fault


def ignore_range(request, file):
    """200 and the whole file, whatever was requested."""
    request.body(_reply(request, file, start=0))


def wrong_range(text):
    """206 with another Content-Range than requested, and other bytes."""

    def fault(request, file):
        body = _reply(request, file, start=max(request.start(file), 1), **{"Content-Range": text})
        request.body(bytes(len(body)))

    return fault


def ignore_condition(request, file):
    """206 though If-Range names another version."""
    start = int(re.fullmatch(r"bytes=(\d+)-", request.headers["Range"])[1])
    request.body(_reply(request, file, start=start))


def send(data, *, status=200, **headers):
    """Another body, with headers such as content_type="text/html"."""

    def fault(request, file):
        said = {name.replace("_", "-").title(): value for name, value in headers.items()}
        request.head(status, {"Content-Length": len(data)} | said)
        request.body(data)

    return fault


def status(code, **headers):
    """An empty answer with that status."""
    return send(b"", status=code, **headers)


def scrambled(request, file):
    """Right headers, right length, wrong bytes from the requested start."""
    other = bytes(byte ^ 0xFF for byte in file.data)
    request.body(_reply(request, file, start=request.start(file), data=other))


def stall(count, *, seconds=1.5):
    """`count` bytes, then silence."""

    def fault(request, file):
        request.body(_reply(request, file, start=request.start(file))[:count])
        request.wfile.flush()
        time.sleep(seconds)

    return fault


def chunked(count=None):
    """No Content-Length: chunks, cut off after `count` bytes where given."""

    def fault(request, file):
        body = file.data[:count]
        request.head(200, {"ETag": file.etag, "Transfer-Encoding": "chunked"})
        for start in range(0, len(body), 4000):
            piece = body[start : start + 4000]
            request.wfile.write(b"%x\r\n%s\r\n" % (len(piece), piece))
        if count is None:
            request.wfile.write(b"0\r\n\r\n")

    return fault


def without_length(count=None):
    """Neither length nor chunks: the end of the connection is the end of the body."""

    def fault(request, file):
        request.head(200, {"ETag": file.etag})
        request.body(file.data[:count])

    return fault
