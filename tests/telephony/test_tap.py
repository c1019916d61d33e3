from collections.abc import Callable

import pytest

from appliance.adapters.rtp_cipher import keystream
from appliance.errors import BadInputError
from appliance.telephony.ethernet import Address, Datagram
from appliance.telephony.rtp import looks_like_rtp
from appliance.telephony.tap import (
    IDLE_S,
    MOST_ADDRESSES,
    MOST_CALLS,
    SIGNALLED_IDLE_S,
    Began,
    Happening,
    Heard,
    Held,
    Over,
    Tap,
)
from appliance.telephony.tap_dialogs import MOST_DIALOGS, Dialogs, looks_like_sip
from appliance.telephony.tap_roles import agent_rule

from .rtp_captures import SIP_PORT, datagrams

Captured = list[tuple[float, Datagram]]
AGENTS = ("10.77.0.1",)


def overheard(captured: Captured, agents: tuple[str, ...] = AGENTS) -> list[Happening]:
    tap = Tap(agent_rule(agents), keystream)
    happened = [each for at_s, datagram in captured for each in (*tap.expire(at_s), *tap.receive(datagram, at_s))]
    return happened + tap.expire(captured[-1][0] + 2 * SIGNALLED_IDLE_S)


def call(name: str = "call_pcmu_keys") -> Captured:
    return list(datagrams(name))


def is_sip(datagram: Datagram) -> bool:
    return datagram.source.port == SIP_PORT


def changed(captured: Captured, change: Callable[[bytes], bytes]) -> Captured:
    return [(at_s, each._replace(payload=change(each.payload)) if is_sip(each) else each) for at_s, each in captured]


def voices(captured: Captured) -> int:
    return sum(looks_like_rtp(each.payload) and not is_sip(each) for _, each in captured)


@pytest.mark.parametrize("name", ["call_pcmu_keys", "call_g722", "call_opus", "call_pcma_srtp"])
def test_a_real_call_is_followed_from_its_answer_to_its_end(name: str) -> None:
    captured = call(name)
    began, *middle, over = overheard(captured)
    assert isinstance(began, Began)
    assert began.knows_agent
    assert began.uris == {"agent": "sip:agent@10.77.0.1", "caller": "sip:caller@10.77.0.2"}
    assert began.band == ("narrow" if "pcm" in name else "wide")
    assert over == Over(began.call, "on_hook")
    heard = [each for each in middle if isinstance(each, Heard)]
    assert len(heard) >= 0.98 * voices(captured)
    assert all(each.form for each in heard)
    assert {each.role for each in heard} == {"agent", "caller"}


@pytest.mark.parametrize(
    ("agents", "agent", "knows"),
    [
        (("10.77.0.2",), "caller", True),
        (("10.77.0.0/31",), "agent", True),
        (("sip:call*@10.77.*",), "caller", True),
        (("caller",), "caller", True),
        (("10.77.0.0/24",), "agent", False),
        (("192.168.0.0/16", "2*"), "agent", False),
        ((), "agent", False),
    ],
)
def test_the_agent_is_known_by_network_or_by_name_or_is_said_to_be_assumed(
    agents: tuple[str, ...], agent: str, *, knows: bool
) -> None:
    began = overheard(call(), agents)[0]
    assert isinstance(began, Began)
    assert (began.uris["agent"], began.knows_agent) == (f"sip:{agent}@10.77.0.{1 if agent == 'agent' else 2}", knows)


def test_a_network_that_is_none_is_refused() -> None:
    with pytest.raises(BadInputError, match=r"'10\.77\.0\.0/40' is no address and no network"):
        agent_rule(("10.77.0.0/40",))


def test_voices_without_signalling_become_a_call_whose_speakers_are_unknown() -> None:
    captured = [each for each in call() if not is_sip(each[1])]
    began, *heard, over = overheard(captured, ())
    assert isinstance(began, Began)
    assert (began.is_signalled, began.knows_agent, began.uris) == (False, False, {})
    assert len(heard) > 0.9 * voices(captured)
    assert over == Over(began.call, "line_lost")


