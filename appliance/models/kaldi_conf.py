"""Kaldi's option files (`conf/mfcc.conf`, `conf/model.conf`): one `--name=value` a line, `#` starts a comment."""

from typing import Final

from appliance.models.catalogue import Band

DEFAULT_SAMPLE_FREQUENCY_HZ = 16000.0  # Kaldi's own default, when the file does not say

MIN_ACTIVE: Final = 70
"""Hypotheses that Kaldi follows at least, however unlikely they are. Vosk's models are published with 200; with 70 the
Korean one takes a third less CPU, and its character error is the same on the wideband call and 0.3 points less on the
telephone call (40: 0.3 points more on the wideband call)."""

FRAMES_PER_CHUNK: Final = 15
"""Frames of 10 ms that Kaldi decodes in one step, and sees no word of before it has them all; its own default is 20.
With 15 the words of a phrase are there sooner (look-ahead included, 95 % within 0.29 s of audio instead of 0.39 s), at
the same CPU and a character error of 0.180 instead of 0.191 on the Korean call (9: 0.194; 12: 0.183, but alerts are
missed)."""

PUBLISHED: Final = "# published: "
"""Before an option as it was before we changed it."""


def read_option(text: str, name: str) -> str | None:
    """Give the value of the option, the last one when it stands twice (as Kaldi reads it), None when absent."""
    values = [line.partition("=")[2].strip() for line in text.splitlines() if _is_option(line, name)]
    return values[-1].partition("#")[0].strip() if values else None


def with_option(text: str, name: str, value: str) -> str:
    """Give the text with the option set to the value, once, and everything else as it was."""
    kept = [line for line in text.splitlines() if not _is_option(line, name)]
    return "\n".join([*kept, f"--{name}={value}"]) + "\n"


def without_dither(mfcc_conf: str) -> str:
    """Switch off Kaldi's dither, which adds noise of its own: the same recording shall give the same words."""
    return with_option(mfcc_conf, "dither", "0")


def with_lean_search(model_conf: str) -> str:
    """Lower the number of hypotheses that are followed at least to `MIN_ACTIVE`; the old line stays as a comment."""
    given = read_option(model_conf, "min-active")
    if given is None or not given.isdecimal() or int(given) <= MIN_ACTIVE:
        return model_conf
    return with_option(model_conf, "min-active", str(MIN_ACTIVE)) + f"{PUBLISHED}--min-active={given}\n"


def with_short_chunks(model_conf: str) -> str:
    """Have Kaldi decode `FRAMES_PER_CHUNK` at a time, unless the model says for itself how many."""
    if read_option(model_conf, "frames-per-chunk") is not None:
        return model_conf
    return with_option(model_conf, "frames-per-chunk", str(FRAMES_PER_CHUNK))


def as_published(model_conf: str) -> str:
    """Give the options that `with_lean_search` found."""
    lines = model_conf.splitlines()
    changed = [line.removeprefix(PUBLISHED) for line in lines if line.startswith(PUBLISHED)]
    text = "\n".join(line for line in lines if not line.startswith(PUBLISHED)) + "\n"
    for option in changed:
        name, _, value = option.removeprefix("--").partition("=")
        text = with_option(text, name, value)
    return text


def heard_band(mfcc_conf: str) -> Band:
    """Tell the band of a model from the sampling rate of its features.

    Raises `ValueError` when the rate is not a number.
    """
    rate_hz = float(read_option(mfcc_conf, "sample-frequency") or DEFAULT_SAMPLE_FREQUENCY_HZ)
    return "narrow" if rate_hz <= 8000.0 else "wide"


def _is_option(line: str, name: str) -> bool:
    return line.strip().partition("=")[0].rstrip() == f"--{name}"
