"""What an RTP payload is: its codec, its clock, and how much media time it holds (RFC 3551, RFC 7587, RFC 4733)."""

from typing import Final, NamedTuple

from appliance.events import SAMPLE_RATE_HZ

COMFORT_NOISE: Final = "CN"
TELEPHONE_EVENT: Final = "TELEPHONE-EVENT"


class PayloadFormat(NamedTuple):
    """What a payload type stands for; `name` is the encoding's name in capitals.

    `clock_hz` is what its timestamps count, which is not always the rate of the audio.
    """

    name: str
    clock_hz: int

    @property
    def is_voice(self) -> bool:
        """Say whether it carries sound that somebody made."""
        return self.name not in (COMFORT_NOISE, TELEPHONE_EVENT)


VOICES: Final = {
    "PCMU": PayloadFormat("PCMU", 8_000),
    "PCMA": PayloadFormat("PCMA", 8_000),
    "G722": PayloadFormat("G722", 8_000),
    "OPUS": PayloadFormat("OPUS", 48_000),
}
"""The codecs that are understood. G.722 samples at 16 kHz but its clock counts 8 kHz (RFC 3551, section 4.5.2)."""

STATIC_PAYLOADS: Final = {
    0: VOICES["PCMU"],
    8: VOICES["PCMA"],
    9: VOICES["G722"],
    13: PayloadFormat(COMFORT_NOISE, 8_000),
    # Never assigned by RFC 3551, but used so by older equipment.
    19: PayloadFormat(COMFORT_NOISE, 8_000),
    101: PayloadFormat(TELEPHONE_EVENT, 8_000),
}
"""By payload type, where no description of the session says otherwise; 101 is dynamic and nearly always this."""


def payload_format(name: str, clock_hz: int) -> PayloadFormat | None:
    """Give what `a=rtpmap` describes, None where it is not understood."""
    name = name.upper()
    if name in (COMFORT_NOISE, TELEPHONE_EVENT):
        return PayloadFormat(name, clock_hz) if clock_hz > 0 else None
    form = VOICES.get(name)
    return form if form and form.clock_hz == clock_hz else None


def media_samples(form: PayloadFormat, payload: bytes) -> int:
    """Give how long the sound of a payload lasts, in samples of media time; 0 where it carries none."""
    if form.name in ("PCMU", "PCMA"):
        return len(payload) * SAMPLE_RATE_HZ // 8_000
    if form.name == "G722":
        return len(payload) * 2  # 64 kbit/s at 16 kHz: four bits a sample
    if form.name == "OPUS":
        return _opus_samples(payload)
    return 0


_OPUS_TENTHS_MS: Final = (
    *((100, 200, 400, 600) * 3),  # SILK
    *((100, 200) * 2),  # hybrid
    *((25, 50, 100, 200) * 4),  # CELT
)
"""Length of a frame by configuration number (RFC 6716, table 2)."""

_MAX_OPUS_TENTHS_MS: Final = 1_200


def _opus_samples(payload: bytes) -> int:
    """Read the table-of-contents byte (RFC 6716, section 3.1); a packet holds at most 120 ms."""
    if not payload:
        return 0
    frame, code = _OPUS_TENTHS_MS[payload[0] >> 3], payload[0] & 3
    said = payload[1] & 63 if len(payload) > 1 else 0
    length = frame * (1, 2, 2, said)[code]
    return length * SAMPLE_RATE_HZ // 10_000 if length <= _MAX_OPUS_TENTHS_MS else 0
