"""Keys as a script writes them: names of keys and single characters with blanks between, and text in quotes.

Names are Textual's, as in ``console.keys`` and docs/keys.md; that a bare word is a key and a quoted one is typed is how
``tmux send-keys`` has it. Always true here: what can be read can be pressed on a keyboard.
"""

from __future__ import annotations

import re
import string

from opsconsole.config.load import nearest

TAKEN = frozenset("hijm")
"""With Ctrl, terminals send these as Backspace, Tab and Enter."""
NAMES: tuple[str, ...] = (
    "enter", "escape", "backspace", "delete", "insert", "tab", "shift+tab", "space",
    "up", "down", "left", "right", "home", "end", "pageup", "pagedown",
    *(f"ctrl+{letter}" for letter in string.ascii_lowercase if letter not in TAKEN),
    *(f"f{number}" for number in range(1, 13)),
)  # fmt: skip
QUOTES = ('"', "'")
_WORD = re.compile(r"""\s*(?:"([^"]*)"|'([^']*)'|(\S+))(?=\s|$)""")
_SIZE = re.compile(r"(\d{1,3})x(\d{1,3})")
USUAL_SIZE = (80, 24)
"""Columns and rows of a console; no smaller one works."""


class KeysError(ValueError):
    """What is wrong with keys, and a remedy."""

    def __init__(self, message: str, remedy: str) -> None:
        super().__init__(message)
        self.remedy = remedy


def words_of(text: str) -> tuple[tuple[str, ...], ...]:
    """What is pressed: texts character by character, and keys by themselves. Raises KeysError."""
    words: list[tuple[str, ...]] = []
    at, text = 0, text.strip()
    while at < len(text):
        found = _WORD.match(text, at)
        if found is None or (found[3] or "").startswith(QUOTES):
            raise KeysError(
                f"a quote in {text[at:].strip()!r} is not closed", 'Type text as "text", with blanks around.'
            )
        at = found.end()
        words.append((_key(found[3]),) if found[3] else _text(found[1] or found[2] or ""))
    if not words:
        raise KeysError("presses nothing", 'Name keys, as in: / "chat" enter.')
    return tuple(words)


def _key(word: str) -> str:
    if len(word) == 1 and word.isprintable():
        return word
    if word not in NAMES:
        raise KeysError(f"there is no key {word!r}", f'{nearest(word, NAMES)} Text goes in quotes: "{word}".')
    return word


def _text(text: str) -> tuple[str, ...]:
    if not text or not text.isprintable():
        raise KeysError(
            f"{text!r} cannot be typed", "Write what one line of a keyboard can say, and other keys by name."
        )
    return tuple(text)


def size_of(text: str) -> tuple[int, int]:
    """Columns and rows; the usual ones where nothing is written. Raises KeysError."""
    if not text:
        return USUAL_SIZE
    found = _SIZE.fullmatch(text)
    size = (int(found[1]), int(found[2])) if found else (0, 0)
    if size[0] < USUAL_SIZE[0] or size[1] < USUAL_SIZE[1]:
        raise KeysError(f"{text!r} is no size of a console", "Write COLUMNSxROWS, 80x24 or larger.")
    return size
