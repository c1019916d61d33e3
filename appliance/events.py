"""Every word of the system: what happened in a call, as frozen values.

An event is a fact that is kept: it goes to the outbox, to the central server and into `replay`. Anything that only
the newest value of matters (a partial hypothesis, the light) is not an event.

Media time counts samples at `SAMPLE_RATE_HZ` from the beginning of the call, whatever the line's own rate is. The
JSON of an event carries the same times in seconds as well (`start_s`, `end_s`), derived, so that nobody has to know
the rate. An event holds nothing that changes from run to run: the same call gives the same bytes.
"""

from typing import Final, Literal

import msgspec

SAMPLE_RATE_HZ: Final = 16_000

Who = Literal["agent", "caller", "both"]
"""Whose voice: the near end (agent), the far end (caller), or the call as a whole (both)."""

Level = Literal["normal", "attention", "urgent"]
"""What the ladder asks of the people around the agent, least first."""

Tension = Literal["calm", "raised", "high"]
"""How a voice sounds, least tense first."""

Channel = Literal["words", "voice", "talk", "call"]
"""What told: what was said, how it sounded, who spoke when, or what is known of the call as a whole."""

Band = Literal["narrow", "wide"]
"""What a line carries or a model hears: narrow is 300-3400 Hz, wide reaches 7 kHz and more."""


LineGap = Literal["line_overrun", "line_lost", "packets_lost"]
"""Why audio of the line is missing: the box took it too late, the line was gone, or the network lost it."""


class Word(msgspec.Struct, frozen=True, omit_defaults=True):
    """One recognised word.

    `confidence` is the engine's own, 0 to 1, and absent where the engine gives none. `estimated` marks times that
    were laid over the utterance by word length because the engine gives none.
    """

    text: str
    start_sample: int
    end_sample: int
    confidence: float | None = None
    estimated: bool = False


class Evidence(msgspec.Struct, frozen=True, omit_defaults=True):
    """Why an alert was raised: the words that were said, or what was measured, of whom and when.

    Of words `phrase` names the phrase and `text` is what was said. Of a measure `phrase` names the cue, `text` says
    for people what was found, and `value` and `limit` are the number and the threshold that it has passed.
    """

    who: Who
    phrase: str
    text: str
    start_sample: int
    end_sample: int
    channel: Channel = "words"
    value: float | None = None
    limit: float | None = None


class _Span(msgspec.Struct, frozen=True, kw_only=True):
    """Every event lies somewhere in media time; an instant has equal ends."""

    who: Who
    start_sample: int
    end_sample: int


class Identity(msgspec.Struct, frozen=True, omit_defaults=True):
    """Who is on the call, as far as its line tells; empty texts are not known.

    `agent` and `caller` name the two ends (a number, an extension, an address), `call_id` is the telephone system's own
    name of the call. `more` keeps whatever else was told, by its own names.
    """

    agent: str = ""
    caller: str = ""
    call_id: str = ""
    more: dict[str, str] = {}


class CallStarted(_Span, frozen=True, kw_only=True, tag="call_started"):
    """The line went off hook. `engine` and `model` are empty when nothing can recognise this line.

    `line` is the kind of the line, `identity` who is on it; None where the line cannot tell.
    """

    line: str
    language: str
    band: Band
    engine: str
    model: str
    rules: str
    identity: Identity | None = None


class BandMeasured(_Span, frozen=True, kw_only=True, tag="band"):
    """What a side carries was measured on its speech, for the first time or anew.

    `model` listens to the side from its next utterance on; it is empty when nothing hears that band.
    """

    band: Band
    model: str


class Utterance(_Span, frozen=True, kw_only=True, tag="utterance"):
    """One stretch of speech and the final words heard in it, secrets already taken out.

    `number` counts the utterances of this side from 1. `sentiment` is what these words say, -1 (bad) to 1 (good), and
    `sentiment_trend` the same over what the side said lately; None where it is not known, or not asked for.
    """

    number: int
    text: str
    words: tuple[Word, ...]
    sentiment: float | None = None
    sentiment_trend: float | None = None


class StressMeasured(_Span, frozen=True, kw_only=True, tag="stress"):
    """How tense a voice sounded in this span, 0 (calm) to 1, with the confidence 0 to 1 and what drove it.

    A `score` of None with its `reason` says that it cannot be known; it is told once, when it begins.
    """

    score: float | None
    confidence: float
    level: Tension
    drivers: tuple[str, ...] = ()
    reason: str = ""


