"""Kaldi's option files (`conf/mfcc.conf`): one `--name=value` a line, `#` starts a comment."""

from appliance.models.catalogue import Band

DEFAULT_SAMPLE_FREQUENCY_HZ = 16000.0  # Kaldi's own default, when the file does not say


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


def heard_band(mfcc_conf: str) -> Band:
    """Tell the band of a model from the sampling rate of its features.

    Raises `ValueError` when the rate is not a number.
    """
    rate_hz = float(read_option(mfcc_conf, "sample-frequency") or DEFAULT_SAMPLE_FREQUENCY_HZ)
    return "narrow" if rate_hz <= 8000.0 else "wide"


def _is_option(line: str, name: str) -> bool:
    return line.strip().partition("=")[0].rstrip() == f"--{name}"
