import pytest
from hypothesis import given
from hypothesis import strategies as st

from appliance.errors import BadInputError
from appliance.telephony.rtcp import (
    CNAME,
    Description,
    Goodbye,
    Other,
    ReceiverReport,
    ReportBlock,
    SenderReport,
    parse_rtcp,
    write_goodbye,
    write_receiver_report,
)

from .rtp_captures import packet

WORD = st.integers(0, 2**32 - 1)
BLOCKS = st.builds(
    ReportBlock,
    ssrc=WORD,
    fraction_lost=st.integers(0, 255),
    lost=st.integers(-(2**23), 2**23 - 1),
    highest_sequence=WORD,
    jitter=WORD,
    last_sr=WORD,
    delay_since_sr=WORD,
)


def test_a_real_senders_report_is_read_with_its_name() -> None:
    report, description = parse_rtcp(packet("rtcp_report"))
    assert isinstance(report, SenderReport)
    assert (report.packets, report.octets, len(report.reports)) == (250, 40_000, 1)
    assert report.reports[0].lost == 0
    assert description == Description(report.ssrc, ((CNAME, b"sip:caller@10.77.0.2"),))


def test_a_real_goodbye_is_read_with_its_reason() -> None:
    goodbye = parse_rtcp(packet("rtcp_goodbye"))[0]
    assert isinstance(goodbye, Goodbye)
    assert len(goodbye.sources) == 1
    assert goodbye.reason


def test_what_is_not_needed_is_passed_over() -> None:
    assert parse_rtcp(packet("rtcp_application")) == (Other(204),)


@given(WORD, st.lists(BLOCKS, max_size=31), st.binary(max_size=255))
def test_a_receivers_report_is_read_as_it_was_written(ssrc: int, blocks: list[ReportBlock], cname: bytes) -> None:
    report = ReceiverReport(ssrc, tuple(blocks))
    written = write_receiver_report(report, cname)
    assert len(written) % 4 == 0
    assert parse_rtcp(written) == (report, Description(ssrc, ((CNAME, cname),)))


@given(st.lists(WORD, max_size=31))
def test_a_goodbye_is_read_as_it_was_written(sources: list[int]) -> None:
    assert parse_rtcp(write_goodbye(sources)) == (Goodbye(tuple(sources)),)


REPORT = packet("rtcp_report")
BAD = {
    "half a header": (REPORT[:3], "truncated header"),
    "version": (b"\x00" + REPORT[1:], "version 0"),
    "shorter than it says": (REPORT[:50], "shorter than it says"),
    "no sender": (b"\x80\xc8\x00\x00", "report is truncated"),
    "half a report": (b"\x80\xc8\x00\x01" + bytes(4), "sender report is truncated"),
    "block missing": (b"\x81\xc9\x00\x01" + bytes(4), "report block is truncated"),
    "description": (b"\x81\xca\x00\x02" + bytes(4) + b"\x01\x09ab", "source description is truncated"),
    "goodbye": (b"\x82\xcb\x00\x01" + bytes(4), "goodbye is truncated"),
    "padding": (b"\xa0\xc9\x00\x01\0\0\0\x09", "padding length"),
}


@pytest.mark.parametrize(("data", "what"), BAD.values(), ids=BAD.keys())
def test_what_is_no_packet_is_refused_by_its_fault(data: bytes, what: str) -> None:
    with pytest.raises(BadInputError, match=what):
        parse_rtcp(data)
