"""Does a change lead back? By what it does, not by the name it has or by who asks.

Always true here: what is taken back is the last thing that was brought and not taken back yet, whole and from exactly
the state that it left; what takes a roll-back back brings something, and so does what undoes an undoing.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from opsconsole import wire
from opsconsole.releases.targets.shares import same_routing

Shares = Mapping[str, float]


def leads_back(
    history: Iterable[wire.HistoryEntry], order: wire.OrderRequest, now: wire.Routing, wanted: wire.Routing
) -> bool:
    """``history`` is the service's, oldest first; ``now`` is what the target says, ``wanted`` what it would say."""
    if order.act not in wire.FORWARD:
        return True
    has_more = not (wanted.headers.items() <= now.headers.items() and wanted.shadow.items() <= now.shadow.items())
    if order.act != "set" or has_more:
        return False
    brought = _brought(history)
    return bool(brought) and _is_inverse(brought[-1], now.shares, wanted.shares)


def _brought(history: Iterable[wire.HistoryEntry]) -> list[wire.HistoryEntry]:
    """The changes that brought something, each from the state that the one before it left."""
    stack: list[wire.HistoryEntry] = []
    for entry in history:
        if entry.act in ("out of band", "observed"):
            stack = []
        elif entry.word != "done" or _same(entry.before, entry.after):
            continue
        elif stack and _is_inverse(stack[-1], entry.before, entry.after):
            stack.pop()
        elif entry.act in wire.FORWARD:
            stack.append(entry)
        else:
            while stack and not _same(stack[-1].after, entry.after):
                stack.pop()
    return stack


def _is_inverse(entry: wire.HistoryEntry, before: Shares, after: Shares) -> bool:
    return _same(entry.after, before) and _same(entry.before, after)


def _same(one: Shares, other: Shares) -> bool:
    return same_routing(wire.Routing(shares=dict(one)), wire.Routing(shares=dict(other)))
