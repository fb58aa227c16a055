"""A notice in words: what every message says alike, whatever carries it.

Always true here: what came from data has no character that a terminal, a mail client or a chat would obey or hide, and
is never longer than the other side takes; what was cut says so by an ellipsis.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Callable, Iterator
from typing import TypeVar

from opsconsole.wire import Notice, NoticeKind

T = TypeVar("T")

WORDS: dict[NoticeKind, str] = {
    "firing": "FIRING",
    "escalated": "ESCALATED",
    "update": "UPDATE",
    "resolved": "RESOLVED",
    "test": "TEST",
}
ELLIPSIS = "…"
_HIDDEN = "▯"
"""Stands for a character that would be invisible, obeyed, or reorder its neighbours."""
_BROKEN = frozenset({"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"})
_MOST_URL = 1_000
_MOST_LINE = 10_000
"""Characters of one line that any kind of notifier has room for."""


def headline(notice: Notice, environment: str) -> str:
    """One line: ``[FIRING] prod chat-assist: error budget burns 14× too fast``."""
    about = " ".join(line(part) for part in (environment, notice.service) if part)
    return f"[{WORDS[notice.kind]}] {about}{': ' if about else ''}{line(notice.title)}"


def facts(notice: Notice, environment: str) -> Iterator[tuple[str, str]]:
    """What is known of it, name by name; what is not known is left out."""
    known = {"severity": notice.severity, "service": notice.service, "environment": environment}
    yield from ((name, line(value)) for name, value in known.items() if value)
    yield "at", f"{notice.at:%Y-%m-%d %H:%M:%S} UTC"
    yield from ((line(name), line(value)) for name, value in notice.labels.items() if value)
    yield "key", line(notice.key)


def body_lines(notice: Notice) -> list[str]:
    return [line(each) for each in notice.body.splitlines()]


def urls(notice: Notice) -> list[str]:
    """Links that a browser opens. What has a blank or a control character in it is no URL and is left to commands."""
    return [link for link in notice.links if _is_url(link)]


def commands(notice: Notice) -> list[str]:
    """Links that are no URLs: what to type."""
    return [shown for link in notice.links if not _is_url(link) and (shown := line(link).strip())]


def _is_url(link: str) -> bool:
    is_plain = link.isascii() and link.isprintable() and not set(link) & set(' "<>|\\^`{}')
    return is_plain and link.startswith(("https://", "http://")) and len(link) <= _MOST_URL


def line(text: str) -> str:
    """The text on one line, as much of it as anybody takes."""
    flat = " ".join(text[:_MOST_LINE].splitlines())
    return flat if flat.isascii() and flat.isprintable() else "".join(map(_visible, flat))


def _visible(character: str) -> str:
    if character == "\t":
        return " "
    return _HIDDEN if unicodedata.category(character) in _BROKEN else character


def units(text: str) -> int:
    """Its length as UTF-16 counts it: the longest of the ways in which other sides do."""
    return len(text) + sum(character > "\uffff" for character in text)


def clipped(text: str, most: int) -> str:
    """At most so many UTF-16 units of it."""
    if units(text) <= most:
        return text
    kept = text[: most - len(ELLIPSIS)]
    while units(kept) > most - len(ELLIPSIS):
        kept = kept[:-1]
    return kept.rstrip() + ELLIPSIS


def fitted(lines: list[str], build: Callable[[list[str]], T], fits: Callable[[T], bool]) -> T:
    """What is built from as many of the first lines as fit; the last says how many are left out.

    With none of them it has to fit.
    """
    whole = build(lines)
    if fits(whole):
        return whole
    low, high = 0, len(lines) - 1
    best = build([])
    while low <= high:
        kept = (low + high) // 2
        tried = build([*lines[:kept], f"{ELLIPSIS} {len(lines) - kept} more lines"])
        if fits(tried):
            best, low = tried, kept + 1
        else:
            high = kept - 1
    return best
