"""Rules on what is measured, alone and with words; each told in seconds. At the end, what must hold for any of them."""

from collections.abc import Sequence

import pytest

from appliance.escalation.conditions import Measured, OneOf, Said
from appliance.escalation.cues import Reading
from appliance.escalation.ladder import Ladder
from appliance.escalation.rules import Rule
from appliance.events import SAMPLE_RATE_HZ, Alert, AlertChanged

from .ladder_calls import at, hit, told

FURIOUS = Rule(
    "furious",
    "urgent",
    (Measured("stress", "caller", at_least=0.8, deadband=0.2, for_s=2),),
    off_delay_s=5,
    min_repeat_s=20,
    snooze_s=30,
    reason="Furious",
    call_for="the supervisor",
)
BOTH = Rule(
    "both",
    "urgent",
    (Measured("stress", "caller", at_least=0.6), Said(("insult",), within_s=5)),
    off_delay_s=5,
)
EITHER = Rule(
    "either",
    "attention",
    any=(Measured("stress", "caller", at_least=0.9), Said(("insult",)), Measured("sentiment", "caller", at_most=-0.5)),
    off_delay_s=5,
)
SILENT = Rule("silent", "attention", (Measured("silence_s", at_least=8),), off_delay_s=1)
VALUED = Rule("valued", "attention", (OneOf("tier", ("gold",)), Measured("queued_s", at_least=300)), off_delay_s=1)


