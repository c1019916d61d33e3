from appliance.indicator.board_link import (
    HEARTBEAT_S,
    MAX_BUFFER_BYTES,
    RESEND_S,
    SILENT_S,
    BoardLink,
    Met,
    OtherVersion,
    Pressed,
    Stuck,
)
from appliance.indicator.board_packets import ButtonState, Kind, Packet, decoded, digest, encoded, picture
from appliance.indicator.patterns import LightState, pattern

CALM = picture(pattern(LightState(in_call=True)))
URGENT = picture(pattern(LightState("urgent", blinking=True)))
IDENTITY = encoded(Packet(Kind.IDENTITY, 1, bytes([1, 0, 0, 8, 1]) + b"12345678"))


def sent(link: BoardLink, now_s: float) -> list[Packet]:
    return [decoded(wire) for wire in link.send(now_s).split(b"\0") if wire]


def ack(shown: bytes, button: ButtonState = ButtonState.UP) -> bytes:
    shown_digest = digest(shown) if shown else 0
    return encoded(Packet(Kind.ACK, 1, shown_digest.to_bytes(4, "little") + bytes([button, 0, 0])))


def met(shown: bytes = CALM) -> BoardLink:
    link = BoardLink(0.0)
    link.show(shown)
    link.send(0.0)
    link.receive(IDENTITY, 0.0)
    link.send(0.0)
    link.receive(ack(shown), 0.0)
    return link


def test_it_begins_with_a_zero_and_a_hello_and_asks_again_until_it_is_answered() -> None:
    link = BoardLink(0.0)
    first = link.send(0.0)
    assert first[0] == 0
    assert decoded(first[1:-1]).kind == Kind.HELLO
    assert not link.send(RESEND_S / 2)
    assert [packet.kind for packet in sent(link, RESEND_S)] == [Kind.HELLO]
    (news,) = link.receive(IDENTITY, 1.0)
    assert isinstance(news, Met)


def test_nothing_is_shown_to_a_port_that_has_not_said_that_it_is_a_board() -> None:
    link = BoardLink(0.0)
    link.show(CALM)
    assert [packet.kind for packet in sent(link, 0.0)] == [Kind.HELLO]
    link.receive(IDENTITY, 0.0)
    assert [(packet.kind, packet.payload) for packet in sent(link, 0.0)] == [(Kind.SHOW, CALM)]


def test_only_differences_are_sent_and_a_heartbeat_each_second() -> None:
    link = met()
    link.show(CALM)
    assert not sent(link, HEARTBEAT_S / 2)
    assert [packet.kind for packet in sent(link, HEARTBEAT_S)] == [Kind.HEARTBEAT]
    link.show(URGENT)
    assert [packet.payload for packet in sent(link, HEARTBEAT_S)] == [URGENT]


def test_a_picture_that_is_not_acknowledged_goes_out_again() -> None:
    link = met()
    link.show(URGENT)
    assert sent(link, 0.1)
    assert not sent(link, 0.1 + RESEND_S / 2)
    assert [packet.payload for packet in sent(link, 0.1 + RESEND_S)] == [URGENT]


def test_a_newer_picture_does_not_wait_for_the_one_before() -> None:
    link = met()
    link.show(URGENT)
    assert sent(link, 0.1)
    link.show(CALM)
    link.show(URGENT)
    assert [packet.payload for packet in sent(link, 0.11)] == [URGENT]


def test_a_board_that_was_started_anew_gets_its_picture_again() -> None:
    link = met()
    link.receive(ack(b""), 0.5)
    assert [packet.payload for packet in sent(link, 0.5)] == [CALM]


def test_a_board_that_says_nothing_is_lost_and_garbage_is_nothing() -> None:
    link = met()
    link.receive(b"garbage\0" * 20, SILENT_S - 0.1)
    assert not link.is_silent(SILENT_S - 0.1)
    assert link.is_silent(SILENT_S)
    link.receive(ack(CALM), SILENT_S)
    assert not link.is_silent(SILENT_S + 1)


def test_garbage_without_end_is_forgotten() -> None:
    link = met()
    for _ in range(10):
        link.receive(b"x" * MAX_BUFFER_BYTES, 0.1)
    assert link.receive(b"\0" + IDENTITY, 0.1)


def test_a_press_is_news_once_and_each_time_answered() -> None:
    link = met()
    down, up = (encoded(Packet(Kind.BUTTON, 1, bytes(payload))) for payload in ([7, 1], [8, 0]))
    assert link.receive(down, 0.1) == [Pressed()]
    assert link.receive(down, 0.1) == []
    assert link.receive(up, 0.1) == []
    assert [(packet.kind, packet.payload) for packet in sent(link, 0.1)] == [
        (Kind.BUTTON_SEEN, b"\x07"),
        (Kind.BUTTON_SEEN, b"\x07"),
        (Kind.BUTTON_SEEN, b"\x08"),
    ]


def test_the_first_press_after_a_new_start_counts_though_it_has_the_same_number() -> None:
    link = met()
    down = encoded(Packet(Kind.BUTTON, 1, bytes([1, 1])))
    assert link.receive(down, 0.1) == [Pressed()]
    link.receive(ack(b""), 0.5)
    assert link.receive(down, 0.6) == [Pressed()]


def test_a_stuck_button_is_told_once_and_when_it_is_free() -> None:
    link = met()
    assert link.receive(ack(CALM, ButtonState.DOWN), 0.1) == []
    assert link.receive(ack(CALM, ButtonState.STUCK) * 2, 0.1) == [Stuck(is_stuck=True)]
    assert link.receive(ack(CALM), 0.1) == [Stuck(is_stuck=False)]


def test_a_board_of_another_version_is_told_of_and_is_not_met() -> None:
    link = BoardLink(0.0)
    other = encoded(Packet(Kind.IDENTITY, 1, bytes(13)), version=2)
    assert link.receive(other, 0.0) == [OtherVersion(2)]
    assert link.identity is None


def test_the_next_turn_is_when_something_falls_due() -> None:
    link = BoardLink(0.0)
    link.send(0.0)
    assert link.next_s(0.0) == RESEND_S
    assert met().next_s(0.25) == HEARTBEAT_S - 0.25
    assert met().next_s(99.0) == 0.0
