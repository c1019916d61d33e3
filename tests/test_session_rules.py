"""Rules in a whole session: replaced in the middle of a call, fed by the server, and without any words."""

from appliance.ears import Ears
from appliance.escalation.rules import parse_rules
from appliance.events import (
    Alert,
    AlertChanged,
    CallContext,
    Event,
    Notice,
    StressMeasured,
    TalkMeasured,
    Utterance,
    Word,
)
from appliance.session import CallSession
from appliance.speech.endpointer import EndpointerSettings
from appliance.speech.frames import FRAME_SAMPLES, Side

from .rule_packs import pack
from .scripted_call import RULES, SIDES, STARTED, THREAT, Talk, at, said
from .speech.sounds import frame

CUES = parse_rules(
    pack(
        """
[phrases.refund]
any = ["my refund"]

[rules.refund]
level = "attention"
phrase = "refund"

[rules.long]
level = "attention"
all = [{ cue = "call_s", at_least = 9 }]

[rules.valued]
level = "urgent"
all = [{ cue = "tier", of = ["gold"] }, { cue = "queued_s", at_least = 300 }]

[rules.bitter]
level = "attention"
all = [{ cue = "sentiment", at_most = -0.5 }]
snooze_s = 60
""",
        name="cues",
        version="2",
    ),
    "cues.toml",
)


def with_rules(script: dict[Side, list[Word]]) -> Talk:
    talk = Talk(script)
    talk.take(talk.session.replace_rules(CUES))
    return talk


def alerts(talk: Talk) -> list[Alert]:
    return [event for event in talk.events if isinstance(event, Alert)]


def test_other_rules_count_from_the_moment_on_at_which_they_are_given() -> None:
    talk = Talk({"caller": said("call my lawyer", 1) + said("and where is my refund call my lawyer", 5)})
    talk.run_until(4)
    talk.take(talk.session.replace_rules(CUES))
    talk.run_until(8).hang_up()
    assert [alert.rule for alert in alerts(talk)] == ["legal", "refund"]
    notices = [event for event in talk.events if isinstance(event, Notice)]
    assert [(notice.code, notice.text) for notice in notices] == [
        ("rules_replaced", "From here on the rules are cues 2.")
    ]
    changes = [(change.rule, change.change) for change in talk.events if isinstance(change, AlertChanged)]
    assert ("legal", "cleared") in changes


def test_an_alert_stands_when_the_same_rules_are_given_again() -> None:
    talk = Talk(THREAT).run_until(5)
    talk.take(talk.session.replace_rules(RULES))
    assert talk.session.showing.rule == "legal"


def test_what_the_server_knows_raises_at_once() -> None:
    talk = with_rules({}).run_until(2)
    talk.take(talk.session.receive_context("gold", 400))
    (alert,) = alerts(talk)
    assert (alert.rule, alert.explanation) == ("valued", "This call: tier gold, waited in the queue for 400 s.")
    assert next(event for event in talk.events if isinstance(event, CallContext)).tier == "gold"


def test_bitter_words_raise_by_their_sentiment_and_can_be_snoozed() -> None:
    talk = with_rules({"caller": said("this is a terrible awful horrible disgrace", 1)}).run_until(6)
    (alert,) = alerts(talk)
    assert alert.rule == "bitter"
    assert alert.evidence[0].channel == "words"
    assert alert.evidence[0].value is not None
    (utterance,) = talk.of(Utterance)
    assert isinstance(utterance, Utterance)
    assert utterance.sentiment == alert.evidence[0].value
    talk.take(talk.session.snooze(1))
    assert talk.session.showing.level == "normal"


def test_the_agents_words_have_no_sentiment_and_raise_nothing() -> None:
    talk = with_rules({"agent": said("this is a terrible awful horrible disgrace", 1)}).run_until(6)
    assert alerts(talk) == []
    (utterance,) = talk.of(Utterance)
    assert isinstance(utterance, Utterance)
    assert (utterance.sentiment, utterance.sentiment_trend) == (None, None)


def test_while_no_words_come_the_other_cues_go_on_and_the_alert_says_that_words_are_missing() -> None:
    deaf = Ears("", EndpointerSettings())
    session = CallSession(SIDES, CUES, {"narrow": deaf, "wide": deaf}, STARTED)
    events: list[Event] = []
    for number in range(at(12) // FRAME_SAMPLES):
        for side in SIDES:
            speaks = side == "caller" and number % 100 < 90
            step = frame(number, voiced=speaks, side=side)
            events += [output for output in session.receive_frame(step, voiced=speaks) if isinstance(output, Event)]
    (alert,) = [event for event in events if isinstance(event, Alert)]
    assert (alert.rule, alert.missing) == ("long", ("words",))
    assert (
        alert.explanation == "This call: the call has lasted 9 s. The words are missing: nothing could be recognised."
    )
    assert any(isinstance(event, StressMeasured) for event in events)
    session.hang_up()
    talk = next(event for event in session.end("on_hook") if isinstance(event, TalkMeasured) and event.who == "caller")
    assert talk.speech_s > 8
    assert talk.words_per_min is None


def test_a_call_ends_with_what_each_side_has_spoken() -> None:
    talk = Talk({"agent": said("good morning", 1), "caller": said("good morning to you too", 3)}).run_until(6).hang_up()
    facts = [event for event in talk.events if isinstance(event, TalkMeasured)]
    assert [event.who for event in facts] == ["agent", "caller"]
    assert sum(event.talk_share or 0 for event in facts) == 1
