"""Downloads one file over HTTP, continuing where an earlier attempt, or an earlier run, was cut off (RFC 9110, 14)."""

import http.client
import re
import ssl
import time
import urllib.error
import urllib.request
from collections.abc import Callable
from http import HTTPStatus
from pathlib import Path
from typing import IO

from appliance.adapters.model_progress import Progress
from appliance.version import VERSION

CONNECT_TIMEOUT_S = 5.0  # a site that does not answer by then costs a newcomer's patience; another source is next
READ_TIMEOUT_S = 30.0  # a line that carries nothing for so long is dead
RETRY_DELAYS_S = (1.0, 2.0, 4.0, 8.0, 15.0)
CHUNK_BYTES = 256 * 1024
# An attempt that got so much further than any before starts the count of retries anew: a bad line gets there in the
# end, and a site that makes us start over again and again does not keep us for ever.
ADVANCE_BYTES = 64 * 1024
MAX_BYTES = 4 * 1024**3  # above the largest archive that any publisher of Vosk models offers

_WORTH_RETRYING = {HTTPStatus.REQUEST_TIMEOUT, HTTPStatus.TOO_EARLY, HTTPStatus.TOO_MANY_REQUESTS}


class SourceError(Exception):
    """This source cannot give the model; another one may."""


class _CutError(Exception):
    """The connection ended early; what has arrived is good."""


def download(
    url: str,
    part: Path,
    *,
    expected_bytes: int | None,
    progress: Progress,
    retry_delays_s: tuple[float, ...] = RETRY_DELAYS_S,
    sleep: Callable[[float], None] = time.sleep,
    tls: ssl.SSLContext | None = None,
) -> None:
    """Complete the file `part` with what stands at `url`; what it holds already is not asked for again.

    Retries while the source can be reached. Raises `SourceError` when it cannot be reached at all, refuses, offers a
    file of another size than `expected_bytes`, or fails too often; `part` then keeps what has arrived. `tls` is for a
    site that wants to know who we are.
    """
    failures = 0
    reached = False
    furthest_bytes = _size(part)
    while True:
        try:
            _continue(url, part, expected_bytes, progress, tls)
        except urllib.error.URLError as error:
            reason = _unless_worth_retrying(error, reached=reached)
        except (_CutError, http.client.HTTPException, ConnectionError, TimeoutError) as error:
            reason = str(error) or type(error).__name__
            reached = True
        else:
            return
        if _size(part) >= furthest_bytes + ADVANCE_BYTES:
            failures, furthest_bytes = 0, _size(part)
        if failures == len(retry_delays_s):
            raise SourceError(f"gave up after {failures + 1} attempts: {reason}")
        sleep(retry_delays_s[failures])
        failures += 1


def web_file(url: str, from_bytes: int = 0, tls: ssl.SSLContext | None = None) -> http.client.HTTPResponse:
    """Ask for a file, or for what follows `from_bytes` of it. Raises `URLError`; opens no local file."""
    headers = {"User-Agent": f"undertone/{VERSION}", "Accept-Encoding": "identity"}
    if from_bytes:
        headers["Range"] = f"bytes={from_bytes}-"
    request = urllib.request.Request(url, headers=headers)  # noqa: S310  the opener below knows http and https alone
    answer = _opener(tls).open(request)
    assert isinstance(answer, http.client.HTTPResponse)  # noqa: S101  what both handlers give
    return answer


def _unless_worth_retrying(error: urllib.error.URLError, *, reached: bool) -> str:
    if isinstance(error, urllib.error.HTTPError):
        error.close()
        if error.code < HTTPStatus.INTERNAL_SERVER_ERROR and error.code not in _WORTH_RETRYING:
            raise SourceError(f"the site answers {error.code} {error.reason}") from error
        return f"the site answers {error.code} {error.reason}"
    if not reached:
        raise SourceError(f"the site cannot be reached ({error.reason})") from error
    return str(error.reason)