def test_voices_without_signalling_are_told_apart_by_network() -> None:
    captured = [each for each in call() if not is_sip(each[1])]
    roles = [
        {
            each.role
            for each in overheard(captured, (host,))
            if isinstance(each, Heard) and each.packet.payload_type == 101
        }
        for host in ("10.77.0.1", "10.77.0.2")
    ]
    assert roles == [{"caller"}, {"agent"}]


def test_what_is_no_voice_never_becomes_a_call() -> None:
    captured = [
        (at_s, each._replace(payload=each.payload[:2] + bytes(10) + each.payload[12:]))
        for at_s, each in call()
        if not is_sip(each)
    ]
    assert overheard(captured) == []


def test_a_call_whose_end_was_not_captured_ends_when_nothing_comes() -> None:
    captured = [each for each in call() if not each[1].payload.startswith((b"BYE", b"SIP/2.0 200 OK"))]
    assert isinstance(overheard(captured)[-1], Over)


def test_a_call_that_was_never_answered_is_none() -> None:
    captured = [each for each in call() if is_sip(each[1]) and not each[1].payload.startswith(b"SIP/2.0 200")]
    assert overheard(captured) == []


def test_early_media_is_no_call_of_its_own() -> None:
    captured = call()
    answered = next(at for at, (_, each) in enumerate(captured) if each.payload.startswith(b"SIP/2.0 200"))
    last = max(at for at, (_, each) in enumerate(captured) if each.payload.startswith(b"SIP/2.0 200 Answer"))
    ringing = captured[answered]
    early = (ringing[0], ringing[1]._replace(payload=ringing[1].payload.replace(b"200 Answering", b"183 Progress", 1)))
    rtp = [each for each in captured if not is_sip(each[1])]
    happened = overheard([*captured[:answered], early, *rtp, *captured[last:]])
    assert [type(each) for each in happened if not isinstance(each, Heard)] == [Began, Over]


def test_hold_is_told() -> None:
    captured = call()
    held = changed(captured, lambda data: data.replace(b"a=sendrecv", b"a=inactive"))
    happened = overheard(held)
    assert {each.role for each in happened if isinstance(each, Held)} == {"agent", "caller"}


def test_a_second_offer_moves_the_voices() -> None:
    captured = call()
    invite = next(each for each in captured if each[1].payload.startswith(b"INVITE"))
    answer = next(each for each in captured if each[1].payload.startswith(b"SIP/2.0 200 Answ"))
    tag = answer[1].payload.split(b"\r\nTo: ")[1].split(b"\r\n")[0].split(b";tag=")[1]
    old_to = invite[1].payload.split(b"\r\nTo: ")[1].split(b"\r\n")[0]
    moved = invite[1].payload.replace(old_to, old_to + b";tag=" + tag, 1).replace(b"m=audio 1", b"m=audio 2", 1)
    middle = next(at for at, (at_s, _) in enumerate(captured) if at_s > answer[0] + 1)
    agent_port = next(
        each.target.port for _, each in captured if each.source.host[3] == 1 and looks_like_rtp(each.payload)
    )
    later = [
        (at_s, each._replace(target=Address(each.target.host, each.target.port + 10_000)))
        if each.target.port == agent_port
        else (at_s, each)
        for at_s, each in captured[middle:]
    ]
    again = (captured[middle][0], invite[1]._replace(payload=moved))
    happened = overheard([*captured[:middle], again, *later])
    assert sum(isinstance(each, Began) for each in happened) == 1
    assert sum(isinstance(each, Heard) for each in happened) >= 0.97 * voices(captured)


