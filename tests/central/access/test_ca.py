"""The private authority: what it signs, takes back, and how it is changed."""

import stat
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec, rsa

from appliance.central.access.authority import RequestError, device_of, read_request, serial_of
from appliance.central.access.ca import CA
from appliance.central.access.claims import listed, make_claim
from appliance.central.access.store import open_access
from appliance.central.access.use import note_use
from appliance.errors import BadInputError

from .keys import new_key, request_of


@pytest.fixture
def ca(tmp_path: Path) -> Iterator[CA]:
    with closing(open_access(tmp_path / "access")) as database:
        authority = CA(tmp_path / "access", database)
        authority.init(["localhost", "127.0.0.1"])
        yield authority


def issued(ca: CA, device: str, life: timedelta = timedelta(days=90)) -> x509.Certificate:
    certificate = ca.issue_device(device, read_request(request_of(new_key())), life)
    return x509.load_pem_x509_certificate(certificate.encode())


def test_everything_in_the_folder_is_for_the_owners_eyes_only(ca: CA, tmp_path: Path) -> None:
    assert stat.S_IMODE((tmp_path / "access").stat().st_mode) == 0o700
    modes = {path.name: stat.S_IMODE(path.stat().st_mode) for path in (tmp_path / "access").iterdir()}
    assert {"authority-1.key", "authority-1.pem", "server.pem", "access.sqlite"} <= set(modes)
    assert set(modes.values()) == {0o600}
    with pytest.raises(BadInputError, match="an authority already"):
        ca.init(["again"])


def test_a_certificate_names_its_device_and_ends_in_time(ca: CA) -> None:
    certificate = issued(ca, "desk-1")
    certificate.verify_directly_issued_by(ca.trusted()[0])
    assert device_of(certificate) == "desk-1"
    assert timedelta(days=89) < certificate.not_valid_after_utc - datetime.now(UTC) < timedelta(days=91)
    assert not certificate.extensions.get_extension_for_class(x509.BasicConstraints).value.ca


@pytest.mark.parametrize("name", ["", "a b", "../x", "desk/1"])
def test_no_certificate_is_made_for_a_name_that_no_device_can_have(ca: CA, name: str) -> None:
    with pytest.raises(BadInputError, match="cannot be the name"):
        issued(ca, name)


def test_requests_for_other_kinds_of_keys_and_nonsense_are_refused() -> None:
    with pytest.raises(RequestError, match="P-256"):
        read_request(request_of(rsa.generate_private_key(65537, 2048)))
    with pytest.raises(RequestError, match="P-256"):
        read_request(request_of(ec.generate_private_key(ec.SECP384R1())))
    with pytest.raises(RequestError, match="cannot be read"):
        read_request("-----BEGIN CERTIFICATE REQUEST-----\nx\n-----END CERTIFICATE REQUEST-----")


def test_a_request_that_was_changed_on_the_way_is_refused() -> None:
    lines = request_of(new_key()).splitlines()
    lines[-2] = lines[-2][:4] + ("A" if lines[-2][4] != "A" else "B") + lines[-2][5:]
    with pytest.raises(RequestError):
        read_request("\n".join(lines))


def test_revoking_takes_back_every_certificate_of_the_device_and_of_no_other(ca: CA) -> None:
    for device in ("desk-1", "desk-1", "desk-2"):
        issued(ca, device)
    assert ca.revoke("desk-1", "stolen") == 2
    assert ca.revoke("desk-1", "stolen") == 0
    assert {(item.device, item.reason) for item in ca.issued()} == {("desk-1", "stolen"), ("desk-2", None)}


def test_a_change_of_the_authority_leaves_nobody_behind(ca: CA) -> None:
    old = ca.trusted()[0]
    issued(ca, "desk-1")
    assert ca.rotate() == 2
    with pytest.raises(BadInputError, match="under way"):
        ca.rotate()
    new = ca.trusted()[0]
    assert ca.trusted() == [new, old]
    server = x509.load_pem_x509_certificate(ca.server_file.read_bytes())
    server.verify_directly_issued_by(old)  # boxes that have not heard of the new one still know the server
    assert ca.left_behind() == ["desk-1"]
    renewed = issued(ca, "desk-1")
    renewed.verify_directly_issued_by(new)
    assert ca.left_behind() == ["desk-1"], "it may never have got it"
    note_use(ca.database, "desk-1", serial_of(renewed))
    assert ca.left_behind() == []
    ca.finish_rotation()
    assert ca.trusted() == [new]
    x509.load_pem_x509_certificate(ca.server_file.read_bytes()).verify_directly_issued_by(new)
    assert ca.server_names() == ["localhost", "127.0.0.1"]
    with pytest.raises(BadInputError, match="no change of the authority is under way"):
        ca.finish_rotation()


def test_what_counts_is_what_a_box_came_with_last(ca: CA) -> None:
    old, other = issued(ca, "desk-1"), issued(ca, "desk-2")
    issued(ca, "desk-3")
    note_use(ca.database, "desk-1", serial_of(old))
    note_use(ca.database, "desk-2", serial_of(other))
    ca.rotate()
    issued(ca, "desk-1")  # and the answer was lost
    note_use(ca.database, "desk-2", serial_of(issued(ca, "desk-2")))
    note_use(ca.database, "desk-1", serial_of(old))
    assert [(box.device, box.standing) for box in ca.boxes()] == [
        ("desk-1", "issued"), ("desk-2", "renewed"), ("desk-3", "waiting"),
    ]  # fmt: skip
    note_use(ca.database, "desk-2", serial_of(other))
    assert ca.left_behind() == ["desk-1", "desk-2", "desk-3"], "a box that was set back to an old state"


def test_claims_name_the_authority_that_the_server_shows_and_end_with_it(ca: CA) -> None:
    old = ca.shown()
    ca.rotate()
    assert ca.shown() == old
    make_claim(ca.database, "abc", "desk-1")
    ca.finish_rotation()
    assert ca.shown() != old
    assert listed(ca.database) == []


def test_a_box_that_was_revoked_or_has_run_out_is_not_waited_for(ca: CA) -> None:
    issued(ca, "desk-1")
    issued(ca, "desk-2", timedelta(seconds=-1))
    ca.revoke("desk-1", "stolen")
    ca.rotate()
    assert ca.left_behind() == []


def test_without_an_authority_or_its_key_there_is_one_clear_message(tmp_path: Path, ca: CA) -> None:
    with closing(open_access(tmp_path / "empty")) as database, pytest.raises(BadInputError, match="no authority yet"):
        CA(tmp_path / "empty", database).rotate()
    (tmp_path / "access" / "authority-1.key").unlink()
    with pytest.raises(BadInputError, match=r"authority-1\.key: cannot be read") as error:
        issued(ca, "desk-1")
    assert "backup" in error.value.mend
