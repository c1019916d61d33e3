import io

from appliance.models.adapt.progress import Progress


class Clock:
    """A clock that is put forward by hand."""

    def __init__(self) -> None:
        self.now_s = 0.0

    def __call__(self) -> float:
        return self.now_s


def test_the_time_left_follows_from_the_time_spent() -> None:
    out, clock = io.StringIO(), Clock()
    progress = Progress(out, clock)
    for done in range(1, 101):
        progress.tell("teaching", done, 100)
        clock.now_s += 4.0
    lines = out.getvalue().splitlines()
    assert lines[0] == "teaching: 4 of 100, about 6 min left"
    assert lines[-2] == "teaching: 97 of 100, about 12 s left"
    assert lines[-1] == "teaching: 100 of 100"


def test_a_new_thing_to_do_begins_anew() -> None:
    out, clock = io.StringIO(), Clock()
    progress = Progress(out, clock)
    for doing in ("reading", "judging"):
        for done in (1, 2):
            progress.tell(doing, done, 2)
            clock.now_s += 1.0
    assert out.getvalue().splitlines() == ["reading: 2 of 2", "judging: 2 of 2"]


def test_what_is_done_at_once_is_told_as_it_is() -> None:
    out = io.StringIO()
    Progress(out, Clock()).tell("before: divergence 1.200", 1, 1)
    assert out.getvalue() == "before: divergence 1.200\n"
