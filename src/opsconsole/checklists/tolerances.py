"""How an answer is judged: a table of tolerances, each a function of the answer.

Always true here: nothing, and NULL, is neither right nor wrong; it cannot be told, and what cannot be told does not
pass.
"""

from __future__ import annotations

import operator
import re
from collections.abc import Callable, Mapping, Sequence

from opsconsole import wire

Rows = Sequence[Sequence[wire.QueryValue]]

_COMPARISON = re.compile(r"\s*(<=|>=|==|!=|<|>|=)\s*(-?\d+(?:\.\d+)?(?:e-?\d+)?)\s*(%)?\s*")
_SIGNS: Mapping[str, Callable[[float, float], bool]] = {
    "<": operator.lt, "<=": operator.le, ">": operator.gt, ">=": operator.ge, "==": operator.eq, "=": operator.eq,
    "!=": operator.ne,
}  # fmt: skip


def comparison(text: str) -> tuple[str, float]:
    """(sign, number) of ``< 0.01`` or ``>= 5%``. Raises ValueError."""
    found = _COMPARISON.fullmatch(text)
    if found is None:
        raise ValueError(f"{text!r} is no comparison")
    return found[1], float(found[2]) / (100 if found[3] else 1)


def holds(value: float, compare: str) -> bool:
    sign, bound = comparison(compare)
    return _SIGNS[sign](value, bound)


def judged(probe: wire.Probe, rows: Rows) -> tuple[bool | None, str]:
    """Does an answer to SQL hold, and in words what it was."""
    return _KINDS[probe.type](probe, rows)


def _bool(probe: wire.Probe, rows: Rows) -> tuple[bool | None, str]:
    value = _first(rows)
    return (None, "no answer") if value is None else (bool(value), "holds" if value else "does not hold")


def _range(probe: wire.Probe, rows: Rows) -> tuple[bool | None, str]:
    number = _number(rows)
    if number is None:
        return None, "no number"
    low, high = probe.range
    return low <= number <= high, f"{number:.6g}, wanted {low:g} to {high:g}"


def _regex(probe: wire.Probe, rows: Rows) -> tuple[bool | None, str]:
    value = _first(rows)
    if value is None:
        return None, "no answer"
    return re.search(probe.regex, str(value)) is not None, f"{value!s:.200}, wanted /{probe.regex}/"


def _rows(probe: wire.Probe, rows: Rows) -> tuple[bool | None, str]:
    return holds(len(rows), probe.rows), f"{len(rows)} rows, wanted {probe.rows}"


def _compare(probe: wire.Probe, rows: Rows) -> tuple[bool | None, str]:
    number = _number(rows)
    if number is None:
        return None, "no number"
    return holds(number, probe.compare), f"{number:.6g}, wanted {probe.compare}"


def _first(rows: Rows) -> wire.QueryValue:
    return rows[0][0] if rows and rows[0] else None


def _number(rows: Rows) -> float | None:
    value = _first(rows)
    return float(value) if isinstance(value, int | float) and not isinstance(value, bool) else None


_KINDS: Mapping[wire.Tolerance, Callable[[wire.Probe, Rows], tuple[bool | None, str]]] = {
    "bool": _bool, "range": _range, "regex": _regex, "rows": _rows, "compare": _compare,
}  # fmt: skip