def _continue(url: str, part: Path, expected_bytes: int | None, progress: Progress, tls: ssl.SSLContext | None) -> None:
    have_bytes = _size(part)
    if expected_bytes is not None and have_bytes == expected_bytes:
        return
    if have_bytes > (expected_bytes or MAX_BYTES):
        have_bytes = 0
    try:
        answer = web_file(url, have_bytes, tls)
    except urllib.error.HTTPError as error:
        if error.code != HTTPStatus.REQUESTED_RANGE_NOT_SATISFIABLE:
            raise
        error.close()
        _start_over(part, "the site refused to continue the download")
    with answer:
        from_bytes, total_bytes = _extent(answer)
        if from_bytes not in {0, have_bytes}:
            _start_over(part, "the site continued at another place than asked")
        if total_bytes is not None and expected_bytes is not None and total_bytes != expected_bytes:
            raise SourceError(f"the site offers a file of {total_bytes} bytes, not the {expected_bytes} expected")
        with part.open("r+b" if from_bytes else "wb") as file:
            file.seek(from_bytes)
            file.truncate()
            _receive(answer, file, total_bytes or expected_bytes, progress)


def _start_over(part: Path, reason: str) -> None:
    part.unlink(missing_ok=True)
    raise _CutError(reason)


def _receive(answer: http.client.HTTPResponse, file: IO[bytes], total_bytes: int | None, progress: Progress) -> None:
    done_bytes = file.tell()
    while chunk := answer.read(CHUNK_BYTES):
        done_bytes += len(chunk)
        if done_bytes > (total_bytes or MAX_BYTES):
            raise SourceError(f"the site sends more than the {total_bytes or MAX_BYTES} bytes expected")
        file.write(chunk)
        progress.show(done_bytes, total_bytes)
    if total_bytes is not None and done_bytes < total_bytes:
        raise _CutError(f"the connection was cut after {done_bytes} of {total_bytes} bytes")
    progress.finish(done_bytes)


def _extent(answer: http.client.HTTPResponse) -> tuple[int, int | None]:
    """Give where the body starts in the file and how long the file is, None when the site does not say."""
    if answer.status == HTTPStatus.PARTIAL_CONTENT:
        # RFC 9110, 14.4: Content-Range = "bytes" SP first-last "/" (complete-length / "*")
        found = re.fullmatch(r"bytes (\d+)-\d+/(\d+|\*)", answer.headers.get("Content-Range", ""))
        if not found:
            return -1, None
        return int(found[1]), None if found[2] == "*" else int(found[2])
    length = answer.headers.get("Content-Length", "")
    return 0, int(length) if length.isdecimal() else None


class _Connection(http.client.HTTPConnection):
    def connect(self) -> None:
        self.timeout = CONNECT_TIMEOUT_S
        super().connect()
        self.sock.settimeout(READ_TIMEOUT_S)


class _SecureConnection(http.client.HTTPSConnection):
    def connect(self) -> None:
        self.timeout = CONNECT_TIMEOUT_S
        super().connect()
        self.sock.settimeout(READ_TIMEOUT_S)


class _Http(urllib.request.HTTPHandler):
    def http_open(self, req: urllib.request.Request) -> http.client.HTTPResponse:
        return self.do_open(_Connection, req)


class _Https(urllib.request.HTTPSHandler):
    def __init__(self, tls: ssl.SSLContext | None) -> None:
        super().__init__()
        self._tls = tls

    def https_open(self, req: urllib.request.Request) -> http.client.HTTPResponse:
        return self.do_open(_SecureConnection, req, context=self._tls)


def _opener(tls: ssl.SSLContext | None) -> urllib.request.OpenerDirector:
    """Give an opener that follows redirects and obeys the proxies of the environment, and opens no local files."""
    opener = urllib.request.OpenerDirector()
    for handler in (
        urllib.request.ProxyHandler(),
        urllib.request.UnknownHandler(),
        urllib.request.HTTPDefaultErrorHandler(),
        urllib.request.HTTPRedirectHandler(),
        urllib.request.HTTPErrorProcessor(),
        _Http(),
        _Https(tls),
    ):
        opener.add_handler(handler)
    return opener


def _size(path: Path) -> int:
    return path.stat().st_size if path.exists() else 0
