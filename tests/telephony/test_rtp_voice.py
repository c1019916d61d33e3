import numpy as np
import pytest

from appliance.adapters.av_codecs import decoder
from appliance.telephony.codecs import Samples
from appliance.telephony.jitter_actions import Action, Fill, Noise, Play
from appliance.telephony.jitter_buffer import JitterBuffer
from appliance.telephony.rtp_comfort_noise import ComfortNoise
from appliance.telephony.rtp_concealment import FADE_SAMPLES, Concealment
from appliance.telephony.rtp_payloads import STATIC_PAYLOADS, VOICES, PayloadFormat, media_samples, payload_format
from appliance.telephony.rtp_resampling import DELAY_SAMPLES, Resampler
from appliance.telephony.rtp_voice import Voice

from .rtp_captures import packet, stream


def tone(hz: float, rate_hz: int, seconds: float = 0.5) -> Samples:
    at = np.arange(int(rate_hz * seconds)) / rate_hz
    return np.asarray(np.rint(8_000 * np.sin(2 * np.pi * hz * at)), np.int16)


def level(sound: np.ndarray) -> float:
    return float(np.sqrt(np.mean(sound.astype(np.float64) ** 2)))


def heard(name: str, form: PayloadFormat, drop: int = 0) -> Samples:
    """Give the sound of one side of a captured call, each `drop`th packet lost."""
    buffer, voice, parts = JitterBuffer(), Voice(decoder), []
    for number, (at_s, rtp) in enumerate(stream(name, 1)):
        if drop and number % drop == drop - 1:
            continue
        buffer.receive(rtp, STATIC_PAYLOADS[101] if rtp.payload_type == 101 else form, at_s)
        parts.append(voice.render(buffer.advance(at_s)))
    parts.append(voice.render(buffer.finish(at_s)))
    assert voice.undecodable == 0
    return np.concatenate(parts)


@pytest.mark.parametrize(
    ("name", "form"),
    [
        ("call_pcmu_keys", VOICES["PCMU"]),
        ("call_g722", VOICES["G722"]),
        ("call_opus", VOICES["OPUS"]),
    ],
)
def test_a_real_voice_is_heard_as_long_as_it_was_sent(name: str, form: PayloadFormat) -> None:
    sound = heard(name, form)
    assert len(sound) / 16_000 == pytest.approx(stream(name, 1)[-1][0] - stream(name, 1)[0][0] + 0.02, abs=0.03)
    assert 100 < level(sound) < 10_000


def test_the_same_words_are_heard_through_each_codec() -> None:
    narrow = heard("call_pcmu_keys", VOICES["PCMU"])[:24_000].astype(np.float64)
    wide = heard("call_g722", VOICES["G722"])[8_000:16_000].astype(np.float64)
    likeness = np.correlate(narrow, wide, "valid")
    best = int(np.argmax(likeness))
    there = narrow[best : best + len(wide)]
    assert likeness[best] > 0.9 * np.sqrt((there @ there) * (wide @ wide))


def test_what_was_lost_is_filled_so_that_nothing_moves() -> None:
    whole, torn = heard("call_pcmu_keys", VOICES["PCMU"]), heard("call_pcmu_keys", VOICES["PCMU"], drop=10)
    assert len(whole) - len(torn) in range(321)
    same = np.mean(whole[: len(torn)] == torn)
    assert same > 0.8


