"""The contract of a line: calls that begin and end, each a stream of frames with their positions.

A line is a recording, a sound card, a SIPREC server or a tap on the network. It may run for years and have several
calls at once. What it knows of a call it says in `LineCall`; what is wrong with the line itself it reports to the
device, which shows it.
"""

from collections.abc import AsyncGenerator, AsyncIterator, Callable
from dataclasses import dataclass
from typing import Literal, NamedTuple, Protocol

from appliance.adapters.capture import Capture
from appliance.events import Band, Event, Identity
from appliance.indicator.patterns import Fault
from appliance.session import EndReason
from appliance.speech.frames import Frame, Lost, Side, Withheld

Step = tuple[Frame | Lost | Withheld | Event, ...]
"""What a line gives at a time, in the order of media time for each side: usually one frame of each.

A hole is a `Lost` and the positions of that side go on behind it. Audio that was made up to conceal a loss comes as
frames, beside a `Gap` that declares it. While the line is muted the time of a call goes on as `Withheld`, of all its
sides alike. Other events are those that only the line can know, such as a notice.
"""

LineKind = Literal["recording", "sound_card", "siprec", "rtp_tap"]


@dataclass
class LineCall:
    """One call of a line, from off hook (position 0 of each side) to on hook.

    `steps` is taken once, by one reader, and ends when the call does; then `ended` says how. `band` is what the line
    says that it carries, until it is measured. `lockstep`: the steps wait for whoever takes them, so that nothing is
    ever missed; otherwise they come at the pace of the line.
    """

    sides: tuple[Side, ...]
    band: Band
    steps: AsyncIterator[Step]
    identity: Identity | None = None
    lockstep: bool = False
    ended: EndReason = "on_hook"


class Trouble(NamedTuple):
    """Something that is wrong with the line itself; `text` says for people what it is and how it is mended."""

    fault: Fault
    text: str


Report = Callable[[tuple[Trouble, ...]], None]
"""Takes all that is wrong with the line now, in place of what was reported before; empty when it is well."""


Sign = Callable[[], None]
"""Takes a sign of life; called up to a hundred times a second."""


def unseen() -> None:
    """Take a sign of life to which nobody looks."""


class Line(Protocol):
    """Where the calls come from. `band` is what its calls usually carry: the model for it is loaded at start.

    `on_sign` is called at each sign that the line works, from the first moment at which it can hear a call: audio,
    packets, a turn of its timers, and also each look in vain for something that is gone, once that was reported: a
    device that shows what is wrong has nothing to gain from being started again. Whoever runs the line sets it.
    """

    on_sign: Sign
    busy: str
    """Why it must take no new call, set by whoever runs it; empty otherwise. A line that cannot refuse lets it be."""

    @property
    def kind(self) -> LineKind:
        """Give the word for it in the settings."""

    @property
    def capture(self) -> Capture:
        """Give what mutes this line, and tells whether it captures."""

    @property
    def band(self) -> Band:
        """See the class."""

    def calls(self, report: Report) -> AsyncGenerator[LineCall, None]:
        """Give each call as it begins, until the line has no more.

        To close the generator, or to cancel whoever waits for it, hangs up: calls that are still on end within a
        second.
        """


async def only_call(line: Line) -> LineCall:
    """Give the first call of a line that has but one."""
    return await anext(line.calls(lambda _: None))
