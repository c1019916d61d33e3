"""What the server keeps of a box that was wiped: its own signed word, in the record that is only ever added to."""

import hashlib
import sqlite3

from cryptography.hazmat.primitives import serialization

from appliance.central.access import audit
from appliance.central.access.ca import CA
from appliance.errors import BadInputError
from appliance.fleet.wiping import Report, read_report


def take_report(ca: CA, document: bytes, remote: str, device: str | None = None) -> Report:
    """Keep a report, and take the box's certificates back. Raises `BadInputError` for one that no box of ours signed.

    With `device` it must be that box's. A report that is kept already is not kept twice.
    """
    report, certificate = read_report(document)
    public = certificate.public_key().public_bytes(
        serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo
    )
    owner = ca.database.execute(
        "SELECT device FROM certificates WHERE key_sha256=?", (hashlib.sha256(public).hexdigest(),)
    ).fetchone()
    if owner is None or owner[0] != report.device or report.device != (device or report.device):
        mend = "take the report of this box, from the box itself"
        raise BadInputError(f"this report is not by {device or report.device}", mend=mend)
    if last_report(ca.database, report.device) != (told := _told(report, document)):
        audit.note(ca.database, audit.SERVER, "device_wiped", remote, report.device, details=told)
    ca.revoke(report.device, "wiped")
    return report


def last_report(database: sqlite3.Connection, device: str) -> str | None:
    """Give what a box said when it was wiped the last time; None when it did not."""
    row = database.execute(
        "SELECT details FROM audit WHERE action='device_wiped' AND device=? ORDER BY number DESC LIMIT 1", (device,)
    ).fetchone()
    return str(row[0]) if row else None


def _told(report: Report, document: bytes) -> str:
    parts = [
        f"{report.files} files, {report.bytes} bytes at {report.wiped_at}, serial {report.serial or 'unknown'}",
        f"kept: {', '.join(report.kept)}" if report.kept else "",
        f"LEFT: {', '.join(report.left)}" if report.left else "",
        f"{report.undelivered_events} events lost, report sha256 {hashlib.sha256(document).hexdigest()}",
    ]
    return "; ".join(filter(None, parts))
