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
from typing import BinaryIO, Final, NoReturn

import msgspec

from appliance.events import Word
from appliance.speech.recognizer import EndUtterance, Hear, Hypothesis, Look, Pause, Recognizer, Request

READY: Final = b"ready"
FORK: Final = b"fork"
WARM: Final = "warm"
COLD: Final = "cold"
"""For a recording that only its end is waited for: nothing is heard before it, and each look ahead is awaited."""

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
    control = socket.socket(fileno=int(descriptor))
    new_recognizer, ready = _prepare(engine, Path(folder), control, warm=manner == WARM)
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)
    with suppress(ConnectionError):  # the device may be gone by now
        control.sendall(READY)
    while (line := _receive_socket(control)) is not None:
        if not (ready and _pass(line, ready)) and os.fork() == 0:
            _work(line, control, new_recognizer)
        if ready:
            ready.close()
            ready = None
        line.close()
    if ready:
        ready.close()
    # Nobody but us waits for the workers. As their ends are ignored, this returns when the last one is gone.
    with suppress(ChildProcessError):
        os.wait()
    # The system takes back a model's memory at once; freeing it piece by piece takes a good part of a second.
    os._exit(0)


def _work(line: socket.socket, control: socket.socket, new_recognizer: Callable[[], Recognizer]) -> NoReturn:
    """Be a worker, in a process of its own."""
    control.close()
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)  # a worker waits for its copies (process_copy)
    with suppress(ConnectionError):  # the device was killed
        line.sendall(os.getpid().to_bytes(LENGTH_BYTES, "little"))
        _serve(line, new_recognizer())
    # Nothing of the host's may run again in its child: no exit handlers, no flush of shared buffers.
    os._exit(0)


def _prepare(
    engine: str, folder: Path, control: socket.socket, *, warm: bool
) -> tuple[Callable[[], Recognizer], socket.socket | None]:
    """Load what can be shared across a fork; give what makes a worker's recognizer, and a worker that waits already."""
    if engine == "vosk":
        from appliance.adapters import vosk_engine  # noqa: PLC0415 - loads the engine's library
        from appliance.adapters.warm_up import warm_up  # noqa: PLC0415 - only this engine learns

        look_timeout_s = vosk_engine.LOOK_TIMEOUT_S if warm else vosk_engine.PATIENT_LOOK_S
        recognizer = vosk_engine.VoskRecognizer(vosk_engine.load(folder), look_timeout_s)
        if warm:
            warm_up(recognizer)
        return lambda: recognizer, None

    from appliance.adapters import moonshine_engine  # noqa: PLC0415 - an extra that a box may lack

    def load() -> Recognizer:
        return moonshine_engine.MoonshineRecognizer(moonshine_engine.load(folder))

    ready = _first_worker(control, load)
    if ready is None:
        sys.exit(1)
    return load, ready


def _first_worker(control: socket.socket, load: Callable[[], Recognizer]) -> socket.socket | None:
    """Fork a worker that loads its model now; give where it takes its line, or None: the model cannot be loaded.

    So that nobody is promised a model that ends the process it is loaded in; and it is not loaded for that alone.
    """
    ours, theirs = socket.socketpair()
    if os.fork() == 0:
        ours.close()
        with suppress(Exception):
            recognizer = load()
            theirs.sendall(READY)
            if line := _receive_socket(theirs):
                _work(line, control, lambda: recognizer)
        os._exit(1)
    theirs.close()
    return ours if ours.recv(len(READY)) == READY else None


def _pass(line: socket.socket, worker: socket.socket) -> bool:
    """Give its line to a worker that waits for it; tells whether it was still there."""
    with suppress(ConnectionError):
        socket.send_fds(worker, [FORK], [line.fileno()])
        return True
    return False


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
