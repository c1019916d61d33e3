"""The features of wideband speech and of the same speech on the telephone, frame by frame side by side."""

from typing import Final, NamedTuple

import kaldi_native_fbank as knf
import numpy as np
from numpy.typing import NDArray

from appliance.models.adapt.prompts import Session
from appliance.models.adapt.telephone import WIDE_HZ, Audio, draw_line, through
from appliance.models.front import FEATURES

Features = NDArray[np.float32]
"""Frames of 10 ms by 40 cepstra."""

SPEECH_DB: Final = 28.0
"""Frames whose energy (first cepstrum) is that far below the loudest of their session hold no speech."""


class Pair(NamedTuple):
    """One session: the same frames from the telephone and from the wideband side, and which of them are speech."""

    speaker: str
    narrow: Features
    wide: Features
    speech: NDArray[np.bool_]


def mfcc(audio: Audio) -> Features:
    """Give the features that Vosk's models hear as they are installed: without dither.

    It must be the same here and there: above 4 kHz a telephone call holds nothing but rounding, so that a third of the
    bins would hear the dither alone.
    """
    options = knf.MfccOptions()
    options.frame_opts.samp_freq = WIDE_HZ
    options.frame_opts.dither = 0.0
    options.use_energy = False
    options.num_ceps = int(FEATURES["num-ceps"])
    options.mel_opts.num_bins = int(FEATURES["num-mel-bins"])
    options.mel_opts.low_freq = float(FEATURES["low-freq"])
    options.mel_opts.high_freq = float(FEATURES["high-freq"])
    computed = knf.OnlineMfcc(options)
    computed.accept_waveform(WIDE_HZ, np.round(np.clip(audio, -1, 1) * 32767).astype(np.float32).tolist())
    computed.input_finished()
    return np.array([computed.get_frame(number) for number in range(computed.num_frames_ready)], np.float32)


def pair(session: Session, chance: np.random.Generator, *, clean: bool = False) -> Pair:
    """Send a session through a random line, both sides at one random level."""
    spoken = session.audio[np.abs(session.audio) > 1e-3]
    level = np.sqrt(np.mean(spoken**2)) + 1e-9
    audio = session.audio / level * 10 ** (chance.uniform(-36, -16) / 20)
    narrow = mfcc(through(draw_line(chance, clean=clean), audio, chance))
    wide = mfcc(audio + chance.normal(0, 10 ** (-chance.uniform(62, 85) / 20), len(audio)))
    speech = wide[:, 0] > np.percentile(wide[:, 0], 97) - SPEECH_DB
    return Pair(session.speaker, narrow, wide, speech)
