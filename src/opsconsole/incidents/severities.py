"""Which severity holds when there is doubt.

Always true here: between two the higher is taken; nobody has to argue about it while something is broken.
"""

from __future__ import annotations

from collections.abc import Iterable

from opsconsole import wire

USUAL: wire.Severity = "SEV-3"
"""Of an incident that was opened without a word about it."""


def chosen(severities: Iterable[wire.Severity]) -> wire.Severity:
    """The highest of those that it may be."""
    return min(severities, default=USUAL)


def doubt(severities: tuple[wire.Severity, ...], why: str) -> str:
    """Why a severity was taken, with those that it was taken before."""
    if len(set(severities)) < 2:
        return why
    unsure = f"unsure between {' and '.join(sorted(set(severities)))}"
    return f"{unsure}: {why}" if why else unsure
