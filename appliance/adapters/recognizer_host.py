"""The process that holds a speech model and forks the workers that recognise with it.

A speech engine may abort its process on an input that it does not expect; then one worker dies, and the next one is
forked from the host within milliseconds, because the model is already in memory. The workers share the host's memory,
so that a second one costs no second model.

Run as `python -m appliance.adapters.recognizer_host ENGINE MODEL_FOLDER warm|cold CONTROL_FD`. The control socket
carries `READY` to the device when the model is loaded, and then one socket from the device for each worker that it
wants. A worker says first which process it is (its number, in `LENGTH_BYTES`), and ends when its socket is closed, the
host when the control socket is.
"""

import array
import os
import signal
import socket
import sys
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import BinaryIO, Final

import msgspec

from appliance.events import Word
from appliance.speech.recognizer import EndUtterance, Hear, Hypothesis, Look, Pause, Recognizer, Request

READY: Final = b"ready"
FORK: Final = b"fork"
WARM: Final = "warm"
COLD: Final = "cold"
"""Without having heard anything before the first call: soonest done where nobody waits for the single words."""

LENGTH_BYTES: Final = 4
"""Each message is preceded by its length, little-endian."""

_requests: msgspec.msgpack.Decoder[Request] = msgspec.msgpack.Decoder(Request)


def pack(message: Request | Hypothesis) -> bytes:
    """Give a message as it travels between the device and a worker."""
    body = msgspec.msgpack.encode(message)
    return len(body).to_bytes(LENGTH_BYTES, "little") + body


def main(arguments: list[str]) -> None:
    """Hold the model and fork workers until the device closes the control socket."""
    engine, folder, manner, descriptor = arguments
    new_recognizer = _prepare(engine, Path(folder), warm=manner == WARM)
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)
    control = socket.socket(fileno=int(descriptor))
    with suppress(ConnectionError):  # the device may be gone by now
        control.sendall(READY)
    while (line := _receive_socket(control)) is not None:
        if os.fork() == 0:
            control.close()
            signal.signal(signal.SIGCHLD, signal.SIG_DFL)  # a worker waits for its copies (process_copy)
            with suppress(ConnectionError):  # the device was killed
                line.sendall(os.getpid().to_bytes(LENGTH_BYTES, "little"))
                _serve(line, new_recognizer())
            # Nothing of the host's may run again in its child: no exit handlers, no flush of shared buffers.
            os._exit(0)
        line.close()
    # Nobody but us waits for the workers. As their ends are ignored, this returns when the last one is gone.
    with suppress(ChildProcessError):
        os.wait()
    # The system takes back a model's memory at once; freeing it piece by piece takes a good part of a second.
    os._exit(0)


def _prepare(engine: str, folder: Path, *, warm: bool) -> Callable[[], Recognizer]:
    """Load what can be shared across a fork; give the function that makes a worker's recognizer."""
    if engine == "vosk":
        from appliance.adapters import vosk_engine  # noqa: PLC0415 - loads the engine's library
        from appliance.adapters.warm_up import warm_up  # noqa: PLC0415 - only this engine learns

        recognizer = vosk_engine.VoskRecognizer(vosk_engine.load(folder))
        if warm:
            warm_up(recognizer)
        return lambda: recognizer

    from appliance.adapters import moonshine_engine  # noqa: PLC0415 - an extra that a box may lack

    if not _survives(lambda: moonshine_engine.load(folder)):
        sys.exit(1)
    return lambda: moonshine_engine.MoonshineRecognizer(moonshine_engine.load(folder))


def _survives(load: Callable[[], object]) -> bool:
    """Try in a process of its own whether a model can be loaded, before anybody is promised that it can."""
    child = os.fork()
    if child == 0:
        with suppress(Exception):
            load()
            os._exit(0)
        os._exit(1)
    return os.waitpid(child, 0)[1] == 0


def _receive_socket(control: socket.socket) -> socket.socket | None:
    """Wait for the next worker's socket; None when the device is gone."""
    size = array.array("i").itemsize
    try:
        _, ancillary, _, _ = control.recvmsg(len(FORK), socket.CMSG_LEN(size))
    except ConnectionError:
        return None
    for level, kind, data in ancillary:
        if (level, kind) == (socket.SOL_SOCKET, socket.SCM_RIGHTS):
            return socket.socket(fileno=array.array("i", data[:size])[0])
    return None


def _serve(line: socket.socket, recognizer: Recognizer) -> None:
    stream = line.makefile("rb")
    until_sample = 0
    while (request := _receive_request(stream)) is not None:
        words: tuple[Word, ...] | None
        match request:
            case Hear():
                until_sample = request.sample + len(request.pcm) // 2
                words = recognizer.hear(request.sample, request.pcm, wants_partial=request.wants_partial)
            case Pause():
                words = recognizer.pause()
            case Look():
                words = recognizer.look()
            case EndUtterance():
                words = recognizer.end_utterance()
        final, ahead = isinstance(request, EndUtterance), isinstance(request, Look)
        line.sendall(pack(Hypothesis(request.utterance, final, until_sample, words, ahead)))


def _receive_request(stream: BinaryIO) -> Request | None:
    """Wait for the next request; None when the device is gone, perhaps in the middle of one."""
    head = stream.read(LENGTH_BYTES)
    size = int.from_bytes(head, "little")
    body = stream.read(size)
    return _requests.decode(body) if len(head) == LENGTH_BYTES and len(body) == size else None


if __name__ == "__main__":
    main(sys.argv[1:])