def over_tcp(captured: Captured, cut: int) -> Captured:
    """Send each message in segments of so many bytes, every second of them twice."""
    sequences: dict[tuple[Address, Address], int] = {}
    sent: Captured = []
    for at_s, each in captured:
        if not is_sip(each):
            sent.append((at_s, each))
            continue
        flow = (each.source, each.target)
        for at in range(0, len(each.payload), cut):
            part = each.payload[at : at + cut]
            sequence = sequences.get(flow, 2**32 - 500)
            segment = each._replace(payload=part, transport="tcp", sequence=sequence % 2**32)
            sent += [(at_s, segment)] * (1 + at // cut % 2)
            sequences[flow] = sequence + len(part)
    return sent


@pytest.mark.parametrize("cut", [100, 536, 1_460])
def test_signalling_over_tcp_is_followed_too(cut: int) -> None:
    assert [type(each) for each in overheard(over_tcp(call(), cut)) if not isinstance(each, Heard)] == [Began, Over]


def test_a_lost_segment_costs_its_message_and_no_more() -> None:
    captured = over_tcp(call(), 1_460)
    ringing = next(at for at, (_, each) in enumerate(captured) if each.payload.startswith(b"SIP/2.0 180"))
    assert [
        type(each) for each in overheard(captured[:ringing] + captured[ringing + 1 :]) if not isinstance(each, Heard)
    ] == [Began, Over]


def test_a_flood_of_invitations_and_of_voices_stays_within_bounds() -> None:
    invite = next(each for _, each in call() if each.payload.startswith(b"INVITE"))
    name = invite.payload.split(b"Call-ID: ")[1].split(b"\r\n")[0]
    dialogs = Dialogs()
    for number in range(MOST_DIALOGS + 50):
        dialogs.receive(invite.payload.replace(name, b"flood-%d" % number))
    assert len(dialogs._dialogs) == MOST_DIALOGS
    tap = Tap(agent_rule(()), keystream)
    rtp = [each for _, each in call() if each.source.host[3] == 1 and looks_like_rtp(each.payload) and not is_sip(each)]
    for port in range(MOST_CALLS + 20):
        for each in rtp[:12]:
            tap.receive(each._replace(source=Address(b"\1\1\1\1", port), target=Address(b"\2\2\2\2", port)), 1.0)
    assert len(tap._calls) == MOST_CALLS
    assert len(tap.expire(1.0 + 2 * IDLE_S)) == MOST_CALLS
    assert not tap._routes


def test_an_invitation_that_nobody_accepts_takes_no_voice_from_a_call() -> None:
    captured = call()
    invite = next(each for each in captured if each[1].payload.startswith(b"INVITE"))
    name = invite[1].payload.split(b"Call-ID: ")[1].split(b"\r\n")[0]
    middle = len(captured) // 2
    forged = (captured[middle][0], invite[1]._replace(payload=invite[1].payload.replace(name, b"forged")))
    assert overheard([*captured[:middle], forged, *captured[middle:]]) == overheard(captured)


def test_invitations_to_ever_new_addresses_stay_within_bounds() -> None:
    invite = next(each for _, each in call() if each.payload.startswith(b"INVITE"))
    name = invite.payload.split(b"Call-ID: ")[1].split(b"\r\n")[0]
    port = invite.payload.split(b"m=audio ")[1].split(b" ")[0]
    tap = Tap(agent_rule(()), keystream)
    for number in range(MOST_ADDRESSES + 100):
        fresh = invite.payload.replace(name, b"%05d" % number).replace(
            b"m=audio " + port, b"m=audio %05d" % (10_000 + number)
        )
        announced = fresh.replace(b"Content-Length: ", b"X-Length: ")
        tap.receive(invite._replace(payload=announced), 1.0)
    assert len(tap._routes) == MOST_ADDRESSES


def test_sip_is_told_from_all_else() -> None:
    assert all(looks_like_sip(each.payload) for _, each in call() if is_sip(each) and each.payload.strip())
    assert not any(looks_like_sip(each.payload) for _, each in call() if not is_sip(each))
    with pytest.raises(BadInputError, match="no SIP message"):
        Dialogs().receive(b"INVITE sip:a SIP/2.0\r\n")
