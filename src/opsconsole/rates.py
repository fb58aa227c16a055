"""Shares of one as people read them: the same number in the console, on the command line, in messages and in reviews.

Always true here: what is not nothing never reads as nothing. A finding rounds further (``signals/words.py``), because
it stands in a sentence beside its n.
"""

from __future__ import annotations


def percent(share: float) -> str:
    """In at most six cells: ``0%``, ``<0.01%``, ``0.42%``, ``12.3%``, ``100%``."""
    if share == 0:
        return "0%"
    value = share * 100
    if value < 0.01:
        return "<0.01%"
    if value < 9.995:
        return f"{value:.2f}%"
    return f"{value:.1f}%" if value < 99.95 else f"{value:.0f}%"
