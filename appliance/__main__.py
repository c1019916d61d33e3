"""The program: `undertone`, or `python -m appliance`."""

import os
import signal
import sys
from types import FrameType

EXIT_INTERRUPTED = 130
"""128 + SIGINT, as shells have it."""

ONE_THREAD = "OPENBLAS_NUM_THREADS"
"""NumPy's library would start a thread for each core, at once; our arrays are much too small for two."""

SIGNALS = (signal.SIGINT, signal.SIGTERM)


def main() -> int:
    """Run one subcommand and give its exit code; whatever sets no other rule for itself ends at once on a signal."""
    _on_signals(_end_at_once)
    os.environ.setdefault(ONE_THREAD, "1")
    # Half a second on a fast machine.
    from appliance.cli import carry_out, parsed  # noqa: PLC0415

    chosen = parsed(sys.argv[1:])
    try:
        _on_signals(signal.default_int_handler)
        return carry_out(chosen)
    except KeyboardInterrupt:
        return EXIT_INTERRUPTED
    finally:
        _on_signals(_end_at_once)


def _on_signals(handler: "signal._HANDLER") -> None:
    for number in SIGNALS:
        signal.signal(number, handler)


def _end_at_once(_number: int, _frame: FrameType | None) -> None:
    """End at once, while nothing runs yet or any more: imports, and Python's own end, do not outlive an exception."""
    os._exit(EXIT_INTERRUPTED)


if __name__ == "__main__":
    sys.exit(main())
