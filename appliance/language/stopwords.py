"""English words that hold sentences together and mean little by themselves."""

from typing import Final

_TEXT: Final = """
    a about above after again all also am an and another any anybody anyone anything are as at away back be because
    been before being but by can come could did do does doing done down each else even ever every everybody everyone
    for from get gets getting give go goes going gone got had has have having he hear her here hers him his how i if
    in instead into is it its just keep kept know let like many may me might mine more most much must my myself need
    never no nobody none nor not nothing now of off on once one only or other our ours out over own please put quite
    rather really right said same say saying says see she should so some somebody someone something still such take
    than that the their them then there these they thing this those through time times to too two up us use very
    want wants was way we well went were what when where whether which while who whoever whole whom whose why will
    with without would yes you your yours
"""
_FUNCTION_WORDS: Final = frozenset(_TEXT.split())


def is_content(word: str) -> bool:
    """Say whether a word carries meaning; what is no English word does."""
    return word not in _FUNCTION_WORDS
