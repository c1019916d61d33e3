import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from appliance.errors import BadInputError
from appliance.telephony.wav import MAX_HEADER_BYTES, MOST_CHANNELS, RATES_HZ, WavFormat, parse_header

from .wav_files import ALAW, FLOAT, PCM, ULAW, chunk, extensible, fmt, riff, wav

AUDIO = bytes(range(64))


def parse(file: bytes) -> WavFormat:
    return parse_header(file[:MAX_HEADER_BYTES], len(file), "call.wav")


def audio_of(file: bytes) -> bytes:
    form = parse(file)
    return file[form.offset_bytes : form.offset_bytes + form.length_bytes]


@pytest.mark.parametrize("rate_hz", RATES_HZ)
@pytest.mark.parametrize("channels", range(1, MOST_CHANNELS + 1))
@pytest.mark.parametrize(("codec", "bits"), [(PCM, 16), (ALAW, 8), (ULAW, 8)])
def test_what_a_telephone_recorder_writes_is_read(codec: int, bits: int, channels: int, rate_hz: int) -> None:
    file = wav(AUDIO, codec, channels, rate_hz, bits)
    form = parse(file)
    assert (form.rate_hz, form.channels, form.sample_bytes) == (rate_hz, channels, bits // 8)
    assert form.frame_bytes == channels * bits // 8
    assert audio_of(file) == AUDIO
    assert len(form.decode(AUDIO)) == len(AUDIO) // (bits // 8)


def test_pcm_is_little_endian() -> None:
    assert parse(wav(AUDIO)).decode(b"\x01\x00\xff\xff\x00\x80").tolist() == [1, -1, -32768]


@pytest.mark.parametrize(("codec", "bits"), [(PCM, 16), (ALAW, 8), (ULAW, 8)])
def test_the_extensible_form_is_read_too(codec: int, bits: int) -> None:
    file = riff(chunk(b"fmt ", extensible(codec, 2, 48_000, bits)), chunk(b"data", AUDIO))
    assert parse(file).decode is parse(wav(AUDIO, codec, bits=bits)).decode
    assert audio_of(file) == AUDIO


@pytest.mark.parametrize("note", [b"", b"odd", b"even", b"data" * 5 + b"!"])
def test_chunks_around_the_audio_are_passed_over_with_their_padding(note: bytes) -> None:
    file = riff(
        chunk(b"LIST", note), chunk(b"fmt ", fmt()), chunk(b"fact", note), chunk(b"data", AUDIO), chunk(b"LIST", note)
    )
    assert audio_of(file) == AUDIO


@pytest.mark.parametrize("announced", [0, 0xFFFFFFFF])
def test_a_writer_that_could_not_seek_back_left_no_length_so_all_that_follows_is_audio(announced: int) -> None:
    assert audio_of(riff(chunk(b"fmt ", fmt()), chunk(b"data", AUDIO, size=announced))) == AUDIO


def test_half_a_sample_at_the_end_is_left_out() -> None:
    assert audio_of(wav(AUDIO + b"xyz", channels=2)) == AUDIO


BAD = {
    "empty": (b"", "the file is empty", "record"),
    "text": (b"hello, this is not audio at all", "not a WAV file", "convert"),
    "half a head": (b"RIFF\0\0", "not a WAV file", "convert"),
    "an AVI": (b"RIFF\x10\0\0\0AVI LIST", "not a WAV file", "convert"),
    "ends before the audio": (wav(AUDIO)[:36], "ends before its audio begins", "copy"),
    "no audio chunk": (riff(chunk(b"fmt ", fmt())), "ends before its audio begins", "copy"),
    "audio before format": (riff(chunk(b"data", AUDIO), chunk(b"fmt ", fmt())), "does not say how", "record"),
    "short format": (riff(chunk(b"fmt ", fmt()[:10]), chunk(b"data", AUDIO)), "does not say how", "record"),
    "truncated": (wav(AUDIO)[:-10], "truncated: 64 bytes of audio are announced, 54 are there", "copy"),
    "no audio": (wav(b""), "holds no audio", "record"),
    "less than a sample": (wav(b"\1\2", channels=2), "holds no audio", "record"),
    "floating point": (wav(AUDIO, FLOAT, bits=32), "codec 3 with 32 bits cannot be read", "convert"),
    "24 bits": (wav(AUDIO, PCM, bits=24), "codec 1 with 24 bits", "16-bit PCM"),
    "GSM": (wav(AUDIO, 49, bits=0), "codec 49 with 0 bits", "convert"),
    "extensible float": (
        riff(chunk(b"fmt ", extensible(FLOAT, bits=32)), chunk(b"data", AUDIO)),
        "codec 3 with 32 bits",
        "convert",
    ),
    "three channels": (wav(AUDIO, channels=3), "3 channels at 16000 Hz", "one or two channels"),
    "no channel": (wav(AUDIO, channels=0), "0 channels", "one or two channels"),
    "odd rate": (wav(AUDIO, rate_hz=11_025), "1 channels at 11025 Hz", "8000, 16000"),
}


@pytest.mark.parametrize(("file", "what", "mend"), BAD.values(), ids=BAD)
def test_what_cannot_be_read_is_told_with_the_file_and_the_mend(file: bytes, what: str, mend: str) -> None:
    with pytest.raises(BadInputError) as caught:
        parse(file)
    assert what in caught.value.what
    assert caught.value.where == "call.wav"
    assert mend in caught.value.mend


FILES = st.builds(
    riff,
    st.builds(chunk, st.sampled_from([b"LIST", b"fmt ", b"fact"]), st.binary(max_size=40)),
    st.builds(chunk, st.just(b"fmt "), st.builds(fmt, st.sampled_from([PCM, ALAW, ULAW]), st.integers(0, 3))),
    st.builds(chunk, st.just(b"data"), st.binary(max_size=40), size=st.none() | st.integers(0, 2**32 - 1)),
)


def check_any_bytes(file: bytes) -> None:
    """Whatever the bytes, either there is audio inside the file, or a person is told what to do."""
    refused: BadInputError | None = None
    try:
        form = parse(file)
    except BadInputError as error:
        refused = error
    if refused:
        assert refused.what
        assert refused.mend
        assert refused.where == "call.wav"
        return
    assert form.length_bytes > 0
    assert form.length_bytes % form.frame_bytes == 0
    assert form.offset_bytes + form.length_bytes <= len(file)
    assert len(form.decode(audio_of(file))) == form.length_bytes // form.sample_bytes


@given(FILES, st.lists(st.tuples(st.integers(0, 120), st.binary(max_size=4)), max_size=4), st.integers(0, 200))
def test_a_damaged_file_is_read_or_refused_but_never_breaks_the_program(
    file: bytes, damages: list[tuple[int, bytes]], kept: int
) -> None:
    damaged = bytearray(file)
    for at, replacement in damages:
        damaged[at : at + len(replacement)] = replacement
    check_any_bytes(bytes(damaged))
    check_any_bytes(bytes(damaged[:kept]))


@given(st.binary(max_size=200))
@example(b"fmt \xff\xff\xff\xff")
@example(b"data\xff\xff\xff\xff")
def test_any_bytes_after_the_name_of_the_format_are_read_or_refused(rest: bytes) -> None:
    check_any_bytes(b"RIFF\0\0\0\0WAVE" + rest)
