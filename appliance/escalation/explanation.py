"""Say for people why an alert was raised: which channel spoke, and what the others said meanwhile.

A polite sentence said in fury and an angry one said calmly must not look alike: whoever reads the alert learns whether
the voice or the words told, and that the other one did not.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from appliance.escalation.cues import Reading
from appliance.events import Channel, Evidence, Who

NAMES: Final[dict[Channel, str]] = {"words": "words", "voice": "voice", "talk": "who spoke when", "call": "this call"}

CALM_BELOW: Final = 0.4
TENSE_FROM: Final = 0.6
"""Of stress: where the level "raised" ends and where it begins, see `speech/stress.py`."""

FRIENDLY: Final = 0.2
UNFRIENDLY: Final = -0.2
"""Between these a sentence is called neither: near the middle the measure is often wrong."""


@dataclass(frozen=True, slots=True)
class Known:
    """What is known at `now_sample`: the newest reading of each cue by its name and side, and whether words fail."""

    now_sample: int
    readings: Mapping[tuple[str, Who], Reading]
    words_missing: bool = False

    def value(self, cue: str, who: Who) -> float | None:
        """Give the value of a cue now, None when it is not known."""
        reading = self.readings.get((cue, who))
        return None if reading is None else reading.value_at(self.now_sample)


def explanation(evidence: Sequence[Evidence], known: Known) -> str:
    """Give a few sentences, such as "Voice: stress 0.83 for 2.0 s. The words are friendly (sentiment 0.40)."."""
    spoke: dict[Channel, list[str]] = {}
    for item in evidence:
        quoted = item.channel == "words" and item.value is None
        spoke.setdefault(item.channel, []).append(f'"{item.text}"' if quoted else item.text)
    told = [f"{NAMES[channel].capitalize()}: {', '.join(texts)}." for channel, texts in spoke.items()]
    sides = {item.who for item in evidence if item.who != "both"}
    who: Who = sides.pop() if len(sides) == 1 else "caller"
    if "words" not in spoke:
        told.append(_of_the_words(who, known))
    elif "voice" not in spoke:
        told.append(_of_the_voice(who, known))
    return " ".join(filter(None, told))


def _of_the_words(who: Who, known: Known) -> str:
    if known.words_missing:
        return "The words are missing: nothing could be recognised."
    sentiment = known.value("sentiment", who)
    if sentiment is None:
        return ""
    manner = "friendly" if sentiment >= FRIENDLY else "unfriendly" if sentiment <= UNFRIENDLY else "neutral"
    return f"The words are {manner} (sentiment {sentiment:.2f})."


def _of_the_voice(who: Who, known: Known) -> str:
    stress = known.value("stress", who)
    if stress is None:
        return ""
    manner = "calm" if stress < CALM_BELOW else "tense" if stress >= TENSE_FROM else "a little tense"
    return f"The voice is {manner} (stress {stress:.2f})."
