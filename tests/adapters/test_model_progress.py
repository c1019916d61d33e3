import io

from appliance.adapters.model_progress import MEBIBYTE, Progress, describe


class Terminal(io.StringIO):
    """A stream that says it is a terminal."""

    def isatty(self) -> bool:
        return True


def test_a_log_gets_a_line_now_and_then() -> None:
    out, now_s = io.StringIO(), [0.0]
    progress = Progress("model.zip", out=out, monotonic_s=lambda: now_s[0])
    for second in range(25):
        now_s[0] = second
        progress.show(second * MEBIBYTE, 40 * MEBIBYTE)
    progress.finish(40 * MEBIBYTE)
    assert out.getvalue().splitlines() == [
        "model.zip: 10.0 of 40.0 MiB (25 %)",
        "model.zip: 20.0 of 40.0 MiB (50 %)",
        "model.zip: 40.0 of 40.0 MiB (100 %)",
    ]


def test_a_terminal_gets_a_bar_on_one_line() -> None:
    out = Terminal()
    progress = Progress("model.zip", out=out, monotonic_s=lambda: 0.0)
    progress.show(10 * MEBIBYTE, 20 * MEBIBYTE)
    progress.finish(20 * MEBIBYTE)
    half, whole = out.getvalue().split("\r")[1:]
    assert half == f"model.zip [{'#' * 15}{'.' * 15}] 10.0 of 20.0 MiB (50 %)\x1b[K"
    assert whole == f"model.zip [{'#' * 30}] 20.0 of 20.0 MiB (100 %)\x1b[K\n"


def test_a_length_that_nobody_knows_is_left_out() -> None:
    assert describe(3 * MEBIBYTE, None) == "3.0 MiB"