class Call:
    """A ladder told in seconds; time passes in tenths, as in a call."""

    def __init__(self, *rules: Rule) -> None:
        self.ladder = Ladder(rules)
        self.alerts: list[Alert] = []
        self._now = 0

    def voice(self, time_s: float, score: float | None, note: str = "") -> list[str]:
        return self.read(Reading("stress", "caller", at(time_s), score, note=note))

    def words(self, time_s: float, *phrases: str, final: bool = True, utterance: int = 1) -> list[str]:
        before = self.until(time_s)
        hits = [hit(phrase, time_s) for phrase in phrases]
        changed = self.ladder.receive_hits("caller", utterance, hits, final=final, now_sample=at(time_s))
        return [*before, *self._noted(changed)]

    def read(self, reading: Reading) -> list[str]:
        before = self.until(reading.at_sample / SAMPLE_RATE_HZ - 0.01)
        self.ladder.receive_reading(reading)
        return [*before, *self._noted(self.ladder.receive_time(reading.at_sample))]

    def until(self, time_s: float) -> list[str]:
        changed: list[str] = []
        while self._now < at(time_s):
            self._now = min(self._now + SAMPLE_RATE_HZ // 10, at(time_s))
            changed += self._noted(self.ladder.receive_time(self._now))
        return changed

    def _noted(self, changed: Sequence[Alert | AlertChanged]) -> list[str]:
        self.alerts += [event for event in changed if isinstance(event, Alert)]
        return told(changed)


def speak(call: Call, from_s: int, to_s: int, score: float) -> list[str]:
    """Let the voice be measured once a second."""
    return [change for second in range(from_s, to_s) for change in call.voice(second, score)]


def test_a_voice_past_its_threshold_for_long_enough_raises_with_its_numbers_and_reasons() -> None:
    call = Call(FURIOUS)
    assert call.voice(10, 0.85, "pitch +4.1 semitones above own start") == []
    assert call.voice(11, 0.9, "faster") == []
    assert call.voice(12, 0.9, "faster") == ["1 furious raised"]
    (alert,) = call.alerts
    (evidence,) = alert.evidence
    assert (evidence.channel, evidence.phrase, evidence.value, evidence.limit) == ("voice", "stress", 0.9, 0.8)
    assert evidence.text == "stress 0.90 for 2.0 s (faster)"
    assert (evidence.start_sample, evidence.end_sample, alert.since_sample) == (at(10), at(12), at(12))
    assert alert.explanation == "Voice: stress 0.90 for 2.0 s (faster)."
    assert (alert.who, alert.call_for, alert.tentative, alert.reason) == ("caller", "the supervisor", False, "Furious")


def test_within_the_deadband_it_stands_and_below_it_clears_after_the_off_delay() -> None:
    call = Call(FURIOUS)
    speak(call, 10, 13, 0.85)
    assert speak(call, 13, 25, 0.65) == []
    assert speak(call, 25, 31, 0.5) == ["1 furious cleared"]


def test_a_single_high_measure_is_not_enough() -> None:
    call = Call(FURIOUS)
    assert speak(call, 10, 12, 0.9) + speak(call, 12, 30, 0.3) == []


def test_a_voice_that_was_last_measured_seconds_ago_says_nothing() -> None:
    call = Call(FURIOUS)
    speak(call, 10, 13, 0.9)
    assert call.until(20.9) == []
    assert call.until(21.2) == ["1 furious cleared"]


def test_what_cannot_be_known_holds_no_condition() -> None:
    call = Call(Rule("calm", "attention", (Measured("stress", "caller", at_most=0.5),), off_delay_s=1))
    assert call.voice(1, None) + call.until(60) == []
    assert call.voice(61, 0.2) == ["1 calm raised"]


def test_another_speakers_voice_does_not_count() -> None:
    call = Call(Rule("tense", "attention", (Measured("stress", "caller", at_least=0.5),)))
    assert call.read(Reading("stress", "agent", at(1), 0.9)) == []


def test_a_rule_is_quiet_for_its_minimum_repeat_time() -> None:
    call = Call(FURIOUS)
    speak(call, 10, 13, 0.9)
    assert speak(call, 13, 20, 0.3) == ["1 furious cleared"]
    assert speak(call, 20, 32, 0.9) == []
    assert call.voice(32, 0.9) == ["2 furious raised"]


def test_a_rule_that_needs_both_waits_for_both_and_stands_on_the_words_until_they_are_final() -> None:
    call = Call(BOTH)
    assert call.words(1, "insult", utterance=1) == []
    assert call.voice(7, 0.7) == []
    assert call.words(8, "insult", final=False, utterance=2) == ["1 both tentative"]
    assert call.words(9, utterance=2) == ["1 both withdrawn"]
    assert call.voice(10, 0.7) + call.words(11, "insult", utterance=3) == ["2 both raised"]
    assert {item.channel for item in call.alerts[-1].evidence} == {"voice", "words"}


def test_of_a_rule_that_is_content_with_either_words_that_are_taken_back_leave_what_the_voice_said() -> None:
    call = Call(EITHER)
    call.voice(1, 0.95)
    (alert,) = call.alerts
    assert alert.tentative is False
    assert call.words(2, "insult", final=False) + call.words(3) == []


def test_a_polite_sentence_in_fury_and_an_angry_one_in_a_calm_voice_say_which_channel_spoke() -> None:
    polite, angry = Call(EITHER), Call(EITHER)
    polite.read(Reading("sentiment", "caller", at(1), 0.6))
    polite.voice(2, 0.95, "louder")
    angry.voice(1, 0.1)
    angry.read(Reading("sentiment", "caller", at(2), -0.7))
    assert polite.alerts[0].explanation == "Voice: stress 0.95 (louder). The words are friendly (sentiment 0.60)."
    assert angry.alerts[0].explanation == "Words: sentiment -0.70. The voice is calm (stress 0.10)."


def test_without_words_the_voice_goes_on_and_the_alert_says_that_words_are_missing() -> None:
    call = Call(EITHER)
    call.read(Reading("words_missing_s", "both", at(10), counts_from=at(5)))
    call.voice(12, 0.95)
    (alert,) = call.alerts
    assert alert.missing == ("words",)
    assert alert.explanation == "Voice: stress 0.95. The words are missing: nothing could be recognised."
    again = Call(EITHER)
    again.read(Reading("words_missing_s", "both", at(10), counts_from=at(5)))
    again.read(Reading("words_missing_s", "both", at(11)))
    again.voice(12, 0.95)
    assert again.alerts[0].missing == ()


def test_a_clock_counts_on_by_itself() -> None:
    call = Call(SILENT)
    call.read(Reading("silence_s", "both", at(20), counts_from=at(19)))
    assert call.until(26.9) == []
    assert call.until(27) == ["1 silent raised"]
    assert call.alerts[0].evidence[0].text == "silence for 8 s"
    assert call.alerts[0].evidence[0].start_sample == at(19)
    assert call.read(Reading("silence_s", "both", at(30), 0.0)) + call.until(31.1) == ["1 silent cleared"]


@pytest.mark.parametrize(("tier", "raised"), [("gold", True), ("Gold ", True), ("silver", False), (None, False)])
def test_what_the_server_says_of_the_caller_counts(tier: str | None, raised: bool) -> None:
    call = Call(VALUED)
    call.read(Reading("queued_s", "both", 0, 400.0))
    assert bool(call.read(Reading("tier", "caller", 0, text=tier))) == raised


def test_a_snoozed_alert_leaves_the_light_and_comes_back_if_it_still_stands() -> None:
    call = Call(FURIOUS)
    speak(call, 10, 13, 0.9)
    assert told(call.ladder.snooze(1, at(13))) == ["1 furious snoozed"]
    assert call.ladder.showing.level == "normal"
    assert speak(call, 13, 43, 0.9) == []
    assert speak(call, 43, 44, 0.9) == ["1 furious returned"]
    assert call.ladder.showing.blinking


def test_a_snoozed_alert_whose_condition_goes_is_cleared_and_does_not_come_back() -> None:
    call = Call(FURIOUS)
    speak(call, 10, 13, 0.9)
    call.ladder.snooze(1, at(13))
    assert speak(call, 13, 60, 0.2) == ["1 furious cleared"]


def test_a_guess_that_was_withdrawn_is_believed_again_only_after_the_repeat_time_or_by_final_words() -> None:
    call = Call(Rule("insulted", "urgent", (Said(("insult",)),), off_delay_s=5, min_repeat_s=30))
    assert call.words(1, "insult", final=False, utterance=1) == ["1 insulted tentative"]
    assert call.words(2, utterance=1) == ["1 insulted withdrawn"]
    assert call.words(3, "insult", final=False, utterance=2) + call.words(4, utterance=2) == []
    assert call.words(5, "insult", final=False, utterance=3) == []
    assert call.words(6, "insult", utterance=3) == []
    assert call.words(7, "insult", utterance=4) == ["2 insulted raised"]
    assert call.words(50, "insult", final=False, utterance=5) == ["2 insulted cleared", "3 insulted tentative"]


def test_rules_that_stay_keep_their_alerts_when_the_pack_is_replaced() -> None:
    call = Call(FURIOUS, EITHER)
    speak(call, 10, 13, 0.95)
    assert told(call.ladder.replace_rules([FURIOUS, SILENT], at(13))) == ["1 either cleared"]
    assert call.ladder.showing.rule == "furious"
    assert speak(call, 13, 14, 0.95) == []
    call.read(Reading("silence_s", "both", at(14), counts_from=at(14)))
    assert call.until(22.1) == ["2 furious cleared", "3 silent raised"]
