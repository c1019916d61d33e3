"""What a person and the machine look at together: the sound of the line, the light board, its colours, its button."""

import asyncio
import select
import sys
import time
from collections.abc import Callable, Iterator
from typing import Final, NamedTuple

from appliance.adapters.light import LightError
from appliance.adapters.light_board import LightBoard
from appliance.adapters.machine_checks import Finding
from appliance.adapters.mute_latch import refuse_muted
from appliance.adapters.paths import home
from appliance.cli.line import as_told, check, list_cards
from appliance.errors import BadInputError
from appliance.indicator.board_link import News, Pressed
from appliance.indicator.looks import RGB, Look, Pattern
from appliance.light_settings import BoardSettings
from appliance.sound_card_settings import SoundCardSettings

COLOUR_S: Final = 1.5
"""For which each colour is shown before somebody is asked; a board does nothing on its own for longer than 3 s."""

PRESS_S: Final = 20.0
TURN_S: Final = 0.05


class Person(NamedTuple):
    """Who sits at the terminal. `asks` False: nobody does, and what only a person can tell is not known."""

    asks: bool

    def say(self, text: str) -> None:
        """Say something, beside the report."""
        sys.stderr.write(text + "\n")
        sys.stderr.flush()

    def sees(self, question: str) -> bool | None:
        """Ask for a yes or no; None where there is nobody to ask."""
        if not self.asks:
            return None
        sys.stderr.write(f"{question} [y/n] ")
        sys.stderr.flush()
        return sys.stdin.readline().strip().lower() in {"y", "yes", ""}


def sound_findings(card: str, seconds: float, person: Person) -> list[Finding]:
    """Tell whether a sound card is there, and how the line on it sounds on both sides."""
    try:
        cards = list_cards()
    except BadInputError as error:
        return [Finding("sound card", "trouble", error.what, error.mend)]
    names = [str(as_told(each, cards)["card"]) for each in cards]
    if not names:
        return [Finding("sound card", "trouble", "no sound card found", "plug it in, then: undertone line list")]
    if not card and len(names) > 1:
        return [Finding("sound card", "trouble", f"several are there: {', '.join(names)}", "name one with --card")]
    found = Finding("sound card", "ok", card or names[0])
    try:
        refuse_muted(home())
    except BadInputError as error:
        return [found, Finding("level of both sides", "trouble", error.what, error.mend)]
    person.say(f"Lift the handset and talk, and have somebody talk to you, for {seconds:g} seconds.")
    code = asyncio.run(check(SoundCardSettings((card or names[0],)), seconds, sys.stderr))
    if code:
        mend = "what stands above, or: undertone line check (a running box has the card: stop it first)"
        return [found, Finding("level of both sides", "trouble", "something is wrong with the line", mend)]
    return [found, Finding("level of both sides", "ok", "both sides sound as they should")]


def board_findings(settings: BoardSettings, person: Person) -> Iterator[Finding]:
    """Tell whether a light board answers, shows each colour, and feels its button."""
    news: list[News] = []
    try:
        board = LightBoard(settings, news.append)
    except (LightError, OSError) as error:
        mend = error.mend if isinstance(error, LightError) else "is it plugged in? undertone light list"
        yield Finding("light board", "trouble", str(error), mend)
        yield from (_without_board(what) for what in (*(f"colour {colour}" for colour in RGB), "button"))
        return
    try:
        yield Finding("light board", "ok", "answers")
        for colour in RGB:
            _keep(board, Pattern(Look(colour, 0.8), None, colour), COLOUR_S, lambda: False)
            yield _seen(f"colour {colour}", answer=person.sees(f"Is the light {colour}?"))
        yield _button(board, news, person)
    except (LightError, OSError) as error:
        yield Finding("light board", "trouble", f"was lost: {error}", "is its cable loose?")
    finally:
        board.close()


def _button(board: LightBoard, news: list[News], person: Person) -> Finding:
    if not person.asks:
        return Finding("button", "note", "nobody is at the terminal to press it", "run this in a terminal")
    person.say(f"Press the button of the light board, within {PRESS_S:g} seconds.")
    news.clear()
    _keep(board, Pattern(Look("white", 0.5), None, "press"), PRESS_S, lambda: any(isinstance(n, Pressed) for n in news))
    if any(isinstance(each, Pressed) for each in news):
        return Finding("button", "ok", "was pressed")
    return Finding("button", "trouble", "was not felt", "is it soldered as hardware/light-board says?")


def _keep(board: LightBoard, pattern: Pattern, seconds: float, is_done: Callable[[], bool]) -> None:
    """Show a pattern for so long, or until it is done."""
    began_s = time.monotonic()
    while (elapsed_s := time.monotonic() - began_s) < seconds and not is_done():
        wait_s = board.turn(pattern, round(1000 * elapsed_s))
        select.select([board.fileno()], [], [], min(wait_s, TURN_S))


def _seen(subject: str, *, answer: bool | None) -> Finding:
    if answer is None:
        return Finding(subject, "note", "was shown; nobody is at the terminal to see it", "run this in a terminal")
    if answer:
        return Finding(subject, "ok", "was seen")
    return Finding(subject, "trouble", "was not seen", "are all pixels soldered, and is their data line the right one?")


def _without_board(subject: str) -> Finding:
    return Finding(subject, "trouble", "no light board to try it with", "see the light board above")
