"""What is made of the words of both sides: secrets taken out, phrases found, and which of them still count.

Everything that leaves here has been through the redactor of its side; what was heard otherwise is kept nowhere.
"""

import re
from collections.abc import Collection, Sequence
from typing import Final, NamedTuple

from appliance.escalation.rules import RulePack
from appliance.events import PhraseHit, Word
from appliance.language.phrases import Match
from appliance.language.redaction import Redactor
from appliance.language.spoken_names import NAME_LEADS
from appliance.lookout import Lookout
from appliance.speech.frames import Side
from appliance.speech.recognizer import Hypothesis, Look

HIDE_NAMES_OF: Final[frozenset[Side]] = frozenset({"agent", "caller"})
"""Whose own names are hidden unless the settings say otherwise: with its agent's name a record is about that person."""


MAX_REASON: Final = 200
"""Of why a phrase was found: a pattern may be longer, and it stands in the pack for whoever wants all of it."""


class Heard(NamedTuple):
    """A hypothesis without secrets.

    `matches` are the phrases in it; `bearing` are these, and those heard before a recognizer died, which nothing that
    came after it can deny.
    """

    words: tuple[Word, ...]
    matches: list[Match]
    bearing: list[Match]

    @property
    def text(self) -> str:
        """The words as people read them."""
        return " ".join(word.text for word in self.words)


class Hearing:
    """Hypotheses in, what is in them out. The redactors remember what either side has asked the other one for.

    The names that the sides in `hide_names_of` say of themselves are taken out, see `language.spoken_names`.
    """

    def __init__(self, sides: Sequence[Side], rules: RulePack, hide_names_of: Collection[Side] = HIDE_NAMES_OF) -> None:
        self._rules = rules
        self._awaited = set(_awaited(rules))
        leads = {side: NAME_LEADS if side in hide_names_of else () for side in sides}
        self._redactors = {side: Redactor(name_leads=leads[side], known=self._awaited) for side in sides}
        self._tentative: dict[tuple[Side, int], list[Match]] = {}
        self._kept: dict[tuple[Side, int], list[Match]] = {}
        self._lookouts = {side: Lookout() for side in sides}
        self._noticed: dict[tuple[Side, int], set[str]] = {}

    def use(self, rules: RulePack) -> None:
        """Look for the phrases of another pack from now on."""
        self._rules = rules
        # In place, for the redactors hold it: what rules wait for is shown at the end of a partial at once.
        self._awaited |= _awaited(rules)

    def receive(self, side: Side, hypothesis: Hypothesis) -> Heard:
        """Take what the recognizer of one side makes of an utterance."""
        raw = hypothesis.words or ()
        words = self._redactors[side].redact(raw, partial=not hypothesis.final)
        if hypothesis.final:
            for other in self._redactors.keys() - {side}:
                self._redactors[other].hear_other(raw)
        matches = self._rules.index.find(side, words)
        key = (side, hypothesis.utterance)
        bearing = self._bearing(key, matches, final=hypothesis.final)
        expecting = self._expects(key, words, matches, final=hypothesis.final)
        self._lookouts[side].receive([word.text for word in words], expecting=expecting)
        return Heard(words, matches, bearing)

    def looks(self, side: Side, hypothesis: Hypothesis) -> list[Look]:
        """Give the look ahead that is worth its cost behind this partial hypothesis, if one is."""
        due = not hypothesis.ahead and self._lookouts[side].look(hypothesis.until_sample)
        return [Look(side, hypothesis.utterance)] if due else []

    def receive_loss(self, side: Side) -> None:
        """Take that the recognizer of one side died: what it heard cannot be heard again, so nothing may deny it."""
        self._kept |= {key: matches for key, matches in self._tentative.items() if key[0] == side}

    def _expects(self, key: tuple[Side, int], words: Sequence[Word], matches: list[Match], *, final: bool) -> bool:
        """Say whether an urgent phrase has begun that was not noticed in this utterance, not even for a moment."""
        noticed = self._noticed.pop(key, set()) | {match.phrase for match in matches}
        if final:
            return False
        self._noticed[key] = noticed
        return self._rules.index.expects(key[0], words, self._rules.urgent_phrases - noticed)

    def _bearing(self, key: tuple[Side, int], matches: list[Match], *, final: bool) -> list[Match]:
        bearing = [*self._kept.get(key, []), *matches]
        if final:
            self._tentative.pop(key, None)
            self._kept.pop(key, None)
        else:
            self._tentative[key] = bearing
        return bearing


def phrase_hit(side: Side, utterance: int, match: Match, words: Sequence[Word]) -> PhraseHit:
    """Give the event for a match in the final words of an utterance."""
    said = words[match.first_word : match.last_word + 1]
    sure = any(word.confidence is not None for word in said)
    return PhraseHit(
        who=side,
        start_sample=match.start_sample,
        end_sample=match.end_sample,
        phrase=match.phrase,
        text=match.text,
        utterance=utterance,
        confidence=round(match.confidence, 3) if sure else None,
        reason=match.reason[:MAX_REASON],
    )


def _awaited(rules: RulePack) -> frozenset[str]:
    """Give the words that the rules wait for: a partial shows them at its end at once, for they are nobody's secret.

    Of languages that are compared by syllable these are the words as the patterns have them.
    """
    patterns = (pattern for phrase in rules.phrases if phrase.units == "syllables" for pattern in phrase.patterns)
    return rules.index.vocabulary.union(*(_WORD.findall(pattern) for pattern in patterns))


_WORD: Final = re.compile(r"[^\W\d_]+")
