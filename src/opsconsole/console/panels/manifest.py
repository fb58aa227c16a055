"""What versions are made of: one manifest, or two side by side with what differs.

Always true here: what differs is said by sign and word as well as by colour; text of a manifest is made safe by
``span``; the block is exactly as large as was asked for, and parts that it has no room for are counted.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from opsconsole import wire
from opsconsole.console.lines import EMPTY, Line, Span, block, line, span
from opsconsole.console.palette import Ink
from opsconsole.console.states import Sign
from opsconsole.console.widgets import table
from opsconsole.console.widgets.table import Cell, Column
from opsconsole.provenance import Difference, PartDifference, compare, pin_of, reproduce, short_digest

WORDS: dict[str, Sign] = {
    "same": Sign("=", "same", "dim"),
    "changed": Sign("▲", "changed", "warn"),
    "unclear": Sign("?", "unclear", "unknown"),
    "only left": Sign("<", "only left", "first"),
    "only right": Sign(">", "only right", "second"),
}
_PART = (Column("kind", "part", 10),)
_WORD = (Column("sign", "", 1, below_width=100), Column("word", "", 12, from_width=100))
_LEFT, _RIGHT = Column("left", "", 10, grow=1), Column("right", "", 10, grow=1)
_ONE, _BOTH = (*_PART, _LEFT), (*_PART, *_WORD, _LEFT, _RIGHT)
_DIGITS_FROM_WIDTH = 120
"""Cells from which digests are told with more digits."""

Side = Callable[[wire.Part], Cell]


def manifest_lines(left: wire.Manifest | None, right: wire.Manifest | None, width: int, height: int) -> list[Line]:
    """A block of ``height`` lines of ``width`` cells: both manifests beside each other, or the one that is there."""
    one = left or right
    if one is None:
        return block([line(Span("no version is registered: opsconsole version add", "dim"))], width, height)
    if left is None or right is None:
        return _block(_ONE, [one], [_alone(part) for part in one.parts], width, height)
    found = compare(left, right)
    lines = _block(_BOTH, [left, right], list(found.parts), width, max(0, height - 1))
    return [*lines, *block([_summary(found)], width, min(1, height))]


def _alone(part: wire.Part) -> PartDifference:
    return PartDifference(kind=part.kind, word="same", left=part, right=None)


def _block(
    columns: Sequence[Column],
    manifests: Sequence[wire.Manifest],
    parts: Sequence[PartDifference],
    width: int,
    height: int,
) -> list[Line]:
    shown = table.visible(columns, width)
    head = [table.row(shown, cells, width) for cells in _head(manifests)]
    room = height - len(head)
    digits = 32 if width >= _DIGITS_FROM_WIDTH else 12
    if 2 * len(parts) <= room:
        rows = [row for part in parts for row in _two_rows(shown, part, width, digits)]
    else:
        rows = [table.row(shown, _cells(part, _brief), width) for part in parts]
    if len(rows) > room > 0:
        rows = [*rows[: room - 1], line(Span(f"  … {len(rows) - room + 1} more", "dim"))]
    return block([*head, *rows], width, height)


def _head(manifests: Sequence[wire.Manifest]) -> list[dict[str, Cell]]:
    """Who they are, who registered them, and whether they can be made again."""
    told: tuple[Callable[[wire.Manifest], Cell], ...] = (_name, _registered, _verdict)
    rows: list[dict[str, Cell]] = []
    for tell in told:
        cells: dict[str, Cell] = dict.fromkeys(("kind", "sign", "word", "left", "right"), EMPTY)
        cells |= {side: tell(manifest) for side, manifest in zip(("left", "right"), manifests, strict=False)}
        rows.append(cells)
    return rows


def _name(manifest: wire.Manifest) -> Cell:
    return span(f"{manifest.service} {manifest.version}", "strong")


def _registered(manifest: wire.Manifest) -> Cell:
    at = f"{manifest.added_at:%Y-%m-%d %H:%M} " if manifest.added_at else ""
    return span(f"{at}by {manifest.added_by}, from {manifest.origin}", "dim")


def _verdict(manifest: wire.Manifest) -> Cell:
    open_ = dict.fromkeys(gap.kind for gap in reproduce(manifest).gaps if gap.is_blocking)
    return Span(f"✖ open: {', '.join(open_)}", "warn") if open_ else Span("✔ can be made again", "ok")


def _two_rows(shown: Sequence[Column], part: PartDifference, width: int, digits: int) -> list[Line]:
    """Its names, and below them its digests."""
    below = _cells(part, lambda each: _digest(each, digits, _ink(part)))
    return [
        table.row(shown, _cells(part, _called), width),
        table.row(shown, {**below, "kind": EMPTY, "sign": EMPTY, "word": EMPTY}, width),
    ]


def _cells(part: PartDifference, side: Side) -> dict[str, Cell]:
    sign = WORDS[part.word]
    absent: Cell = Span("–", "dim")
    return {
        "kind": Span(part.kind, "text"),
        "sign": Span(sign.sign, sign.ink),
        "word": sign.span,
        "left": side(part.left) if part.left else absent,
        "right": side(part.right) if part.right else absent,
    }


def _called(part: wire.Part) -> Cell:
    return span(part.name or part.uri)


def _digest(part: wire.Part, digits: int, ink: Ink) -> Cell:
    told = _pinned_by(part, digits)
    if not told:
        return span(f"no digest · {part.uri}" if part.name else "no digest", "unknown")
    caveat = (Span(" · ", "faint"), span(part.caveat, "warn")) if part.caveat else ()
    return (span(told, ink), *caveat)


def _pinned_by(part: wire.Part, digits: int) -> str:
    """Its digest, else the revision that its URI names; empty when nothing pins it."""
    pin = pin_of(part)
    return short_digest(part.digest or (f"{pin.scheme}:{pin.value}" if pin.is_fixed else ""), digits)


def _brief(part: wire.Part) -> Cell:
    """Both in one line, the name giving way."""
    return (span(_pinned_by(part, 7) or "no digest", "dim"), Span(" ", "text"), span(part.name or part.uri))


def _ink(part: PartDifference) -> Ink:
    return WORDS[part.word].ink


def _summary(found: Difference) -> Line:
    counts = {word: len(found.of(word)) for word in ("same", "changed", "unclear", "only left", "only right")}
    told = [Span(f"{WORDS[word].sign} {n} {word}  ", WORDS[word].ink) for word, n in counts.items() if n]
    return line(*told)