class TalkMeasured(_Span, frozen=True, kw_only=True, tag="talk"):
    """How one side has spoken since the call began: facts, not feelings. Told now and then, and at the end.

    `speech_s` is how long it spoke and `talk_share` its part of all speech, 0 to 1, None before anybody spoke;
    `overtalk_s` how long both spoke at once; `interruptions` how often this side began while the other one spoke;
    `words_per_min` is its rate while it speaks, None without words; `longest_silence_s` of both.
    """

    speech_s: float
    talk_share: float | None
    overtalk_s: float
    interruptions: int
    longest_silence_s: float
    words_per_min: float | None = None


class CallContext(_Span, frozen=True, kw_only=True, tag="context"):
    """What the server knows of the caller: a tier such as "gold", and how long the caller waited in the queue."""

    tier: str = ""
    queued_s: float | None = None


class PhraseHit(_Span, frozen=True, kw_only=True, tag="phrase"):
    """A phrase of the rule pack was said, by the final words of `utterance`.

    `confidence` is the recognizer's in the words that bear the meaning, 0 to 1, None where it gives none; `reason`
    says for people which pattern it was, and what stood for what.
    """

    phrase: str
    text: str
    utterance: int
    confidence: float | None = None
    reason: str = ""


class Alert(_Span, frozen=True, kw_only=True, tag="alert"):
    """A rule raised an alert. `tentative`: on words that the utterance's final hypothesis has yet to confirm.

    `since_sample` is from when on the rule's condition has held, `explanation` says for people which channels spoke,
    `suggest` and `call_for` what the agent may do and whom to call. `missing` names channels of which nothing was
    known then: "words" while the recognizer is down. `snooze_s` is for how long a person may put it off, 0 for not at
    all.
    """

    alert: int
    rule: str
    level: Level
    evidence: tuple[Evidence, ...]
    suggest: str = ""
    tentative: bool = False
    since_sample: int = 0
    reason: str = ""
    explanation: str = ""
    call_for: str = ""
    missing: tuple[Channel, ...] = ()
    snooze_s: float = 0.0


class AlertChanged(_Span, frozen=True, kw_only=True, tag="alert_changed"):
    """What became of alert number `alert`.

    `confirmed`: the final words agree with a tentative alert. `withdrawn`: they do not, it never counted.
    `acknowledged`: a person has seen it. `snoozed`: a person wants to be reminded of it; `returned`: that time is over
    and it still stands. `cleared`: its condition has been gone for its off-delay.
    """

    alert: int
    rule: str
    change: Literal["confirmed", "withdrawn", "acknowledged", "snoozed", "returned", "cleared"]
    level: Level


class Gap(_Span, frozen=True, kw_only=True, tag="gap"):
    """What was said in this span is not known: silence and "not heard" are never confused."""

    reason: Literal["recognizer_lost", "recognizer_behind", "outbox_full"] | LineGap


class Muted(_Span, frozen=True, kw_only=True, tag="muted"):
    """The box was muted by hand: nothing of this span was captured. Told when the span ends.

    It is time that has passed, and neither silence nor something that was lost.
    """


class Paused(_Span, frozen=True, kw_only=True, tag="paused"):
    """The central server had this call not listened to, while card data were told for example. As `Muted` otherwise."""


class Hold(_Span, frozen=True, kw_only=True, tag="hold"):
    """Music, or tones like it, came from this side in this span and was kept from the recognizer: it is no speech.

    Told as soon as it is found (`over` false, to then), and when something else is heard again or the call ends (`over`
    true, with the same `start_sample`).
    """

    what: Literal["music"]
    over: bool


class KeyPressed(_Span, frozen=True, kw_only=True, tag="key"):
    """A telephone key was pressed, and told by the line beside the voice.

    `key` is one of 0-9, *, # and A-D, and empty unless the settings allow to keep it: keys are card numbers and PINs.
    """

    key: str = ""


class Notice(_Span, frozen=True, kw_only=True, tag="notice"):
    """Something that limits what the box can know of this call, in words for people."""

    code: str
    text: str


UNKNOWN_SPEAKER: Final = "unknown_speaker"
"""The code of a notice that nobody can tell for sure whose voice is whose: the agent's may stand as the caller's."""


class CallEnded(_Span, frozen=True, kw_only=True, tag="call_ended"):
    """The line went on hook, or the device stopped in the middle of the call (`interrupted`)."""

    reason: Literal["on_hook", "line_lost", "stopped", "interrupted"]


Event = (
    CallStarted
    | BandMeasured
    | Utterance
    | PhraseHit
    | StressMeasured
    | TalkMeasured
    | CallContext
    | Alert
    | AlertChanged
    | Gap
    | Muted
    | Paused
    | Hold
    | KeyPressed
    | Notice
    | CallEnded
)


def seconds(sample: int) -> float:
    """Give media time in seconds, to the tenth of a millisecond."""
    return round(sample / SAMPLE_RATE_HZ, 4)
