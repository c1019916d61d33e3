"""What words sound like, so that "council" can stand for "cancel" and "헤지" for "해지".

English: a key of consonants, in the manner of Philips ("Hanging on the Metaphone", Computer Language, 1990) but
coarser: voiced and voiceless are one (b p, d t, g k, v f, z s, j ch sh), vowels are left out save one at the beginning.
By itself it takes "street" for "start", so `are_alike` asks that vowels stand in the same places, front ones (e, i, y)
being one and back ones (a, o, u) the other.
Korean: a key for each syllable from its letters (jamo): lax, tense and aspirated onsets are one, so are ㅐ and ㅔ, and
codas are what they are pronounced as ("Standard Pronunciation of Korean", articles 8 to 11). `near_keys` adds syllables
that differ in one letter that telephones blur.

Keys are for the words of patterns only. They say that a recognizer may have written one for the other, never that
somebody said it.
"""

import re
from functools import lru_cache
from typing import Final

MIN_KEY: Final = 4
"""Shorter keys, endings not counted, fit ordinary words: "lawyer", "liar" and "lower" are all L R."""

MIN_BLURRED_VOWELS: Final = 3
"""Of so many vowels one may differ: "manger" is "manager", but "strike" is not "stroke"."""

_SOUNDS: Final = tuple(
    (re.compile(pattern), sound)
    for pattern, sound in (
        (r"^(kn|gn|pn)", "n"),
        (r"^wr", "r"),
        (r"^wh", "w"),
        (r"tch|sch|sh|ch|ti(?=on|al|ous)|si(?=on)|ci(?=al|ous)|dge|j|g(?=[eiy])", "x"),
        (r"ph|v", "f"),
        (r"gh(?=t|$)|gh", ""),
        (r"c(?=[eiy])|z", "s"),
        (r"ck|c|q|g", "k"),
        (r"x(?=[^x])(?<=[aeiou]x)", "x"),
        (r"b", "p"),
        (r"d", "t"),
        (r"(?<=.)[hw]", ""),
    )
)
_VOWEL_GROUP: Final = re.compile(r"[aeiouy]+")
_DOUBLED: Final = re.compile(r"(.)\1+")


@lru_cache(4096)
def english_key(word: str) -> str:
    """Give what an English word sounds like, or nothing where that is too little to go by."""
    if not (word.isascii() and word.isalpha()):
        return ""
    ending = _ending(word)
    skeleton = _skeleton(word)
    key = skeleton[:1].replace("&", "@") + "".join(sound for sound in skeleton[1:] if sound not in "@&")
    return key + ending if len(key) >= MIN_KEY else ""


@lru_cache(4096)
def are_alike(heard: str, meant: str) -> bool:
    """Say whether two English words with the same key sound so much alike that one may stand for the other.

    They do when they are the same with each vowel front or back; a word of three vowels and more may differ in one.
    """
    one, two = _skeleton(heard), _skeleton(meant)
    if one == two:
        return True
    if sum(sound in "@&" for sound in two) < MIN_BLURRED_VOWELS:
        return False
    same = next((n for n, (a, b) in enumerate(zip(one, two, strict=False)) if a != b), min(len(one), len(two)))
    # One sound is another, one is missing, or there is one more: what follows is the same.
    return one[same + 1 :] == two[same + 1 :] or one[same:] == two[same + 1 :] or one[same + 1 :] == two[same:]


def _ending(word: str) -> str:
    return next((ending for ending in ("ing", "ed", "s") if word.endswith(ending) and len(word) > len(ending) + 2), "")


@lru_cache(4096)
def _skeleton(word: str) -> str:
    """Give all that sounds: consonants by their classes, and for each group of vowels whether it is front or back."""
    stem = word.removesuffix(_ending(word))
    sounds = _DOUBLED.sub(r"\1", stem.removesuffix("e") if len(stem) > MIN_KEY else stem)
    for pattern, sound in _SOUNDS:
        sounds = pattern.sub(sound, sounds)
    return _VOWEL_GROUP.sub(lambda group: "@" if group[0][0] in "eiy" else "&", sounds)


_FIRST_SYLLABLE: Final = 0xAC00
_LAST_SYLLABLE: Final = 0xD7A3
_VOWELS: Final = 21
_CODAS: Final = 28

_ONSET_CLASS: Final = "kknttrmppss0cccktph"
"""ㄱㄲㄴㄷㄸㄹㅁㅂㅃㅅㅆㅇㅈㅉㅊㅋㅌㅍㅎ in Unicode's order."""

_VOWEL_CLASS: Final = "aEyEeEjEowWWzuvWqbUIi"
"""ㅏㅐㅑㅒㅓㅔㅕㅖㅗㅘㅙㅚㅛㅜㅝㅞㅟㅠㅡㅢㅣ in Unicode's order."""

_CODA_CLASS: Final = "-kkknnntlkmlllplmpptt0ttktpt"
"""None and the 27 codas in Unicode's order, by how they are pronounced."""

_NEAR_ONSETS: Final = {"h": "0", "0": "h", "n": "r", "r": "n"}
_NEAR_VOWELS: Final = {"e": "o", "o": "e", "U": "u", "u": "U", "I": "i", "i": "I"}
_NEAR_CODAS: Final = {"n": "m0", "m": "n0", "0": "nm", "k": "t", "p": "t"}


@lru_cache(4096)
def korean_key(syllable: str) -> str:
    """Give what a Korean syllable sounds like, three letters; what is no syllable is itself."""
    code = ord(syllable) if len(syllable) == 1 else 0
    if not _FIRST_SYLLABLE <= code <= _LAST_SYLLABLE:
        return syllable
    rest, coda = divmod(code - _FIRST_SYLLABLE, _CODAS)
    onset, vowel = divmod(rest, _VOWELS)
    return _ONSET_CLASS[onset] + _VOWEL_CLASS[vowel] + _CODA_CLASS[coda]


def near_keys(syllable: str) -> frozenset[str]:
    """Give the keys of the syllables that differ from this one in one blurred letter."""
    key = korean_key(syllable)
    if len(key) != 3:
        return frozenset()
    onset, vowel, coda = tuple(key)
    return frozenset(
        [near + vowel + coda for near in _NEAR_ONSETS.get(onset, "")]
        + [onset + near + coda for near in _NEAR_VOWELS.get(vowel, "")]
        + [onset + vowel + near for near in _NEAR_CODAS.get(coda, "")]
    )
