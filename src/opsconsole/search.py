r"""The words of a filter: the same in the console, on the command line and in the daemon.

::

    timeout              any column holds the text
    ~tmout               any column holds these characters in this order
    status=503           the column is this; != is not; < <= > >= compare numbers
    route=/v1/*          with a * as in file names
    latency_ms>2s        numbers may carry a unit: ms s m h, k M, %, $
    error_type=          the column was not logged
    !timeout !model=gpt  an exclamation mark in front inverts one word
    "rate limit"         quotes keep blanks, after a column too: route="a b"; inside them \" is a quote and \\ one \

Words stand beside each other and must all hold. Always true here: upper and lower case are alike; a word that cannot be
understood is an error that says which, never a word that matches nothing.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import Literal, TypeAlias

from opsconsole.errors import UsageError

Value: TypeAlias = str | int | float | bool | None
Operator = Literal["has", "fuzzy", "=", "<", "<=", ">", ">="]

UNITS: dict[str, float] = {
    "": 1.0, "ms": 1.0, "s": 1e3, "m": 60e3, "h": 3600e3, "k": 1e3, "M": 1e6, "%": 0.01,
}  # fmt: skip
"""What a number's suffix multiplies it by: durations become milliseconds."""

_COLUMN = r"[A-Za-z_][A-Za-z0-9_.]*"
_OPERATOR = r"!=|<=|>=|=|<|>"
_QUOTED = r'"(?:[^"\\]|\\.)*"'
FUZZY_UP_TO = 60
"""Characters of a value in which ``~`` looks: long texts hold almost any letters in any order."""

_WORD = re.compile(rf"!?(?:{_COLUMN}(?:{_OPERATOR}))?{_QUOTED}(?=\s|$)|\S+", re.DOTALL)
_FIELD = re.compile(rf"^(?P<column>{_COLUMN})(?P<operator>{_OPERATOR})(?P<value>.*)$", re.DOTALL)
_IS_QUOTED = re.compile(_QUOTED, re.DOTALL)
_NUMBER = re.compile(r"^\$?(?P<number>-?\d+(?:[\d_]*)(?:\.\d+)?(?:e-?\d+)?)(?P<unit>ms|s|m|h|k|M|%)?$")


@dataclass(frozen=True)
class Term:
    """One word of a filter."""

    operator: Operator
    value: str
    """Lower case."""
    column: str = ""
    """Empty: any column."""
    number: float | None = None
    """The value as a number, where it is one."""
    is_inverse: bool = False


def parse(text: str, columns: Iterable[str] | None = None) -> tuple[Term, ...]:
    """The words of ``text``; with ``columns``, only these may be named.

    Raises UsageError naming the word that cannot be understood.
    """
    known = None if columns is None else list(columns)
    return tuple(_term(word, known) for word in _WORD.findall(text) if word not in ("!", "~", '""'))


def _term(word: str, known: list[str] | None) -> Term:
    is_inverse = word.startswith("!")
    rest = word[1:] if is_inverse else word
    if rest.startswith('"'):
        return Term("has", _unquoted(rest).lower(), is_inverse=is_inverse)
    if rest.startswith("~"):
        return Term("fuzzy", rest[1:].lower(), is_inverse=is_inverse)
    found = _FIELD.match(rest)
    if found is None:
        return Term("has", rest.lower(), is_inverse=is_inverse)
    column, operator, value = found["column"], found["operator"], _unquoted(found["value"])
    if known is not None and column not in known:
        raise UsageError(f"there is no column {column!r} in {word!r}", f"Columns: {', '.join(known)}.")
    if operator == "!=":
        operator, is_inverse = "=", not is_inverse
    number = as_number(value)
    if operator != "=" and number is None:
        raise UsageError(f"{value!r} in {word!r} is no number", f"Write {column}{operator}2.5, 300ms, 2s, 5% or 10k.")
    compared: Operator = operator  # type: ignore[assignment]  # the pattern allows no other
    return Term(compared, value.lower(), column, number, is_inverse)


def _unquoted(value: str) -> str:
    """A quoted text without its quotes; one whose quotes are not closed (yet) loses those that there are."""
    if _IS_QUOTED.fullmatch(value) is None:
        return value.strip('"')
    return re.sub(r'\\(["\\])', r"\1", value[1:-1])


def word(column: str, value: str) -> str:
    """The word that leaves what has exactly this value in this column; an empty value: what has none."""
    literal = re.sub(r"[*?\[]", lambda found: f"[{found[0]}]", value)
    if literal and not re.search(r'[\s"\\]', literal):
        return f"{column}={literal}"
    escaped = re.sub(r'["\\]', lambda found: f"\\{found[0]}", literal)
    return f'{column}="{escaped}"' if escaped else f"{column}="


def as_number(text: str) -> float | None:
    """``2s`` as 2000, ``5%`` as 0.05, ``$0.1`` as 0.1; None for anything else."""
    found = _NUMBER.match(text.strip())
    return float(found["number"].replace("_", "")) * UNITS[found["unit"] or ""] if found else None


def matches(terms: Iterable[Term], values: Mapping[str, Value], haystack: str | None = None) -> bool:
    """Do all words hold? ``haystack``: the values joined in lower case, where somebody has them already."""
    return all(_holds(term, values, haystack) is not term.is_inverse for term in terms)


def joined(values: Mapping[str, Value]) -> str:
    """All values in lower case, with something between them that no word holds."""
    return "\n".join([str(value) for value in values.values() if value is not None]).lower()


def _holds(term: Term, values: Mapping[str, Value], haystack: str | None) -> bool:
    if not term.column:
        text = joined(values) if haystack is None else haystack
        if term.operator == "has":
            return term.value in text
        return any(is_fuzzy(term.value, each) for each in text.split("\n") if len(each) <= FUZZY_UP_TO)
    value = values.get(term.column)
    if term.operator == "=":
        return _equals(term, value)
    if value is None or isinstance(value, str) or term.number is None:
        return False
    return {
        "<": value < term.number,
        "<=": value <= term.number,
        ">": value > term.number,
        ">=": value >= term.number,
    }[term.operator]


def _equals(term: Term, value: Value) -> bool:
    if value is None:
        return not term.value
    if term.number is not None and not isinstance(value, str):
        return math.isclose(float(value), term.number, rel_tol=1e-9)
    return fnmatchcase(str(value).lower(), term.value) if term.value else not str(value)


def is_fuzzy(letters: str, text: str) -> bool:
    """Does the text hold these characters in this order?"""
    rest = iter(text)
    return all(letter in rest for letter in letters)
