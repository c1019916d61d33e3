"""Rules, and calls of a ladder by what is said and when."""

from collections.abc import Sequence

from appliance.escalation.conditions import Said
from appliance.escalation.ladder import Ladder
from appliance.escalation.rules import Rule
from appliance.events import SAMPLE_RATE_HZ, Alert, AlertChanged
from appliance.language.phrases import Match


def one(*phrases: str, count: int = 1, within_s: float = 0.0) -> tuple[Said, ...]:
    return (Said(phrases, count, within_s),)


SUPERVISOR = Rule(
    "wants_supervisor", "urgent", one("supervisor"), off_delay_s=30, reason="Supervisor", suggest="Offer it."
)
LATCHED = Rule("cancels", "urgent", one("cancel"), off_delay_s=30, latch=True, reason="Cancels")
WAITS = Rule("waits", "attention", one("hold"), off_delay_s=10, reason="Waits")
REPEATS = Rule("repeats", "attention", one("again", count=2, within_s=60), off_delay_s=5)
PERSISTS = Rule("persists", "attention", one("hold", within_s=20), on_delay_s=10, off_delay_s=5)


def at(time_s: float) -> int:
    return round(time_s * SAMPLE_RATE_HZ)


def hit(phrase: str, time_s: float = 0.0) -> Match:
    return Match(phrase, phrase + " words", 0, 1, at(time_s), at(time_s) + 100)


class Call:
    """A ladder told in seconds; each step gives what changed as short words."""

    def __init__(self, *rules: Rule) -> None:
        self.ladder = Ladder(rules)

    def partial(self, time_s: float, *phrases: str, utterance: int = 1) -> list[str]:
        return self._hear(time_s, phrases, utterance, final=False)

    def final(self, time_s: float, *phrases: str, utterance: int = 1) -> list[str]:
        return self._hear(time_s, phrases, utterance, final=True)

    def wait(self, time_s: float) -> list[str]:
        return told(self.ladder.receive_time(at(time_s)))

    def acknowledge(self, time_s: float, alert: int = 1) -> list[str]:
        return told(self.ladder.acknowledge(alert, at(time_s)))

    def _hear(self, time_s: float, phrases: Sequence[str], utterance: int, *, final: bool) -> list[str]:
        hits = [hit(phrase, time_s) for phrase in phrases]
        return told(self.ladder.receive_hits("caller", utterance, hits, final=final, now_sample=at(time_s)))


def told(events: Sequence[Alert | AlertChanged]) -> list[str]:
    return [
        f"{event.alert} {event.rule} "
        + (("tentative" if event.tentative else "raised") if isinstance(event, Alert) else event.change)
        for event in events
    ]
