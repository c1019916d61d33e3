"""What is said in the tests: short events, and one call that escalates."""

from typing import Any

from appliance.delivery.messages import Envelope
from appliance.event_json import to_builtins
from appliance.events import (
    Alert,
    AlertChanged,
    CallContext,
    CallEnded,
    CallStarted,
    Event,
    Evidence,
    Gap,
    Notice,
    PhraseHit,
    StressMeasured,
    TalkMeasured,
    Utterance,
    Word,
)


def started(sample: int = 0, language: str = "en") -> CallStarted:
    return CallStarted(
        who="both", start_sample=sample, end_sample=sample, line="recording", language=language, band="narrow",
        engine="moonshine", model="tiny-en", rules="v1",
    )  # fmt: skip


def said(text: str, number: int = 1, who: Any = "caller", start_s: float = 1.0, end_s: float = 2.0) -> Utterance:
    return Utterance(who=who, number=number, text=text, words=(), **span(start_s, end_s))


def ended(at_s: float = 10.0) -> CallEnded:
    return CallEnded(who="both", reason="on_hook", **span(at_s, at_s))


def enveloped(seq: int, event: Event | dict[str, Any], call: str = "c1") -> Envelope:
    fields = event if isinstance(event, dict) else to_builtins(event)
    at = f"2026-03-01T09:00:{seq % 60:02d}.000Z"
    return Envelope(seq=seq, call=call, occurred_at=at, heard_at=at, clock_synchronised=True, event=fields)


def dispute() -> list[Event]:
    """Give a call that escalates: both voices, phrases, a gap, a notice, and three alerts of which one is withdrawn."""
    first = spoken(
        "Thank you for calling Northwind Energy. My name is Laura. How can I help you?", 1, "agent", 1.5, 7.6
    )
    asked = spoken("I am calling about my bill. It went up a lot and I do not understand why.", 1, "caller", 8.1, 15.9)
    sorry = spoken("I am sorry about that. Let me look at your account.", 2, "agent", 16.4, 22.3)
    angry = spoken("This is ridiculous. I have been waiting for twenty minutes.", 2, "caller", 48.9, 54.2, -0.62)
    calm = spoken("I understand that you are upset. Let me see what I can do.", 3, "agent", 53.6, 58.7)
    leave = spoken(
        "I want to speak to your supervisor right now, or I will cancel my account.", 3, "caller", 59.2, 65.5
    )
    return [
        started(),
        Notice(who="both", start_sample=0, end_sample=0, code="narrow_band", text="The line is a narrow one."),
        first, asked, sorry,
        Gap(who="caller", **span(26.0, 29.5), reason="recognizer_lost"),
        angry, hit(angry, "impatience", "waiting for twenty minutes"),
        alert(1, "long_wait", "attention", angry, "waiting for twenty minutes", "Apologise for the wait."),
        calm,
        alert(2, "threat", "urgent", calm, "you are upset", tentative=True),
        changed(2, "threat", "withdrawn", 59.0),
        leave, hit(leave, "supervisor", "speak to your supervisor"), hit(leave, "cancel", "cancel my account"),
        alert(3, "asks_for_supervisor", "urgent", leave, "speak to your supervisor", "Bring the supervisor in."),
    ]  # fmt: skip


def measured() -> list[Event]:
    """Give what is measured beside the words of a call in which the caller gets angry: voice, mood, talk, context."""
    card = spoken("yes it is [card 16 digits] thanks", 4, "caller", 66, 70)
    return [
        CallContext(who="caller", tier="gold", queued_s=340.0, **span(0.0, 0.0)),
        stress(2.0, None, reason="too little speech"),
        *(stress(float(at), 0.2) for at in range(9, 16)),
        stress(49.0, 0.45), stress(50.0, 0.64, "raised", "pitch +2.0 semitones above own start"),
        stress(51.0, 0.83, "high", "pitch +4.1 semitones above own start", "+1.2 syllables a second above own start"),
        stress(52.0, 0.88, "high", "pitch +4.6 semitones above own start", "voice +3.0 dB sharper above own start"),
        stress(53.0, 0.7, "high", "voice +3.0 dB sharper above own start"),
        *(stress(float(at), 0.9, "high", "pitch +5.0 semitones above own start") for at in range(60, 66)),
        stress(67.0, 0.3),
        of_voice(4, 52.0), card,
        talk("agent", 0.42, 142.0), talk("caller", 0.58, 181.0, interruptions=2),
    ]  # fmt: skip


