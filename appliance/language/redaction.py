"""Take secrets out of what was heard, before anybody or anything keeps it.

Both partial and final hypotheses go through here, each voice through its own `Redactor`. What is taken out leaves a
mark that says what it was (`marks.py`):

- four digits and more, in words or figures, read in groups, over several utterances, with corrections between them;
  fewer where a number was asked for, or where nothing but digits was said;
- the digits of a code, however few, after "the three digits on the back";
- e-mail addresses; dates of birth, where they were asked for or announced; names, by rule.

Numbers that say how much, how long or when stay. A partial never shows what its final would hide: words at its end are
held back until it is clear what they become. So the newest word comes one word late, unless it is a small word or one
that the rules wait for (`known`).
"""

import re
from collections.abc import Sequence
from collections.abc import Set as AbstractSet
from typing import Final

from appliance.events import SAMPLE_RATE_HZ, Word
from appliance.language.marks import BIRTH_MARK, EMAIL_MARK, NAME_MARK
from appliance.language.normalise import token_texts
from appliance.language.prompts import Asked, asked
from appliance.language.readings import Readings, find_readings
from appliance.language.spoken_dates import date_may_go_on, date_spans, is_whole_date
from appliance.language.spoken_email import asked_for_spans, email_may_begin, email_spans
from appliance.language.spoken_names import (
    MAX_ANSWER_WORDS,
    NAME_LEADS,
    answer_start,
    name_may_begin,
    name_spans,
)
from appliance.language.stopwords import is_content

CONTINUES_WITHIN_SAMPLES: Final = 6 * SAMPLE_RATE_HZ
"""People look at their card between its groups, and agents say "yes" in between."""

ASKED_FOR_SAMPLES: Final = 30 * SAMPLE_RATE_HZ
"""So long after a question its answer may come: people get up and fetch the card."""

MIN_KNOWN_SYLLABLES: Final = 2
"""What a Korean word must begin with to be known in whatever form it ends."""

_HANGUL: Final = re.compile("[\uac00-\ud7a3]+")


