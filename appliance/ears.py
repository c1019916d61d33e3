"""Which recognizer hears a side: that of the band which is measured on it."""

from collections.abc import Iterable, Mapping
from typing import NamedTuple

from appliance.events import Band, BandMeasured, Notice
from appliance.speech.band import BandMeter
from appliance.speech.endpointer import EndpointerSettings
from appliance.speech.frames import Frame, Side


class Ears(NamedTuple):
    """What listens where a band is carried: the model's name, empty for none, with its endpointing and its notices."""

    model: str
    settings: EndpointerSettings
    notices: tuple[Notice, ...] = ()


class Switch(NamedTuple):
    """From the next request on, the recognizer for `band` hears this side."""

    side: Side
    band: Band


class EarsOfSides:
    """The ears of each side of a call: those for `band` first, then those for the band that is measured."""

    def __init__(self, sides: Iterable[Side], ears: Mapping[Band, Ears], band: Band) -> None:
        self._ears = ears
        self._bands = dict.fromkeys(sides, band)
        self._meters = {side: BandMeter() for side in self._bands}

    def of(self, side: Side) -> Ears:
        """Give the ears that a side has."""
        return self._ears[self._bands[side]]

    def begin(self) -> list[Notice | Switch]:
        """Give every side its first ears, after what must be known of them."""
        first = {band: self._ears[band].notices for band in self._bands.values()}
        notices = [notice for told in first.values() for notice in told]
        return [*notices, *(Switch(side, band) for side, band in self._bands.items())]

    def measure(self, frame: Frame, *, voiced: bool) -> list[BandMeasured]:
        """Measure the band of the frame's side; say what was found, when it is new."""
        side, at, meter = frame.side, frame.sample, self._meters[frame.side]
        if not (meter.receive_frame(frame, voiced=voiced) and meter.band):
            return []
        model = self._ears[meter.band].model
        return [BandMeasured(who=side, start_sample=at, end_sample=at, band=meter.band, model=model)]

    def change(self, side: Side, at: int) -> list[Notice | Switch]:
        """Give the side the ears for its measured band, where it has others; at a moment when nobody speaks on it."""
        band = self._meters[side].band
        if not band or band == self._bands[side]:
            return []
        known = self.of(side).notices
        self._bands[side] = band
        new = [notice for notice in self.of(side).notices if notice not in known]
        told = [Notice(who=side, start_sample=at, end_sample=at, code=one.code, text=one.text) for one in new]
        return [*told, Switch(side, band)]
