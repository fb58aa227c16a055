"""What is asked for before something is done: a few fields, one after the other, in the last line of the screen.

Always true here: a form is frozen and names what it is about by id, so that a list that moves changes nothing; an
answer that is missing, none of the choices or not understood is refused with words where it is given, and what was
typed stays, also of the fields that one goes back from.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

from opsconsole.errors import UsageError


@dataclass(frozen=True)
class Field:
    """One question."""

    name: str
    label: str
    value: str = ""
    """What it begins with."""
    choices: tuple[str, ...] = ()
    """Arrows and Tab go through them, and any of them may be typed."""
    is_number: bool = False
    """The first character that is typed takes the place of what stands there: nobody goes on with half a number."""
    is_needed: bool = False
    must_be: str = ""
    """Nothing else will do: for what cannot be taken back."""
    check: Callable[[str], object] = str
    """Is asked about an answer that is not empty; raises UsageError where it cannot be understood."""


@dataclass(frozen=True)
class Form:
    """What is to be done, and how far the answers are."""

    deed: str
    """Id of the action that it was opened by."""
    title: str
    """``acknowledge A-3``."""
    of: str
    """Id of what it is about."""
    fields: tuple[Field, ...] = ()
    given: tuple[tuple[str, str], ...] = ()
    """Names and answers so far."""
    kept: tuple[tuple[str, str], ...] = ()
    """Names and texts of fields that were gone back from."""
    page: tuple[str, ...] = ()
    """What has to be read before it is answered, in place of the view."""
    carried: tuple[tuple[str, str], ...] = ()
    """What goes with it and is not asked for."""

    @property
    def field(self) -> Field | None:
        """The one that is asked now; None when all are answered."""
        return self.fields[len(self.given)] if len(self.given) < len(self.fields) else None

    @property
    def is_last(self) -> bool:
        return len(self.given) + 1 >= len(self.fields)

    @property
    def begins(self) -> str:
        """What the field that is asked now begins with: what stood there when it was left, or its own text."""
        field = self.field
        return dict(self.kept).get(field.name, field.value) if field is not None else ""

    def said(self, name: str) -> str:
        return dict((*self.carried, *self.given)).get(name, "")

    def answered(self, text: str) -> Form:
        """With an answer to the field that is asked now. Raises UsageError in words."""
        field = self.field
        if field is None:
            return self
        text = text.strip()
        if field.must_be and text != field.must_be:
            raise UsageError(f"type {field.must_be}, or Esc")
        if field.is_needed and not text:
            raise UsageError(f"{field.label} is missing")
        if field.choices and text and text not in field.choices:
            near = [choice for choice in field.choices if choice.lower().startswith(text.lower())]
            if len(near) != 1:
                raise UsageError(f"one of {', '.join(field.choices)}")
            text = near[0]
        if text:
            field.check(text)
        return replace(self, given=(*self.given, (field.name, text)))

    def back(self, text: str) -> Form:
        """At the field before, which begins with its answer; ``text`` is kept for the one that is left."""
        field = self.field
        if not self.given:
            return self
        left = {field.name: text} if field is not None else {}
        *before, (name, answer) = self.given
        return replace(self, given=tuple(before), kept=tuple({**dict(self.kept), **left, name: answer}.items()))

    def chosen(self, text: str, by: int) -> str:
        """The choice after or before the one that is typed."""
        field = self.field
        if field is None or not field.choices:
            return text
        at = field.choices.index(text) if text in field.choices else -1 if by > 0 else 0
        return field.choices[(at + by) % len(field.choices)]
