"""How a field that goes by a column's name becomes that column's rule, if its values fit.

Always true here: a name alone is never enough; values of the wrong kind, or a number whose unit nobody said, give no
rule. What a rule takes for granted goes to the notes.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from opsconsole.ingest.aliases import (
    FAILURE_FLAGS,
    OUTCOME_WORDS,
    PLAIN_KEYS,
    TRUE_IS_BAD,
    TRUE_IS_GOOD,
    WRAPPERS,
    fold,
)
from opsconsole.ingest.kinds import Profile, is_boolean, is_number, is_time
from opsconsole.ingest.mapping import Rule
from opsconsole.records import DURATION_COLUMNS, SERIES_KEY


@dataclass(frozen=True)
class Field:
    """A field on trial for a column."""

    column: str
    profile: Profile
    unit: str
    """That its name says; empty for none."""
    records: int
    """Of the sample."""
    notes: list[str]
    """Where to say what was assumed."""


def names_of(path: str) -> Iterator[str]:
    """What a path can be called: itself, and itself without the objects that only hold fields together."""
    keys = path.split(".")
    for place in range(len(keys)):
        yield ".".join(keys[place:])
        if fold(keys[place]) not in WRAPPERS:
            return


def make_rule(field: Field) -> Rule | None:
    """The rule of ``field.column`` from this field; None where its values do not fit."""
    return MAKERS.get(field.column, _plain_rule)(field)


def _time_rule(field: Field) -> Rule | None:
    if field.profile.n * 2 < field.records:
        return None
    if field.profile.are(is_time):
        return Rule(path=field.profile.path, unit="iso8601")
    return Rule(path=field.profile.path, unit=field.unit) if field.unit and field.profile.are_numbers else None


def _duration_rule(field: Field) -> Rule | None:
    fits = not field.profile.n or field.profile.are_numbers
    return Rule(path=field.profile.path, unit=field.unit) if field.unit and fits else None


def _number_rule(field: Field) -> Rule | None:
    return Rule(path=field.profile.path) if not field.profile.n or field.profile.are_numbers else None


def _cost_rule(field: Field) -> Rule | None:
    rule = _number_rule(field)
    if rule and "usd" not in fold(field.profile.path):
        field.notes.append(f"{field.profile.path} is taken as US dollars.")
    return rule


def _confidence_rule(field: Field) -> Rule | None:
    fits = field.profile.are(lambda value: is_number(value) and 0 <= float(value) <= 1)
    return Rule(path=field.profile.path) if fits else None


def _flag_rule(field: Field) -> Rule | None:
    return Rule(path=field.profile.path) if not field.profile.n or field.profile.are(is_boolean) else None


def _status_rule(field: Field) -> Rule | None:
    is_failure_flag = fold(field.profile.path.rsplit(".", 1)[-1]) in FAILURE_FLAGS
    if field.profile.are(is_boolean):
        return Rule(path=field.profile.path, words=TRUE_IS_BAD if is_failure_flag else TRUE_IS_GOOD)
    if is_failure_flag:
        return None
    if field.profile.are(lambda value: is_number(value) and 100 <= float(value) <= 599):
        return Rule(path=field.profile.path)
    words = {str(value).strip().lower() for value in field.profile.values if not is_number(value)}
    by_fold = {fold(word): status for word, status in OUTCOME_WORDS.items()}
    unknown = sorted(word for word in words if fold(word) not in by_fold)
    if field.profile.n and (not words or len(unknown) * 2 > len(words)):
        return None
    if unknown:
        shown = ", ".join(unknown[:10]) + (f" and {len(unknown) - 10} more" if len(unknown) > 10 else "")
        field.notes.append(f"{field.profile.path} also says {shown}: of these requests the outcome stays unknown.")
    spelled = {word: by_fold[fold(word)] for word in sorted(words) if fold(word) in by_fold}
    return Rule(path=field.profile.path, words={**OUTCOME_WORDS, **spelled})


def _error_rule(field: Field) -> Rule | None:
    is_text = field.profile.n == 0 or (field.profile.mean_length <= 64 and not field.profile.are(is_boolean))
    return Rule(path=field.profile.path) if is_text else None


def _key_rule(field: Field) -> Rule | None:
    is_plain = any(fold(name) in PLAIN_KEYS for name in names_of(field.profile.path))
    return None if field.profile.are(is_boolean) else Rule(path=field.profile.path, plain=is_plain)


def _plain_rule(field: Field) -> Rule | None:
    """Words or ids; of a series' key only what comes again, or there would be as many series as requests."""
    if field.profile.are(is_boolean) or (field.profile.n and field.profile.mean_length > 200):
        return None
    is_key = field.column in SERIES_KEY or field.column == "route"
    comes_again = field.profile.n < 20 or (
        field.profile.variety <= 0.5 and not any("?" in str(value) for value in field.profile.values)
    )
    return Rule(path=field.profile.path) if not is_key or comes_again else None


Maker = Callable[[Field], Rule | None]
MAKERS: dict[str, Maker] = {
    "ts": _time_rule,
    **dict.fromkeys(DURATION_COLUMNS, _duration_rule),
    **dict.fromkeys(
        (
            "input_tokens",
            "output_tokens",
            "cached_tokens",
            "cache_write_tokens",
            "reasoning_tokens",
            "cache_write_1h_tokens",
        ),
        _number_rule,
    ),
    "cost_usd": _cost_rule,
    "confidence": _confidence_rule,
    "cache_hit": _flag_rule,
    "status": _status_rule,
    "error_type": _error_rule,
    "api_key_id": _key_rule,
}
"""Column → how its rule is made from a field of a fitting name; None where the values do not fit."""
