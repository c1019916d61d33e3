"""The program: `undertone`, or `python -m appliance`."""

import signal
import sys

EXIT_INTERRUPTED = 130
"""128 + SIGINT, as shells have it."""


def main() -> int:
    """Run one subcommand and give its exit code; whatever sets no other rule for itself ends at once on a signal."""
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        # Half a second on a fast machine, and Ctrl-C in it must not end in a traceback either.
        from appliance.cli import main as run_subcommand  # noqa: PLC0415

        return run_subcommand()
    except KeyboardInterrupt:
        return EXIT_INTERRUPTED


if __name__ == "__main__":
    sys.exit(main())
