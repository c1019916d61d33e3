"""What a jitter buffer says must be heard, in the order of media time, and what it has counted."""

import dataclasses
from typing import Literal, NamedTuple

from appliance.telephony.rtp import Packet
from appliance.telephony.rtp_payloads import PayloadFormat, media_samples


class Play(NamedTuple):
    """Sound that came: `samples` of media time; the first `skip` of them were filled before it came, too late."""

    form: PayloadFormat
    payload: bytes
    samples: int
    skip: int = 0


class Fill(NamedTuple):
    """Media time of which nothing came: the sound must be concealed where it is lost, or there is silence."""

    samples: int
    kind: Literal["missing", "silence"]


class Noise(NamedTuple):
    """From here on silence sounds like this (RFC 3389)."""

    payload: bytes


class Hole(NamedTuple):
    """What was said there is not known."""

    start_sample: int
    end_sample: int


Action = Play | Fill | Noise | Hole


@dataclasses.dataclass
class Counts:
    """What became of the packets of one side. `strays` belong to no stream that went on."""

    received: int = 0
    played: int = 0
    late: int = 0
    duplicates: int = 0
    reordered: int = 0
    lost: int = 0
    strays: int = 0
    unknown: int = 0
    sources: int = 0
    payload_changes: int = 0


class Arrived(NamedTuple):
    """A packet with what its payload is, and when it came."""

    packet: Packet
    form: PayloadFormat
    arrival_s: float

    @property
    def samples(self) -> int:
        """How long its sound lasts in media time."""
        return media_samples(self.form, self.packet.payload)
