"""What a field's values are: a time, a number, a category, an identifier, somebody's words, a secret.

Always true here: the first row of ``VERDICTS`` that holds decides, so that what must not be stored is asked first; a
verdict depends on the field's name and its sampled values alone. Whatever is no feature has a reason in words.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise
from typing import Any

from opsconsole.ingest.aliases import (
    CONTENT_NAMES,
    IDENTIFIER_WORDS,
    PERSONAL_WORDS,
    SECRET_PAIRS,
    SECRET_WORDS,
    fold,
    words_of,
)
from opsconsole.ingest.mapping import FeatureKind

MAX_CATEGORIES = 50
FREE_TEXT_LENGTH = 64
CONSTANT_LENGTH = 32

_TIME = re.compile(r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d(\.\d{1,9})?(Z|[+-]\d\d(:?\d\d)?)?")
_NUMBER = re.compile(r"\s*[-+]?(\d+\.?\d*|\.\d+)([eE][-+]?\d+)?\s*")
_BOOLEAN = re.compile(r"true|false", re.IGNORECASE)
_EMAIL = re.compile(r"[^@\s]+@[^@\s]+\.[a-z]{2,}", re.IGNORECASE)
_ADDRESS = re.compile(r"(\d{1,3}\.){3}\d{1,3}(:\d+)?|[0-9a-f]{0,4}(:[0-9a-f]{0,4}){3,7}", re.IGNORECASE)
_OPAQUE = re.compile(r"(?=.*\d)(?=.{8})([a-z]{1,10}[-_])?[0-9a-f]{4,}(-?[0-9a-f]+)*|\d{10,}", re.IGNORECASE)
_URL = re.compile(r"[a-z][a-z0-9+.-]*://\S+|/\S*\?\S*", re.IGNORECASE)


def is_number(value: Any) -> bool:
    """A number, or text that is one; a boolean is none."""
    if isinstance(value, str):
        return _NUMBER.fullmatch(value) is not None
    return isinstance(value, int | float) and not isinstance(value, bool)


def is_boolean(value: Any) -> bool:
    return isinstance(value, bool) or (isinstance(value, str) and _BOOLEAN.fullmatch(value) is not None)


def is_time(value: Any) -> bool:
    """ISO 8601 text with date and time; without a zone it is UTC."""
    return isinstance(value, str) and _TIME.fullmatch(value) is not None


def has_zone(value: str) -> bool:
    found = _TIME.fullmatch(value)
    return found is not None and found[2] is not None


@dataclass(frozen=True)
class Profile:
    """One field of a sample: its path and the values that are there."""

    path: str
    values: list[Any]

    @cached_property
    def words(self) -> tuple[str, ...]:
        return words_of(self.path.rsplit(".", 1)[-1])

    @cached_property
    def distinct(self) -> int:
        return len({str(value) for value in self.values})

    @property
    def n(self) -> int:
        return len(self.values)

    @property
    def variety(self) -> float:
        """Distinct values per value: 1 where no two are the same."""
        return self.distinct / self.n

    @cached_property
    def mean_length(self) -> float:
        return sum(len(str(value)) for value in self.values) / self.n

    def are(self, test: Callable[[Any], bool]) -> bool:
        """Are nearly all values like this? One in twenty may be a slip of the log."""
        return self.n > 0 and sum(map(test, self.values)) >= 0.95 * self.n

    @cached_property
    def are_numbers(self) -> bool:
        return self.are(is_number)

    def look_like(self, pattern: re.Pattern[str]) -> bool:
        """Do half of the values look like this?"""
        return (
            sum(isinstance(value, str) and pattern.fullmatch(value) is not None for value in self.values) * 2 >= self.n
        )


def _is_secret(field: Profile) -> bool:
    named = not SECRET_WORDS.isdisjoint(field.words) or any(pair in SECRET_PAIRS for pair in pairwise(field.words))
    return named and not field.are_numbers


def _is_personal(field: Profile) -> bool:
    named = not PERSONAL_WORDS.isdisjoint(field.words) and not field.are_numbers and not field.are(is_boolean)
    return named or field.look_like(_EMAIL) or field.look_like(_ADDRESS)


def _is_content(field: Profile) -> bool:
    leaf = fold(field.path.rsplit(".", 1)[-1])
    return (fold(field.path) in CONTENT_NAMES or leaf in CONTENT_NAMES) and not field.are_numbers


def _is_named_identifier(field: Profile) -> bool:
    return bool(field.words) and field.words[-1] in IDENTIFIER_WORDS


def _is_few(field: Profile) -> bool:
    return field.distinct <= MAX_CATEGORIES and (field.distinct <= 5 or field.variety <= 0.5)


def _is_sequence(field: Profile) -> bool:
    """Whole numbers that only grow, or are as long as ids are, and hardly ever come twice."""
    if field.n < MAX_CATEGORIES or field.variety < 0.98 or not field.are_numbers:
        return False
    numbers = [float(value) for value in field.values if is_number(value)]
    whole = all(number.is_integer() for number in numbers)
    return whole and (all(a < b for a, b in pairwise(numbers)) or min(map(abs, numbers)) >= 1e10)


Verdict = tuple[Callable[[Profile], bool], FeatureKind | None, str]
VERDICTS: tuple[Verdict, ...] = (
    (lambda field: not field.n, None, "no value in the sample"),
    (_is_secret, None, "secret"),
    (_is_personal, None, "personal data"),
    (_is_content, None, "content"),
    (lambda field: field.are(is_time), None, "another time"),
    (lambda field: field.are(is_boolean), "categorical", ""),
    (lambda field: _is_named_identifier(field) and field.variety > 0.5, None, "identifier"),
    (lambda field: _is_named_identifier(field) and _is_few(field), "categorical", ""),
    (_is_named_identifier, None, "identifier"),
    (_is_sequence, None, "identifier"),
    (lambda field: field.are_numbers, "numeric", ""),
    (lambda field: field.look_like(_URL), None, "a URL may hold keys and ids"),
    (lambda field: all(str(value)[:1] in "{[" for value in field.values), None, "nested in text"),
    (lambda field: field.mean_length > FREE_TEXT_LENGTH, None, "free text"),
    (lambda field: field.look_like(_OPAQUE) and not _is_few(field), None, "identifier"),
    (lambda field: field.look_like(_OPAQUE) and field.variety > 0.5, None, "identifier"),
    (lambda field: field.distinct == 1 and field.mean_length > CONSTANT_LENGTH, None, "free text"),
    (_is_few, "categorical", ""),
    (lambda field: field.variety > 0.9, None, "identifier: nearly every value is different"),
    (lambda field: True, None, "too many different values"),
)
"""Asked from the top: test → feature kind, or None and the reason why the field is left out."""


def verdict(field: Profile) -> tuple[FeatureKind | None, str]:
    """Feature kind of a field, or None and why it is none."""
    return next((kind, why) for test, kind, why in VERDICTS if test(field))
