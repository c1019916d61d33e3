"""The documentation shows the light as it is."""

from xml.etree import ElementTree as ET

from appliance.indicator.board_packets import Kind
from appliance.indicator.patterns import ROWS
from tests.light_board.pictures import FILE, MEANINGS, drawn
from tests.light_board.rig import BOARD


def test_the_picture_is_up_to_date() -> None:
    assert FILE.read_text("utf-8") == drawn(), "python -m tests.light_board.pictures draws it"


def test_the_picture_is_whole_and_names_each_situation() -> None:
    words = " ".join(ET.fromstring(drawn()).itertext())  # noqa: S314 - our own text
    assert all(MEANINGS[row.situation] in words for row in ROWS)


def test_the_protocol_s_document_names_each_kind_of_packet_with_its_number() -> None:
    document = (BOARD / "PROTOCOL.md").read_text("utf-8")
    assert all(f"| 0x{kind:02x} {kind.name} |" in document for kind in Kind)
