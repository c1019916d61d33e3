"""The forms of an English word, for patterns that write `call~` and mean calls, called and calling as well."""

from typing import Final

_IRREGULAR: Final = {
    forms.split()[0]: tuple(forms.split())
    for forms in (
        "be is am are was were been being",
        "break breaks broke broken breaking",
        "bring brings brought bringing",
        "die dies died dying",
        "do does did done doing",
        "drive drives drove driven driving",
        "find finds found finding",
        "get gets got gotten getting",
        "give gives gave given giving",
        "go goes went gone going",
        "have has had having",
        "hear hears heard hearing",
        "hold holds held holding",
        "keep keeps kept keeping",
        "leave leaves left leaving",
        "lose loses lost losing",
        "lie lies lied lying",
        "make makes made making",
        "man men",
        "pay pays paid paying",
        "person persons people",
        "put puts putting",
        "quit quits quitting",
        "ring rings rang rung ringing",
        "say says said saying",
        "see sees saw seen seeing",
        "sit sits sat sitting",
        "speak speaks spoke spoken speaking",
        "spend spends spent spending",
        "take takes took taken taking",
        "tell tells told telling",
        "think thinks thought thinking",
        "treat treats treated treating",
        "wife wives",
        "write writes wrote written writing",
    )
}
_VOWELS: Final = "aeiou"


def forms(word: str) -> tuple[str, ...]:
    """Give a word and its inflected forms; of a regular word some of them may be ones that nobody says."""
    if word in _IRREGULAR:
        return _IRREGULAR[word]
    if word.endswith("e"):
        stems = (word[:-1],)
        return (word, word + "s", *(stem + ending for stem in stems for ending in ("ed", "ing")))
    if word.endswith("y") and word[-2:-1] not in _VOWELS:
        return (word, word[:-1] + "ies", word[:-1] + "ied", word + "ing")
    plural = word + ("es" if word.endswith(("s", "x", "z", "ch", "sh")) else "s")
    stem = word + word[-1] if _doubles(word) else word
    return (word, plural, stem + "ed", stem + "ing")


def _doubles(word: str) -> bool:
    """Say whether the last letter is doubled: "stopped", "cancelled" (American "canceled" is normalised to it)."""
    ends_so = len(word) > 2 and word[-1] not in "aeiouwxyrn" and word[-2] in _VOWELS and word[-3] not in _VOWELS
    return ends_so and (len(word) <= 4 or word.endswith("l"))
