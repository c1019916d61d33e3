"""Read a TOML file that a person wrote, and say exactly where it is wrong.

Every error is a `BadInputError` with file, line and key, and what to write instead.
"""

import difflib
import itertools
import math
import re
import tomllib
from collections.abc import Sequence
from typing import Any, Final, NoReturn, TypeVar

from appliance.errors import BadInputError

MAX_FILE_BYTES: Final = 256 * 1024
"""A thousand rules fit, and any configuration; a recording given by mistake does not."""

_NUMBER: Final = "a number"
_WHOLE_NUMBER: Final = "a whole number"

_Kind = TypeVar("_Kind", str, bool, int, float, list[Any], dict[str, Any])


class Table:
    """One table of a TOML file, with the path of keys that leads to it; the empty path is the file itself.

    `number` counts the tables of a list from 1, and is 0 for a table that stands alone.
    """

    def __init__(
        self, values: dict[str, Any], path: tuple[str, ...], source: str, lines: Sequence[str], number: int = 0
    ) -> None:
        self._values = values
        self._number = number
        self._path = path
        self._source = source
        self._lines = lines

    @property
    def name(self) -> str:
        """Give the last key of the path."""
        return self._path[-1] if self._path else ""

    def allow_only(self, *known: str) -> None:
        """Refuse any other key, with the known key that looks most like it."""
        for key in self._values:
            if key not in known:
                like = difflib.get_close_matches(key, known, 1)
                mend = f"did you mean `{like[0]}`?" if like else f"known here: {', '.join(known)}"
                self.refuse(key, "is not a known key", mend)

    @property
    def keys(self) -> tuple[str, ...]:
        """Give every key that is there, where names are free."""
        return tuple(self._values)

    def has(self, key: str) -> bool:
        """Say whether the key is given."""
        return key in self._values

    def text(self, key: str, default: str | None = None, *, of: Sequence[str] = ()) -> str:
        """Give a text that is not empty, with `of` one of these; without a default the key must be there."""
        if default is not None and key not in self._values:
            return default
        value = self._typed(key, str, 'a text, such as "abc"').strip()
        if not value:
            self.refuse(key, "is empty", "write a text, or leave the key out if it has a default")
        if of and value not in of:
            self.refuse(key, f'is "{value}"', f"write one of: {', '.join(of)}")
        return value

    def texts(self, key: str, default: tuple[str, ...] | None = None) -> tuple[str, ...]:
        """Give a list of texts; without a default it must be there and hold at least one."""
        if default is not None and key not in self._values:
            return default
        values = self._typed(key, list, 'a list of texts, such as ["abc"]')
        if not values and default is None:
            self.refuse(key, "is empty", "give at least one text")
        for value in values:
            if not isinstance(value, str) or not value.strip():
                self.refuse(key, f"holds {_shown(value)}", 'write texts in quotes, such as ["abc"]')
        return tuple(values)

    def one_or_more(self, key: str, default: tuple[str, ...], *, of: Sequence[str]) -> tuple[str, ...]:
        """Give a text, or each of a list of texts, all of them among `of`."""
        if not isinstance(self._values.get(key), list):
            return (self.text(key, default[0], of=of),) if key in self._values else default
        values = self.texts(key)
        for value in values:
            if value not in of:
                self.refuse(key, f'holds "{value}"', f"write some of: {', '.join(of)}")
        return values

    def flag(self, key: str, *, default: bool) -> bool:
        """Give true or false."""
        return self._typed(key, bool, "true or false, without quotes") if key in self._values else default

    def number(self, key: str, default: float, *, at_least: float, at_most: float) -> float:
        """Give a number within bounds."""
        return self._bounded(key, _NUMBER, default, at_least, at_most)

    def whole_number(self, key: str, default: int, *, at_least: int, at_most: int) -> int:
        """Give a whole number within bounds."""
        return int(self._bounded(key, _WHOLE_NUMBER, default, at_least, at_most))

    def table(self, key: str, *, optional: bool = False) -> "Table":
        """Give the table under a key; an `optional` one that is absent is empty."""
        return self._table(key, ".".join((*self._path, key)), optional=optional)

    def tables(self, key: str) -> list["Table"]:
        """Give the named tables under a key, such as `[rules.a]` and `[rules.b]` for "rules"; none if it is absent."""
        outer = self._table(key, f"{key}.name", optional=True)
        return [outer.table(name) for name in outer._values]

    def list_of_tables(self, key: str) -> list["Table"]:
        """Give the tables of a list, such as `all = [{...}, {...}]` or `[[rules.a.all]]`; none if it is absent."""
        wanted = f"a list of tables, such as {key} = [{{ ... }}]"
        values = self._typed(key, list, wanted) if key in self._values else []
        for value in values:
            if not isinstance(value, dict):
                self.refuse(key, f"holds {_shown(value)}", f"write {wanted}")
        place = (*self._path, key)
        return [Table(value, place, self._source, self._lines, number) for number, value in enumerate(values, 1)]

    def over(self, base: "Table") -> "Table":
        """Give this table with what it leaves out taken from `base`; errors name the place in this one."""
        return Table(base._values | self._values, self._path, self._source, self._lines)

    def without(self, *keys: str) -> "Table":
        """Give this table as if these keys were not there."""
        values = {key: value for key, value in self._values.items() if key not in keys}
        return Table(values, self._path, self._source, self._lines)

    def refuse(self, key: str, what: str, mend: str, *, near: str = "") -> NoReturn:
        """Raise the error for a key; `near` is a text in its value, to find the line in a long list."""
        path = (*self._path, key) if key else self._path
        line = _line_in_list(self._lines, self._path, self._number) or _line_of(self._lines, path, near)
        place = ".".join(self._path) + (f"[{self._number}]" if self._number else "")
        subject = f"`{'.'.join(filter(None, (place, key)))}`" if path else "the file"
        raise BadInputError(f"{subject} {what}", where=f"{self._source}, line {line}", mend=mend)

    def _table(self, key: str, such_as: str, *, optional: bool) -> "Table":
        absent = optional and key not in self._values
        values = {} if absent else self._typed(key, dict, f"a table, such as [{such_as}]")
        return Table(values, (*self._path, key), self._source, self._lines)

    def _bounded(self, key: str, word: str, default: float, at_least: float, at_most: float) -> float:
        value = self._values.get(key, default)
        if isinstance(value, bool) or not isinstance(value, (int, float) if word == _NUMBER else int):
            self.refuse(key, f"is {_shown(value)}", f"write {word}, without quotes")
        if not math.isfinite(value) or not at_least <= value <= at_most:
            self.refuse(key, f"is {value}", f"write {word} from {at_least:g} to {at_most:g}")
        return float(value)

    def _typed(self, key: str, kind: type[_Kind], wanted: str) -> _Kind:
        if key not in self._values:
            self.refuse("", f"has no `{key}`", f"add `{key}`: {wanted}")
        value = self._values[key]
        if not isinstance(value, kind):
            self.refuse(key, f"is {_shown(value)}", f"write {wanted}")
        return value


