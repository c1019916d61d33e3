"""A small list of Korean words that say how somebody feels, written for calls to a contact centre.

It is no scientific lexicon: some 120 stems with a weight from -3 (fury, insult) to 3 (delight), chosen by hand, never
fitted to data. Words are found by their syllables whatever the spaces, the longest at each place, so a stem covers its
endings. A negation turns and halves a weight: 안 or 못 just before, 지 않, 지 못, 지 마 or 지도 않 just after. The
sum is brought to -1..1 as VADER does it, s / sqrt(s*s + 15), so that both languages mean the same by a number.
"""

import math
import re
from collections.abc import Sequence
from typing import Final

from appliance.language.normalise import token_texts

NORMALISING: Final = 15.0
"""VADER's constant: a single word of weight 2 gives 0.46."""

NEGATED: Final = -0.5
""""Not good" is bad, but less so than "bad"."""


def korean_sentiment(texts: Sequence[str]) -> float:
    """Give the sentiment of some Korean words, -1 to 1; 0 where none of the list is among them."""
    heard = "".join(syllable for text in texts for syllable in token_texts(text, "syllables"))
    total = 0.0
    place = 0
    while place < len(heard):
        stem = next((heard[place : place + n] for n in _LENGTHS if heard[place : place + n] in _WEIGHTS), "")
        if stem:
            total += _WEIGHTS[stem] * (NEGATED if _is_negated(heard, place, place + len(stem)) else 1.0)
        place += len(stem) or 1
    return total / math.sqrt(total * total + NORMALISING)


def _is_negated(heard: str, start: int, end: int) -> bool:
    return heard[max(start - 1, 0) : start] in ("안", "못") or _NEGATION_AFTER.match(heard, end) is not None


_NEGATION_AFTER: Final = re.compile("(하|스럽|롭|되)?(지|진|지는|지도|지가|지를)(않|못|마|말)")

_BY_WEIGHT: Final = {
    3: "최고 완벽 정말좋 너무좋 감동",
    2: (
        "감사 고맙 고마워 고마운 만족 훌륭 친절 기쁘 기뻐 행복 좋습니다 좋아요 좋네요 좋았 좋은 마음에들 마음에듭 "
        "빠르게처리 추천하"
    ),
    1: "괜찮 다행 편리 편하 안심 도움이 도움을 잘해결 해결됐 해결되었 좋겠 수고 반갑",
    -1: (
        "불편 느리 늦었 늦어 늦게 복잡 걱정 헷갈 아쉽 기다리게 오래걸 안돼 안되 문제가 고장 이상하 부담 곤란 "
        "귀찮 지겹 막막 모르겠"
    ),
    -2: (
        "불만 실망 답답 짜증 속상 힘들 괴롭 억울 황당 어이없 어이가없 불쾌 싫어 싫습니다 싫다 나쁘 나빠 엉망 "
        "잘못 불친절 무책임 무시 손해 피해 울고싶 슬프 슬퍼 지쳤 지칩 못믿 믿을수없 말도안되 말도안돼 말이안되 "
        "말이안돼 너무하 너무합 거짓말 거짓 항의 돌아가셨 아프 포기"
    ),
    -3: (
        "화가나 화가납 화가났 화나 화났 열받 최악 사기 분노 미치겠 미칠 환장 끔찍 형편없 쓰레기 개판 뻔뻔 빡치 "
        "빡쳐 지긋지긋 바보 멍청 미친 죽고싶 우롱 농락 치가떨"
    ),
}
_WEIGHTS: Final = {stem: weight for weight, stems in _BY_WEIGHT.items() for stem in stems.split()}
_LENGTHS: Final = sorted({len(stem) for stem in _WEIGHTS}, reverse=True)
