"""Take digits and e-mail addresses out of what was heard, before anybody or anything keeps it.

Both partial and final hypotheses go through here. A partial never shows what its final would hide: digits at its end
are held back until it is clear what they become.

Not yet known here: which digits are a card, an account or a telephone, and names. An address in a partial whose first
part is a single word ("jessica at example") is recognised only with its "dot".
"""

from collections.abc import Sequence
from typing import Final

from appliance.events import SAMPLE_RATE_HZ, Word
from appliance.language.marks import EMAIL_MARK, digits_mark
from appliance.language.spoken_digits import MIN_SECRET_DIGITS, DigitRun, digit_runs
from appliance.language.spoken_email import email_spans, open_email_start

MIN_HELD_DIGITS: Final = 2
"""One digit at the end of a partial says nothing yet; two may be the beginning of a card."""

CONTINUES_WITHIN_SAMPLES: Final = 6 * SAMPLE_RATE_HZ
"""People look at their card between its groups, and agents say "yes" in between."""


def redact(words: Sequence[Word], *, partial: bool = False, continues: bool = False) -> tuple[Word, ...]:
    """Give the words with each run of four or more digits, and each e-mail address, as one word that says so.

    `partial`: more words may follow; what may become a secret is left out at the end. `continues`: the same voice was
    reading digits just before, so two at the beginning are enough.
    """
    texts = [word.text for word in words]
    runs = digit_runs(texts)
    emails = email_spans(texts)
    marks = {first: (last, EMAIL_MARK) for first, last in emails}
    for run in runs:
        if _is_secret(run, continues=continues) and not any(
            first <= run.last and run.first <= last for first, last in emails
        ):
            marks[run.first] = (run.last, digits_mark(run.count))
    kept = _held_from(texts, runs, marks) if partial else len(words)
    return _marked(words[:kept], marks)


class Redactor:
    """Redacts what one voice says, utterance by utterance, and remembers when a number goes on in the next one."""

    def __init__(self) -> None:
        self._digits_until_sample: int | None = None

    def redact(self, words: Sequence[Word], *, partial: bool) -> tuple[Word, ...]:
        """Give the words of a hypothesis without secrets; a final one ends its utterance."""
        until = self._digits_until_sample
        continues = bool(words) and until is not None and words[0].start_sample - until <= CONTINUES_WITHIN_SAMPLES
        redacted = redact(words, partial=partial, continues=continues)
        if words and not partial:
            runs = digit_runs([word.text for word in words])
            goes_on = bool(runs) and runs[-1].is_open and (continues or runs[-1].count >= MIN_HELD_DIGITS)
            self._digits_until_sample = words[-1].end_sample if goes_on else None
        return redacted


def _is_secret(run: DigitRun, *, continues: bool) -> bool:
    if continues and run.first == 0 and run.count >= MIN_HELD_DIGITS:
        return True
    return run.count >= MIN_SECRET_DIGITS and not run.is_quantity


def _held_from(texts: Sequence[str], runs: Sequence[DigitRun], marks: dict[int, tuple[int, str]]) -> int:
    """Give the word from which on a partial must not be shown."""
    held = len(texts)
    if runs and runs[-1].is_open and runs[-1].first not in marks and runs[-1].count >= MIN_HELD_DIGITS:
        held = runs[-1].first
    start = open_email_start(texts)
    inside = any(first <= start <= last for first, (last, _) in marks.items())
    return held if inside else min(held, start)


def _marked(words: Sequence[Word], marks: dict[int, tuple[int, str]]) -> tuple[Word, ...]:
    redacted: list[Word] = []
    index = 0
    while index < len(words):
        last, mark = marks.get(index, (index, ""))
        word, final_word = words[index], words[min(last, len(words) - 1)]
        redacted.append(
            Word(mark, word.start_sample, final_word.end_sample, estimated=word.estimated or final_word.estimated)
            if mark
            else word
        )
        index = last + 1
    return tuple(redacted)