def read_table(content: str | bytes, source: str) -> Table:
    """Read a whole TOML file; `source` names it in errors.

    Raises `BadInputError` for what is too large, not UTF-8 or not TOML.
    """
    if len(content) > MAX_FILE_BYTES:
        raise BadInputError(
            f"the file is larger than {MAX_FILE_BYTES // 1024} KiB", where=source, mend="give a TOML file"
        )
    text = _decoded(content, source) if isinstance(content, bytes) else content
    try:
        values = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise _syntax_error(str(error), source, text) from None
    except RecursionError:
        raise BadInputError("lists are nested too deeply", where=source, mend="write flat lists") from None
    return Table(values, (), source, text.splitlines())


def _decoded(content: bytes, source: str) -> str:
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        raise BadInputError(
            "the file is not UTF-8 text", where=f"{source}, line {line}", mend="save it with the encoding UTF-8"
        ) from None


def _syntax_error(message: str, source: str, text: str) -> BadInputError:
    place = re.search(r" \(at (?:line (\d+), column \d+|end of document)\)", message)
    line = (place and place[1]) or len(text.splitlines()) or 1
    what = message[: place.start()] if place else message
    twice = "twice" in what or "overwrite" in what
    mend = "give each name once" if twice else "mend the TOML of this line; texts stand in quotes, lists in brackets"
    return BadInputError(f"not valid TOML: {what}", where=f"{source}, line {line}", mend=mend)


_HEADER: Final = re.compile(r"\s*\[{1,2}([^\[\]\"#]+)\]")
_KEY: Final = re.compile(r"\s*([\w\-.\"]+)\s*=")


def _line_of(lines: Sequence[str], path: tuple[str, ...], near: str) -> int:
    """Give the line of a key, of its table where it has none, or of the first line after it that holds `near`."""
    best, best_depth = 0, 0
    header: tuple[str, ...] = ()
    for number, line in enumerate(lines, 1):
        found = _HEADER.match(line)
        if found:
            header = _keys(found[1])
        key = None if found else _KEY.match(line)
        here = (*header, *_keys(key[1])) if key else header if found else ()
        depth = min(len(here), len(path))
        depth = depth if here[:depth] == path[:depth] else 0
        if depth > best_depth:
            best, best_depth = number, depth
    if near and best:
        best = next((number for number in range(best, len(lines) + 1) if near in lines[number - 1]), best)
    return best or 1


def _line_in_list(lines: Sequence[str], path: tuple[str, ...], number: int) -> int:
    """Give the line on which table `number` of a list begins: its header, or its opening brace; 0 for no such list."""
    if not number:
        return 0
    headers = [line for line, text in enumerate(lines, 1) if (found := _HEADER.match(text)) and _keys(found[1]) == path]
    if len(headers) >= number:
        return headers[number - 1]
    first = _line_of(lines, path, "")
    braces = (line for line in range(first, len(lines) + 1) for _ in range(lines[line - 1].count("{")))
    return next(itertools.islice(braces, number - 1, None), first)


def _keys(dotted: str) -> tuple[str, ...]:
    return tuple(key.strip().strip('"') for key in dotted.split("."))


def _shown(value: object) -> str:
    """Show a wrong value shortly, as TOML would write it."""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, (dict, list)):
        return "a table" if isinstance(value, dict) else "a list"
    shown = f'"{value}"' if isinstance(value, str) else str(value)
    return shown if len(shown) <= 60 else shown[:57] + "..."
