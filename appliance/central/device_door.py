"""The port for devices: TLS 1.3 alone, with the certificates of our own authority.

A running server follows what the command line does to the authority: new authorities and a new certificate of its own
are taken without a restart and without a pause in listening. What is taken away counts at once in any case, because
`identity` looks every certificate up.
"""

import asyncio
import logging
import ssl
from typing import Final

from appliance.central.access.ca import CA
from appliance.errors import BadInputError

LOOK_EVERY_S: Final = 5.0

_log = logging.getLogger(__name__)


class DeviceDoor:
    """The TLS of the devices' port. Raises `BadInputError` when there is no authority yet."""

    def __init__(self, ca: CA) -> None:
        self._ca = ca
        self._seen = ""
        self.tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self.tls.minimum_version = ssl.TLSVersion.TLSv1_3
        # A new box has no certificate yet; whoever shows one must hold its key.
        self.tls.verify_mode = ssl.CERT_OPTIONAL
        self.tls.num_tickets = 0  # a resumed session would not ask for the certificate again
        if not ca.exists:
            mend = "undertone central ca init --name HOST, with the name that the boxes know the server by"
            raise BadInputError("the devices' port needs an authority, and there is none yet", mend=mend)
        self.refresh()

    def refresh(self) -> None:
        """Take what has changed since the last time."""
        bundle, own = self._ca.bundle(), self._ca.server_file.read_text()
        if bundle + own != self._seen:
            self.tls.load_verify_locations(cadata=bundle)
            self.tls.load_cert_chain(self._ca.server_file)
            _log.info("device_tls loaded=%s", "again" if self._seen else "first")
            self._seen = bundle + own

    async def watch(self) -> None:
        """Renew the server's certificate in time, and follow changes, until cancelled."""
        while True:
            try:
                if self._ca.renew_server_if_due():
                    _log.warning("server_certificate_renewed")
                self.refresh()
            except (BadInputError, OSError) as error:
                _log.error("device_tls error=%r kept=last_good", str(error))
            await asyncio.sleep(LOOK_EVERY_S)
