"""A web site for tests that serves one file over real HTTP and misbehaves on demand."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any

PIECE_BYTES = 64 * 1024


class FileSite(ThreadingHTTPServer):
    """Serves `body` under every path that `files` does not name. Change the attributes to make it misbehave."""

    daemon_threads = True

    def __init__(self, body: bytes) -> None:
        super().__init__(("127.0.0.1", 0), _FileRequest)
        self.body = body
        self.files: dict[str, bytes] = {}
        """What is served under a path of its own; good at once, whatever is wrong with `body`."""
        self.cut_after_bytes: list[int] = []
        """For each of the next answers: after so many bytes the connection ends."""
        self.statuses: list[int] = []
        """For each of the next answers: the status sent instead of the file."""
        self.knows_range = True
        self.says_length = True
        self.length_lie_bytes = 0
        """What is added to the true length in what the site says."""
        self.range_lie_bytes = 0
        self.pause_s = 0.0
        """The pause between two pieces of 64 KiB."""
        self.ranges: list[str | None] = []
        """The Range header of every request so far."""

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}"


class _FileRequest(BaseHTTPRequestHandler):
    server: FileSite

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002  the base class's name
        pass

    def do_GET(self) -> None:
        site = self.server
        if content := site.files.get(self.path):
            self.send_response(200)
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)
            return
        asked = self.headers.get("Range")
        site.ranges.append(asked)
        if site.statuses:
            self.send_error(site.statuses.pop(0))
            return
        start = int(asked.removeprefix("bytes=").partition("-")[0]) if asked and site.knows_range else 0
        if start >= len(site.body) and start:
            self.send_error(416)
            return
        self._send_head(start, partial=bool(asked and site.knows_range))
        self._send_body(site.body[start:])

    def _send_head(self, start: int, *, partial: bool) -> None:
        site = self.server
        total = len(site.body) + site.length_lie_bytes
        self.send_response(206 if partial else 200)
        if partial:
            self.send_header("Content-Range", f"bytes {start + site.range_lie_bytes}-{total - 1}/{total}")
        if site.says_length:
            self.send_header("Content-Length", str(total - start))
        self.end_headers()

    def _send_body(self, body: bytes) -> None:
        site = self.server
        limit = site.cut_after_bytes.pop(0) if site.cut_after_bytes else len(body)
        try:
            for at in range(0, min(limit, len(body)), PIECE_BYTES):
                self.wfile.write(body[at : min(at + PIECE_BYTES, limit)])
                time.sleep(site.pause_s)
        except (BrokenPipeError, ConnectionResetError):
            self.close_connection = True


@contextmanager
def serving(body: bytes) -> Iterator[FileSite]:
    """Serve until the block ends."""
    with FileSite(body) as site:
        thread = Thread(target=site.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            yield site
        finally:
            site.shutdown()
            thread.join()
