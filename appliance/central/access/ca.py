"""The private authority of one server: what it has signed, what it took back, and how it is changed for a new one.

An authority is *signing* (one of them: it signs the devices' certificates), *leaving* (a newer one signs, but it is
still trusted and the server still shows a certificate of it) or *retired*. A change takes two steps, so that no box is
left behind: `rotate` makes the new authority; boxes learn it and renew their certificates by it, each by itself; then
`finish_rotation` retires the old one. What counts is what a box has come with (`use`), not what was sent to it.
"""

import sqlite3
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final, NamedTuple, cast

from cryptography import x509
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec

from appliance.central.access import authority
from appliance.central.access.authority import Authority
from appliance.central.access.use import Box, boxes
from appliance.central.clock import as_text, utc_now
from appliance.central.credentials import check_device_name
from appliance.errors import BadInputError
from appliance.secret_file import write_secret

SERVER_FILE: Final = "server.pem"


class Issued(NamedTuple):
    """One certificate of a device, as it is listed."""

    device: str
    serial: str
    authority: int
    issued_at: str
    expires_at: str
    revoked_at: str | None
    reason: str | None


class CA:
    """The authority that lives in `folder`, and its database."""

    def __init__(self, folder: Path, database: sqlite3.Connection) -> None:
        self._folder = folder
        self.database = database

    @property
    def exists(self) -> bool:
        """Whether there is an authority at all."""
        return bool(self._numbers())

    def init(self, names: Sequence[str]) -> None:
        """Make the first authority, and a certificate for the server under these names."""
        if self.exists:
            mend = "take `ca rotate` for a new one; boxes that trust this one would be lost without it"
            raise BadInputError("there is an authority already", where=str(self._folder), mend=mend)
        self._add_authority(1)
        self.issue_server(names)

    def trusted(self) -> list[x509.Certificate]:
        """Give the certificates of all authorities that are not retired, the signing one first."""
        return [self._certificate(number) for number in reversed(self._numbers())]

    def shown(self) -> x509.Certificate:
        """Give the authority of the server's own certificate, which a claim must name: the oldest that is trusted."""
        return self._certificate(self._require()[0])

    def bundle(self) -> str:
        """Give `trusted` as text, for a box to keep."""
        return "".join(authority.pem(certificate) for certificate in self.trusted())

    def trusts(self, number: int) -> bool:
        """Say whether certificates of this authority are still accepted."""
        return number in self._numbers()

    def issue_server(self, names: Sequence[str]) -> None:
        """Give the server a new key and certificate, signed by the authority that every box knows already."""
        oldest = self._authority(self._require()[0])
        try:
            key, certificate = authority.sign_server(oldest, names, datetime.now(UTC))
        except ValueError as error:
            raise BadInputError(f"a name cannot be used: {error}", mend="give host names or addresses") from error
        write_secret(self.server_file, authority.key_pem(key) + authority.pem(certificate))

    @property
    def server_file(self) -> Path:
        """The server's key and certificate."""
        return self._folder / SERVER_FILE

    def renew_server_if_due(self) -> bool:
        """Renew the server's certificate when two thirds of its life are over; tells whether that was so."""
        certificate = self._server_certificate()
        begun, end = certificate.not_valid_before_utc, certificate.not_valid_after_utc
        if datetime.now(UTC) < begun + (end - begun) * 2 / 3:
            return False
        self.issue_server(self.server_names())
        return True

    def server_names(self) -> list[str]:
        """Give the names that the server's certificate holds."""
        extensions = self._server_certificate().extensions
        names = extensions.get_extension_for_class(x509.SubjectAlternativeName).value
        return [str(name.value) for name in names]

    def issue_device(
        self, device: str, csr: x509.CertificateSigningRequest, life: timedelta = authority.DEVICE_LIFE
    ) -> str:
        """Sign a device's request, note it, and give the certificate as text."""
        check_device_name(device)
        signing = self._authority(self._require()[-1])
        certificate = authority.sign_device(signing, device, csr, datetime.now(UTC), life)
        self.database.execute(
            "INSERT INTO certificates (serial, device, authority, key_sha256, issued_at, expires_at)"
            " VALUES (?,?,?,?,?,?)",
            (
                authority.serial_of(certificate), device, signing.number, authority.key_sha256(csr), utc_now(),
                as_text(certificate.not_valid_after_utc),
            ),
        )  # fmt: skip
        return authority.pem(certificate)

    def revoke(self, device: str, reason: str) -> int:
        """Take back every certificate of a device, and its unused claims. Gives how many certificates that were."""
        self.database.execute("DELETE FROM claims WHERE device=? AND used_at IS NULL", (device,))
        return self.database.execute(
            "UPDATE certificates SET revoked_at=?, reason=? WHERE device=? AND revoked_at IS NULL",
            (utc_now(), reason, device),
        ).rowcount

    def issued(self) -> list[Issued]:
        """Give every certificate that has not expired, by device, the newest last."""
        rows = self.database.execute(
            "SELECT device, serial, authority, issued_at, expires_at, revoked_at, reason FROM certificates"
            " WHERE expires_at>? ORDER BY device, issued_at",
            (utc_now(),),
        )
        return [Issued(*row) for row in rows]

    def rotate(self) -> int:
        """Make a new authority that signs from now on; the old one stays trusted. Gives the new one's number."""
        numbers = self._require()
        if len(numbers) > 1:
            mend = "finish it with `ca rotate --finish`; `ca list` shows who has not renewed yet"
            raise BadInputError("a change of the authority is under way", where=str(self._folder), mend=mend)
        newest: int = self.database.execute("SELECT max(authority) FROM authorities").fetchone()[0]
        self._add_authority(newest + 1)
        return newest + 1

    def boxes(self) -> list[Box]:
        """Give how far each box is on its way to the signing authority."""
        return boxes(self.database, self._require()[-1])

    def left_behind(self) -> list[str]:
        """Give the devices that have not come with a certificate of the signing authority yet."""
        return [box.device for box in self.boxes() if box.standing != "renewed"]

    @property
    def is_changing(self) -> bool:
        """Whether a change of the authority is under way."""
        return len(self._numbers()) > 1

    def finish_rotation(self) -> None:
        """Retire the old authority; the server shows a certificate of the new one from now on.

        Claims that wait name the old one, and no box would trust the server by them: they end.
        """
        if not self.is_changing:
            self._require()
            raise BadInputError("no change of the authority is under way", mend="begin one with `ca rotate`")
        self.database.execute("DELETE FROM claims WHERE used_at IS NULL")
        self.database.execute("UPDATE authorities SET state='retired' WHERE authority<?", (self._numbers()[-1],))
        self.issue_server(self.server_names())

    def _numbers(self) -> list[int]:
        rows = self.database.execute("SELECT authority FROM authorities WHERE state='trusted' ORDER BY authority")
        return [row[0] for row in rows]

    def _require(self) -> list[int]:
        numbers = self._numbers()
        if not numbers:
            mend = "undertone central ca init --name HOST"
            raise BadInputError("there is no authority yet", where=str(self._folder), mend=mend)
        return numbers

    def _add_authority(self, number: int) -> None:
        made = authority.new_authority(number, datetime.now(UTC))
        # Files first: an authority that the database names must be there.
        write_secret(self._file(number, "key"), authority.key_pem(made.key))
        write_secret(self._file(number, "pem"), authority.pem(made.certificate))
        self.database.execute("INSERT INTO authorities VALUES (?,?,'trusted')", (number, utc_now()))

    def _server_certificate(self) -> x509.Certificate:
        return x509.load_pem_x509_certificate(self._read(self.server_file))

    def _certificate(self, number: int) -> x509.Certificate:
        return x509.load_pem_x509_certificate(self._read(self._file(number, "pem")))

    def _authority(self, number: int) -> Authority:
        key = serialization.load_pem_private_key(self._read(self._file(number, "key")), None)
        return Authority(number, self._certificate(number), cast("ec.EllipticCurvePrivateKey", key))

    def _file(self, number: int, kind: str) -> Path:
        return self._folder / f"authority-{number}.{kind}"

    def _read(self, path: Path) -> bytes:
        try:
            return path.read_bytes()
        except OSError as error:
            mend = "put the file back from your backup; without it no box can be enrolled or renewed"
            raise BadInputError(f"cannot be read: {error.strerror}", where=str(path), mend=mend) from error