@pytest.mark.parametrize("rate_hz", [8_000, 16_000, 48_000])
def test_a_tone_keeps_its_pitch_and_loudness_at_the_new_rate(rate_hz: int) -> None:
    resampler = Resampler(rate_hz)
    block = tone(1_000, rate_hz)
    parts = [resampler.resample(block[at : at + rate_hz // 50]) for at in range(0, len(block), rate_hz // 50)]
    sound = np.concatenate(parts)
    assert len(sound) == 8_000
    middle = sound[400:-400]
    assert level(middle) == pytest.approx(8_000 / 2**0.5, rel=0.01)
    spectrum = np.abs(np.fft.rfft(middle * np.hanning(len(middle))))
    assert np.argmax(spectrum) * 16_000 / len(middle) == pytest.approx(1_000, abs=3)
    others = np.delete(spectrum, range(np.argmax(spectrum) - 5, np.argmax(spectrum) + 6))
    assert others.max() < spectrum.max() / 1_000
    assert DELAY_SAMPLES / 16_000 <= 0.0015


def test_a_rate_without_a_filter_is_a_fault_of_the_program() -> None:
    with pytest.raises(ValueError, match="44100"):
        Resampler(44_100)


def test_a_vowel_goes_on_for_a_moment_and_then_fades_away() -> None:
    concealment = Concealment()
    vowel = tone(125, 16_000).astype(np.float32)
    concealment.receive_sound(vowel[:3_200])
    made = np.concatenate([concealment.fill(320) for _ in range(5)])
    assert level(made[:160] - vowel[3_200:3_360]) < 0.15 * level(vowel)
    assert level(made[160:320]) > 0.8 * level(vowel)
    assert not made[FADE_SAMPLES:].any()


def test_what_comes_after_a_hole_is_joined_without_a_click() -> None:
    concealment = Concealment()
    vowel = tone(125, 16_000).astype(np.float32)
    concealment.receive_sound(vowel[:3_200])
    joined = np.concatenate((concealment.fill(320), concealment.receive_sound(vowel[3_520:3_840])))
    assert np.abs(np.diff(joined)).max() < 2 * np.abs(np.diff(vowel)).max()
    assert (joined[384:] == vowel[3_584:3_840]).all()


def test_after_silence_nothing_goes_on() -> None:
    concealment = Concealment()
    concealment.receive_sound(tone(125, 16_000).astype(np.float32))
    concealment.silence()
    assert not concealment.fill(320).any()


@pytest.mark.parametrize("reflections", [b"", bytes((200, 90)), bytes((255, 0, 255, 0))])
def test_comfort_noise_has_the_level_that_was_asked_for(reflections: bytes) -> None:
    noise = ComfortNoise()
    assert not noise.make(320).any()
    noise.describe(b"\x32" + reflections)
    assert 20 * np.log10(level(noise.make(16_000)) / (32_767 / 2**0.5)) == pytest.approx(-50, abs=2)


def test_noise_without_a_level_says_nothing_new() -> None:
    noise = ComfortNoise()
    noise.describe(b"")
    assert not noise.make(10).any()


def test_a_payload_that_cannot_be_decoded_is_concealed_and_counted() -> None:
    voice = Voice(decoder)
    opus = VOICES["OPUS"]
    broken = b"\x4b\x01" + b"\xff" * 3
    assert media_samples(opus, broken) == 320
    sound = voice.render([Play(opus, packet("opus")[12:], 320), Play(opus, broken, 320), Fill(100, "silence")])
    assert len(sound) == 740
    assert voice.undecodable <= 1


def test_every_action_gives_exactly_the_samples_it_spans() -> None:
    voice = Voice(decoder)
    payload = packet("pcmu")[12:]
    actions: list[Action] = [
        Play(VOICES["PCMU"], payload, 320),
        Play(VOICES["PCMU"], payload, 321),
        Play(VOICES["PCMU"], payload, 319),
        Play(VOICES["PCMU"], payload, 320, 100),
        Noise(b"\x40"),
        Fill(77, "silence"),
        Fill(1_000, "missing"),
    ]
    assert len(voice.render(actions)) == 320 + 321 + 319 + 220 + 77 + 1_000
    assert len(voice.render([])) == 0


def test_what_a_payload_lasts_is_read_from_it() -> None:
    assert media_samples(VOICES["PCMU"], bytes(160)) == 320
    assert media_samples(VOICES["G722"], bytes(160)) == 320
    assert media_samples(VOICES["OPUS"], packet("opus")[12:]) == 320
    assert media_samples(VOICES["OPUS"], b"") == 0
    assert media_samples(VOICES["OPUS"], b"\x1b\x3f") == 0  # 63 frames of 60 ms
    assert media_samples(STATIC_PAYLOADS[101], bytes(4)) == 0


def test_a_format_that_is_not_understood_is_none() -> None:
    assert payload_format("pcmu", 8_000) == VOICES["PCMU"]
    assert payload_format("PCMU", 16_000) is None
    assert payload_format("G729", 8_000) is None
    assert payload_format("telephone-event", 48_000) == PayloadFormat("TELEPHONE-EVENT", 48_000)
    assert payload_format("CN", 0) is None
