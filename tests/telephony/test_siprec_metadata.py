import pytest

from appliance.telephony.sip_status import RefusedError
from appliance.telephony.siprec_metadata import Metadata, parse_metadata, voices
from tests.telephony.siprec_messages import capture


def addresses(metadata: Metadata, label: str) -> list[tuple[str, ...]]:
    return [person.addresses for person in voices(metadata, label)]


def test_the_rfc_s_own_form_is_read() -> None:
    metadata = parse_metadata(capture("rfc.xml"))
    assert addresses(metadata, "96") == [("sip:2041@desk.example",)]
    assert [person.name for person in voices(metadata, "97")] == ["Ravi Caller"]
    assert metadata.call_ids[0].startswith("5b1c0d2e3f4a59687766554433221100")
    assert metadata.started_at == "2026-03-02T08:15:30Z"


def test_the_drafts_form_is_read_and_a_vendor_s_additions_are_kept() -> None:
    metadata = parse_metadata(capture("draft_with_extension_data.xml"))
    assert addresses(metadata, "1") == [("sip:+15550100@carrier.example",)]
    assert addresses(metadata, "2") == [("sip:2041@pbx.example",)]
    assert metadata.call_ids == ("s-7001",)
    assert metadata.extensions["extensiondata/ucid"] == "00FA080018803B69810C6D"


def test_prefixes_a_blank_line_before_and_foreign_elements_do_not_matter() -> None:
    metadata = parse_metadata(capture("prefixed_with_vendor_attributes.xml"))
    assert addresses(metadata, "11") == [("sip:2041@10.0.0.9;user=phone",)]
    assert metadata.extensions == {"queue": "billing", "ucid": "FA080018803B69"}


def test_metadata_that_do_not_say_who_speaks_where_name_nobody() -> None:
    metadata = parse_metadata(capture("bare.xml"))
    assert voices(metadata, "1") == ()
    assert len(metadata.participants) == 2


def test_a_partial_update_changes_what_it_names_and_keeps_the_rest() -> None:
    before = parse_metadata(capture("rfc.xml"))
    after = parse_metadata(capture("partial_transfer.xml"), before)
    assert [person.name for person in voices(after, "96")] == ["Omar Second"]
    assert [person.name for person in voices(after, "97")] == ["Ravi Caller"]
    assert "cGVyc29uLWFnZW50AAAAAA==" not in after.participants
    assert after.call_ids == before.call_ids


def test_a_partial_update_without_a_name_keeps_the_name() -> None:
    before = parse_metadata(capture("rfc.xml"))
    nameless = b'<participant participant_id="cGVyc29uLWNhbGxlcgAAAA=="/>'
    update = b"<recording><datamode>partial</datamode>" + nameless + b"</recording>"
    assert parse_metadata(update, before).participants == before.participants


def test_a_complete_update_replaces_everything() -> None:
    before = parse_metadata(capture("rfc.xml"))
    assert parse_metadata(capture("bare.xml"), before) == parse_metadata(capture("bare.xml"))


BOMB = b"""<!DOCTYPE a [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;">]><recording>&b;</recording>"""
OUTSIDE = b"""<!DOCTYPE a SYSTEM "file:///etc/passwd"><recording/>"""


@pytest.mark.parametrize(
    ("data", "status"),
    [
        pytest.param(BOMB, 400, id="entities"),
        pytest.param(OUTSIDE, 400, id="a document type from elsewhere"),
        pytest.param(b"", 400, id="nothing"),
        pytest.param(b"<recording>", 400, id="not closed"),
        pytest.param(b"<other/>", 400, id="another document"),
        pytest.param(b"<recording>" + b"<a>" * 40 + b"</a>" * 40 + b"</recording>", 400, id="too deep"),
        pytest.param(b"<recording>" + b"<a/>" * 5_000 + b"</recording>", 400, id="too many elements"),
        pytest.param(b"<recording>" + b" " * 70_000 + b"</recording>", 413, id="too large"),
        pytest.param(b"<recording>&nosuch;</recording>", 400, id="an entity of nobody"),
        pytest.param(b'<?xml version="1.0" encoding="klingon"?><recording/>', 400, id="an unknown encoding"),
        pytest.param(b'<?xml version="1.0" encoding="euc-jp"?><recording/>', 400, id="an encoding of many bytes"),
        pytest.param(
            b"<recording>" + b"".join(b'<participant id="%d"/>' % n for n in range(65)) + b"</recording>",
            400,
            id="too many participants",
        ),
    ],
)
def test_metadata_that_cannot_be_used_are_refused_with_a_status(data: bytes, status: int) -> None:
    with pytest.raises(RefusedError) as refusal:
        parse_metadata(data)
    assert refusal.value.status == status