def stress(at_s: float, score: float | None, level: Any = "calm", *drivers: str, reason: str = "") -> StressMeasured:
    return StressMeasured(
        who="caller", score=score, confidence=0.8, level=level, drivers=drivers, reason=reason, **span(at_s, at_s)
    )


def talk(who: Any, share: float, rate: float, interruptions: int = 0) -> TalkMeasured:
    return TalkMeasured(
        who=who, speech_s=60 * share, talk_share=share, overtalk_s=1.6, interruptions=interruptions,
        longest_silence_s=19.4, words_per_min=rate, **span(0, 70),
    )  # fmt: skip


def of_voice(number: int, at_s: float) -> Alert:
    """Give an alert of the voice alone, raised while no words were recognised."""
    text = "stress 0.88 for 2.0 s (pitch +4.6 semitones above own start)"
    start, end = round((at_s - 2) * 16_000), round(at_s * 16_000)
    return Alert(
        who="caller", alert=number, rule="furious", level="urgent", suggest="Slow down.", start_sample=start,
        end_sample=end, since_sample=start, explanation=f"Voice: {text}. The words are missing.", missing=("words",),
        call_for="the supervisor on duty",
        evidence=(Evidence("caller", "stress", text, start, end, "voice", 0.88, 0.8),),
    )  # fmt: skip


def spoken(text: str, number: int, who: Any, start_s: float, end_s: float, sentiment: float | None = None) -> Utterance:
    """Give an utterance whose words lie evenly in its time."""
    tokens = text.lower().replace(".", "").replace(",", "").replace("?", "").split()
    step = (end_s - start_s) / len(tokens)
    words = tuple(word(token, start_s + at * step, start_s + (at + 1) * step) for at, token in enumerate(tokens))
    return Utterance(
        who=who, number=number, text=text, words=words, sentiment=sentiment, sentiment_trend=sentiment,
        **span(start_s, end_s),
    )  # fmt: skip


def hit(utterance: Utterance, phrase: str, text: str) -> PhraseHit:
    words = said_words(utterance, text)
    return PhraseHit(
        who=utterance.who, phrase=phrase, text=text, utterance=utterance.number,
        start_sample=words[0].start_sample, end_sample=words[-1].end_sample,
    )  # fmt: skip


def alert(
    number: int, rule: str, level: Any, utterance: Utterance, text: str, suggest: str = "", *, tentative: bool = False
) -> Alert:
    words = said_words(utterance, text)
    start, end = words[0].start_sample, words[-1].end_sample
    evidence = (Evidence(who=utterance.who, phrase=rule, text=text, start_sample=start, end_sample=end),)
    return Alert(
        who=utterance.who, alert=number, rule=rule, level=level, evidence=evidence, suggest=suggest,
        tentative=tentative, start_sample=start, end_sample=end,
    )  # fmt: skip


def changed(number: int, rule: str, change: Any, at_s: float) -> AlertChanged:
    return AlertChanged(who="both", alert=number, rule=rule, change=change, level="urgent", **span(at_s, at_s))


def word(text: str, start_s: float, end_s: float) -> Word:
    return Word(text=text, start_sample=round(start_s * 16_000), end_sample=round(end_s * 16_000))


def said_words(utterance: Utterance, text: str) -> tuple[Word, ...]:
    wanted = text.split()
    texts = [word.text for word in utterance.words]
    at = next(at for at in range(len(texts)) if texts[at : at + len(wanted)] == wanted)
    return utterance.words[at : at + len(wanted)]


def span(start_s: float, end_s: float) -> dict[str, int]:
    return {"start_sample": round(start_s * 16_000), "end_sample": round(end_s * 16_000)}
