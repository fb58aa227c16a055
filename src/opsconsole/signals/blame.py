"""Whose error is it: ours, the provider's behind us, or the caller's.

Always true here: an error has exactly one owner, decided by the first row of ``NAMED`` that its class matches, else by
its HTTP status in ``BY_STATUS``. What users suffer is ours or the provider's; the caller's own errors use up no budget.
What cannot be told counts as ours: nobody looks at an error that has no owner.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

Owner = Literal["ours", "provider", "caller"]
Kind = Literal["limited", "timeout", "unavailable", "refused", "failed", "asked wrongly", "gave up"]

SUFFERED: frozenset[Owner] = frozenset({"ours", "provider"})
"""Owners whose errors use up the budget of an objective."""


@dataclass(frozen=True)
class Blame:
    """Whose error, and of which kind."""

    owner: Owner
    kind: Kind


@dataclass(frozen=True)
class _Row:
    """What an error means, where requests go on to a provider and where nobody is behind us."""

    provided: Blame
    alone: Blame


def _same(owner: Owner, kind: Kind) -> _Row:
    return _Row(Blame(owner, kind), Blame(owner, kind))


def _behind(kind: Kind, alone: Owner = "ours") -> _Row:
    return _Row(Blame("provider", kind), Blame(alone, kind))


_REFUSED = _Row(Blame("ours", "refused"), Blame("caller", "refused"))
"""Our key was refused by the provider, and the caller can do nothing about that."""

NAMED: tuple[tuple[re.Pattern[str], _Row], ...] = tuple(
    (re.compile(pattern, re.IGNORECASE), row)
    for pattern, row in (
        # a caller that hung up, and what only a caller can have done wrong
        (r"client.?(closed|disconnect|cancel)|cancell?ed|^(DC|DPE)$", _same("caller", "gave up")),
        (r"context.?(window|length)|content.?(policy|filter)|bad.?request", _same("caller", "asked wrongly")),
        (r"invalid.?request|unprocessable|unsupported.?params|validation.?error", _same("caller", "asked wrongly")),
        (r"budget.?exceeded", _same("caller", "limited")),
        # the system behind us, whoever runs it: Envoy's response flags, and errors that say "upstream" or "provider"
        (r"(upstream|provider).{0,20}(rate.?limit|throttl|429)", _same("provider", "limited")),
        (r"^(UT|SI)$|(upstream|provider|gateway).{0,12}time.?d?.?out", _same("provider", "timeout")),
        (r"^(UO|UF|UC|UH|UR|URX|LH|UMSDR)$|upstream|provider", _same("provider", "unavailable")),
        (r"^(RL|RLSE)$", _same("caller", "limited")),
        (r"overloaded|capacity|service.?unavailable|api.?connection", _behind("unavailable")),
        (r"rate.?limit|throttl|too.?many.?requests|quota|resource.?exhausted", _behind("limited", "caller")),
        (r"time.?d?.?out|deadline", _behind("timeout")),
        (r"authentication|unauthori[sz]ed|permission|forbidden|invalid.?api.?key", _REFUSED),
        (r"internal.?server|api.?error|bad.?gateway", _behind("failed")),
        (r"not.?found", _same("caller", "asked wrongly")),
    )
)  # fmt: skip
"""Error class → whose, the first that matches: the names of OpenAI's, Anthropic's and LiteLLM's clients, of Envoy, and
those that people give."""

BY_STATUS: Mapping[int, _Row] = {
    401: _REFUSED,
    403: _REFUSED,
    408: _Row(Blame("provider", "timeout"), Blame("caller", "gave up")),
    429: _behind("limited", "caller"),
    499: _same("caller", "gave up"),
    502: _same("provider", "unavailable"),
    503: _behind("unavailable"),
    504: _same("provider", "timeout"),
    529: _behind("unavailable"),
}
"""HTTP status → whose, where the class says nothing: 502 and 504 speak of what is behind us by definition (RFC 9110
§15.6.3, §15.6.5); LiteLLM answers 408 when the provider was too slow."""
_OTHER_4XX = Blame("caller", "asked wrongly")
_REST = Blame("ours", "failed")
_STATUS = re.compile(r"^(?:HTTP )?([1-5]\d\d)$")


def blame(error_class: str, status: int | None = None, *, has_provider: bool = False) -> Blame:
    """Whose a failed request is.

    ``error_class``: the log's own words, or ``HTTP 503`` as the store counts what has none. ``has_provider``: do these
    requests go on to somebody else's API (their ``provider`` is logged)?
    """
    said = _STATUS.match(error_class.strip())
    if said is None and error_class:
        for pattern, row in NAMED:
            if pattern.search(error_class):
                return row.provided if has_provider else row.alone
    code = status if status is not None else int(said[1]) if said else None
    if code is not None and code in BY_STATUS:
        row = BY_STATUS[code]
        return row.provided if has_provider else row.alone
    return _OTHER_4XX if code is not None and 400 <= code < 500 else _REST


def by_owner(error_classes: Mapping[str, int], *, has_provider: bool = False) -> dict[Owner, int]:
    """How many of counted errors (class → requests) are whose; every owner is there."""
    found: dict[Owner, int] = {"ours": 0, "provider": 0, "caller": 0}
    for error_class, n in error_classes.items():
        found[blame(error_class, has_provider=has_provider).owner] += n
    return found