class Redactor:
    """Redacts what one voice says, utterance by utterance.

    It remembers what was asked for, and when a number goes on in the next utterance. `name_leads`: what stands before
    a name; none, and names stay. `known`: words that are shown at the end of a partial at once, because the rules wait
    for them: they are nobody's secret.
    """

    def __init__(self, *, name_leads: Sequence[str] = NAME_LEADS, known: AbstractSet[str] = frozenset()) -> None:
        self._name_leads = tuple(name_leads)
        self._known = known
        self._asked_until: dict[Asked, int] = {}
        self._digits_until_sample: int | None = None

    def hear_other(self, words: Sequence[Word]) -> None:
        """Take the words of a final hypothesis of the other voice: they may ask this one for a secret."""
        if words:
            self._ask(asked([word.text for word in words], "other"), words[-1].end_sample + ASKED_FOR_SAMPLES)

    def redact(self, words: Sequence[Word], *, partial: bool) -> tuple[Word, ...]:
        """Give the words of a hypothesis without secrets; a final one ends its utterance."""
        if not words:
            return ()
        texts = [word.text for word in words]
        active = {kind: -1 for kind, until in self._asked_until.items() if words[0].start_sample <= until}
        active |= {kind: word for kind, word in asked(texts, "own").items() if kind not in active}
        readings = find_readings(texts, active, continues=self._continues(words), partial=partial)
        marks = self._marks(texts, active, readings)
        if partial:
            return _marked(words[: self._held_from(texts, active, marks, readings)], marks)
        self._remember(words, texts, active, marks, readings)
        return _marked(words, marks)

    def _continues(self, words: Sequence[Word]) -> bool:
        until = self._digits_until_sample
        return until is not None and words[0].start_sample - until <= CONTINUES_WITHIN_SAMPLES

    def _ask(self, kinds: dict[Asked, int], until_sample: int) -> None:
        if kinds and "quantity" not in kinds:
            self._asked_until.pop("quantity", None)
        for kind in kinds:
            self._asked_until[kind] = max(until_sample, self._asked_until.get(kind, 0))

    def _marks(self, texts: Sequence[str], active: dict[Asked, int], readings: Readings) -> "_Marks":
        """Give the mark for each span that must go, by its first word; the spans do not overlap."""
        spans = [(first, last, EMAIL_MARK) for first, last in _emails(texts, active)]
        if "birth" in active:
            spans += [(first, last, BIRTH_MARK) for first, last in date_spans(texts) if first > active["birth"]]
        if self._name_leads:
            names = name_spans(texts, self._name_leads, asked=active.get("name") == -1)
            spans += [(first, last, NAME_MARK) for first, last in names]
        taken = set[int]()
        marks: _Marks = {}
        for first, last, mark in (*spans, *readings.marks):
            free = [word for word in range(first, last + 1) if word not in taken]
            for begin, end in _stretches(free):
                marks[begin] = (end, mark)
            taken.update(free)
        return marks

    def _held_from(self, texts: Sequence[str], active: dict[Asked, int], marks: "_Marks", readings: Readings) -> int:
        """Give the word from which on a partial must not be shown."""
        hidden = {word for first, (last, _) in marks.items() for word in range(first, last + 1)}
        held = [readings.held_from]
        mail = email_may_begin(texts)
        if not all(self._is_known(token) for text in texts[mail:] for token in token_texts(text)):
            held.append(mail)
        if active.get("email") == -1:
            held.append(_content_from(texts, 0))
        elif "email" in active:
            held.append(_content_from(texts, active["email"] + 1))
        if self._name_leads:
            name = name_may_begin(texts, asked=active.get("name") == -1)
            if not all(token in self._known for text in texts[name:] for token in token_texts(text)):
                held.append(name)
        if "birth" in active:
            held.append(date_may_go_on(texts))
        return next((word for word in range(min(held), len(texts)) if word not in hidden), len(texts))

    def _is_known(self, token: str) -> bool:
        """Say whether a word is known: in Hangul, of which no address is made, also by how it begins."""
        stems = range(MIN_KNOWN_SYLLABLES, len(token)) if _HANGUL.fullmatch(token) else ()
        return token in self._known or any(token[:end] in self._known for end in stems)

    def _remember(
        self, words: Sequence[Word], texts: Sequence[str], active: dict[Asked, int], marks: "_Marks", readings: Readings
    ) -> None:
        end = words[-1].end_sample
        self._digits_until_sample = end if readings.goes_on else None
        # Whoever asks for a number speaks of other things while it is looked for.
        self._ask(asked(texts, "own"), end + CONTINUES_WITHIN_SAMPLES)
        given = {mark: texts[first : last + 1] for first, (last, mark) in marks.items()}
        if BIRTH_MARK in given and is_whole_date(given[BIRTH_MARK]):
            self._asked_until.pop("birth", None)
        if NAME_MARK in given:
            self._asked_until.pop("name", None)
        if EMAIL_MARK in given and email_spans(texts):
            self._asked_until.pop("email", None)
        if "code" in active and readings.gave_code:
            self._asked_until.pop("code", None)


_Marks = dict[int, tuple[int, str]]


def redact(words: Sequence[Word]) -> tuple[Word, ...]:
    """Give the words of one utterance by itself without secrets."""
    return Redactor().redact(words, partial=False)


def _emails(texts: Sequence[str], active: dict[Asked, int]) -> list[tuple[int, int]]:
    """Give the addresses; of those that were asked for, pieces too: the answer may come in several utterances."""
    if "email" not in active:
        return email_spans(texts)
    begin = active["email"] + 1
    spans = [(first + begin, last + begin) for first, last in asked_for_spans(texts[begin:])]
    whole = [span for span in email_spans(texts) if not any(span[0] <= one[1] and one[0] <= span[1] for one in spans)]
    start = answer_start(texts)
    is_answer = active["email"] == -1 and not spans and not whole and len(texts) - start <= MAX_ANSWER_WORDS - 2
    if is_answer and start < len(texts) and all(_is_contentful(text) for text in texts[start:]):
        return [(start, len(texts) - 1)]
    return sorted([*spans, *whole])


def _is_contentful(text: str) -> bool:
    return all(is_content(token) for token in token_texts(text))


def _content_from(texts: Sequence[str], start: int) -> int:
    return next((place for place in range(start, len(texts)) if _is_contentful(texts[place])), len(texts))


def _stretches(words: Sequence[int]) -> list[tuple[int, int]]:
    """Give the stretches of words that follow each other."""
    found: list[tuple[int, int]] = []
    for word in words:
        if found and found[-1][1] == word - 1:
            found[-1] = (found[-1][0], word)
        else:
            found.append((word, word))
    return found


def _marked(words: Sequence[Word], marks: _Marks) -> tuple[Word, ...]:
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
