import numpy as np

from appliance.speech.voice import BLOCK_MS, HOP_MS, VoiceMeter, newest, oldest
from tests.speech.voices import frames, hops_of, noise, overtones, seconds

PER_BLOCK = BLOCK_MS // HOP_MS


def test_a_block_has_one_hop_for_each_frame() -> None:
    meter = VoiceMeter()
    given = [meter.receive_frame(frame, voiced=True) for frame in frames(overtones(150.0, 2.0))]
    assert [len(hops.voiced) if hops else 0 for hops in given] == ([0] * (PER_BLOCK - 1) + [PER_BLOCK]) * 2


def test_the_hops_do_not_depend_on_where_a_block_begins() -> None:
    audio = overtones(np.linspace(120, 240, 48_000), 3.0)
    whole, late = hops_of(audio, voiced=True), hops_of(audio[16_000 // 5 :], voiced=True)
    shift = PER_BLOCK // 5
    assert np.allclose(whole.f0_hz[shift + 3 : 2 * PER_BLOCK + shift], late.f0_hz[3 : 2 * PER_BLOCK])
    assert np.allclose(whole.level_db[shift + 3 : 2 * PER_BLOCK + shift], late.level_db[3 : 2 * PER_BLOCK])


def test_after_a_hole_nothing_from_before_it_is_heard() -> None:
    meter = VoiceMeter()
    for frame in frames(overtones(150.0, 0.5)):
        assert meter.receive_frame(frame, voiced=True) is None
    after = [meter.receive_frame(frame, voiced=True) for frame in frames(np.zeros(32_000), start=160_000)]
    hops = [each for each in after if each]
    assert len(hops) == 2
    assert hops[0].level_db.max() == hops[1].level_db.max()


def test_what_is_not_voiced_is_not_measured_but_for_its_level() -> None:
    hops = hops_of(noise(1.0), voiced=False)
    assert not hops.f0_hz.any()
    assert not hops.bands_db.any()
    assert np.all(np.abs(hops.frame_db - 60) < 2)


def test_a_tone_fills_the_bands_where_it_lies() -> None:
    for hz, place in ((400, 0), (1200, 6), (3200, 13)):
        hops = hops_of(3000 * np.sin(2 * np.pi * hz * seconds(1.0)), voiced=True)
        assert abs(int(hops.bands_db[10].argmax()) - place) <= 1


def test_below_and_above_the_telephones_band_nothing_counts() -> None:
    for hz in (120, 5000):
        hops = hops_of(3000 * np.sin(2 * np.pi * hz * seconds(1.0)), voiced=True)
        assert hops.level_db[5:].max() < hops.frame_db[5:].min() - 30


def test_the_newest_and_the_oldest_hold_so_many_voiced_hops() -> None:
    hops = hops_of(noise(2.0), voiced=True)
    hops = hops._replace(voiced=np.arange(100) % 3 == 0)
    assert (newest(hops, 10).voiced.sum(), len(newest(hops, 10).voiced)) == (10, 28)
    assert (oldest(hops, 10).voiced.sum(), len(oldest(hops, 10).voiced)) == (10, 28)
    assert newest(hops, 60).voiced.sum() == oldest(hops, 60).voiced.sum() == 34
    silent = hops._replace(voiced=np.zeros(100, np.bool_))
    assert newest(silent) is oldest(silent) is silent
