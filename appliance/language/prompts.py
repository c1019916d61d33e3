"""Which secret somebody has just asked for, or is about to give: "what is your date of birth", "my account number is".

What was asked for tells what the next words are. A "one two three" by itself is nothing; after "the three digits on the
back" it must not be kept.
"""

import re
from bisect import bisect_left
from collections.abc import Sequence
from typing import Final, Literal

from appliance.language.normalise import token_texts

Asked = Literal["card", "code", "number", "birth", "email", "name", "quantity"]
"""A kind of secret; or a quantity: what is none, for "how many" was asked."""

Voice = Literal["own", "other"]
"""Who said it: whoever gives the secret, or whoever wants it."""


def asked(texts: Sequence[str], voice: Voice) -> dict[Asked, int]:
    """Give what these words of one utterance ask for or announce, and after which word each. Linear in the words."""
    tokens = [(token, word) for word, text in enumerate(texts) for token in token_texts(text)]
    said = " ".join(token for token, _ in tokens)
    ends: list[int] = []
    length = -1
    for token, _ in tokens:
        length += 1 + len(token)
        ends.append(length)
    found: dict[Asked, int] = {}
    for kind, pattern in (_COMMON | (_OWN if voice == "own" else _OTHER)).items():
        if match := pattern.search(said):
            found[kind] = tokens[bisect_left(ends, match.end())][1]
    return found


def _any(*patterns: str) -> re.Pattern[str]:
    return re.compile("|".join(f"(?:{pattern})" for pattern in patterns))


_THINGS: Final = (
    "account|phone|telephone|mobile|cell|contact|order|reference|booking|customer|tracking|policy|invoice|serial|meter|"
    "passport|member|membership|ticket|case|claim|license|registration|routing|client|confirmation|insurance"
)
_BARE: Final = "iban|sort code|social security|social|post ?code|zip ?code|phone|mobile|reference|passport"
_COMMON: Final[dict[Asked, re.Pattern[str]]] = {
    "card": _any(
        r"\b(card|long) number\b",
        r"\bnumber on (the|your|my) (front of (the|your|my) )?card\b",
        r"\b(american express|visa|mastercard) (is|number)\b",
        r"카드 ?(번호|의? ?숫자)",
    ),
    "code": _any(
        r"\b(security|verification|pass|access|authorization) ?(code|number)\b",
        r"\bc ?v ?[vc]2?\b|\bpin( code| number)?( is|$)|\bpass ?code\b|\byour pin\b",
        r"\b(three|four|last|final) digits (on|at|from) (the|your) back\b|\bdigits on the back\b|\bon the back of\b",
        r"\bcode (they sent me |you sent me |from the text )?is\b",
        r"보안 ?코드|[세네] ?자리|카드 ?뒷면|비밀 ?번호|인증 ?번호|[씨시] ?브이 ?[씨시]",
    ),
    "number": _any(
        rf"\b({_THINGS}) (number|code|reference|id)s?\b",
        rf"\b(booking|telephone|{_BARE}) is\b",
        rf"\b(your|the) ({_BARE})\b",
        r"\b(which|what|your|the|my|a) number\b|\bnumber is\b",
        r"\b(ring|call|reach|phone|text) (me|you|us|him|her) (back )?(on|at)\b",
        r"\bends? (in|with)\b|\b(last|first) (three|four|five|six) (digits|numbers)\b",
        r"(전화|고객|계좌|주문|주민|운송장|차|차량|휴대폰|핸드폰|등록|예약|접수|송장|회원) ?번호",
        r"번호(는|가|를|요)|연락처|자리 ?숫자",
    ),
    "birth": _any(
        r"\bdate of birth\b|\bd ?o ?b\b|\bbirth ?(date|day)\b|\bbirth\b|\bborn\b",
        r"생년월일|생일|몇 ?년 ?생|출생",
    ),
}
_OTHER: Final[dict[Asked, re.Pattern[str]]] = {
    "email": _any(
        r"\b(your|the|an|what|which) (e mail|email|mail)\b|\b(e mail|email) address\b",
        r"\bwhere (shall|should|can|do|may|will|would) (i|we|you) (like (me|us) to )?send\b",
        r"메일 ?주소|메일(은|이|을|를|로|도)? ?(어떻|어디|어느|뭐|무엇|말씀|알려|불러|적어|남겨|받으|받아)",
    ),
    "name": _any(
        r"\b(your|the) ((full|first|last|sur|second|family|middle|maiden) ?)*names?\b|\bsurname\b",
        r"\bwho am i (speaking|talking)\b|\bspell (it|that|your)\b",
        r"성함|존함|이름이 ?(어떻|뭐|무엇|어찌)|이름(을|좀) ?(말씀|알려|불러)",
    ),
    "quantity": _any(
        r"\bhow (many|much|old|long|often|far|big|tall|late|soon|large|high)\b",
        r"\bwhat (time|day|size|floor|year|month)\b|\bwhich (day|floor|size)\b|\bat what\b|\bwhen\b",
        r"몇 ?(명|개|시|분|번|층|살|박|일|시간|월|년)|얼마|언제",
    ),
}
_OWN: Final[dict[Asked, re.Pattern[str]]] = {
    "email": _any(
        r"\b(e mail|email|mail)( address)? is\b|\b(e mail|email) (me|you|him|her|us) (at|on)\b",
        r"\bspell (the|my) (email|e mail)\b",
        r"(메일|메일 ?주소)(은|는)",
    ),
}
