"""How two versions differ, part by part.

Always true here: comparing the other way round says the same with the sides exchanged; two parts are the same only when
a pin of the same scheme says so; where no pin can tell, the word is ``unclear``, though the names be alike.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Literal

from opsconsole import wire
from opsconsole.provenance.pins import KINDS, pin_of, source_of

Word = Literal["same", "changed", "unclear", "only left", "only right"]


class PartDifference(wire.Struct, frozen=True, kw_only=True):
    """One part of one version beside its counterpart of the other."""

    kind: str
    word: Word
    left: wire.Part | None
    right: wire.Part | None
    why: str = ""
    """What the word rests on, where that is not plain."""


class Difference(wire.Struct, frozen=True, kw_only=True):
    """Two versions, side by side."""

    left: wire.Manifest
    right: wire.Manifest
    parts: tuple[PartDifference, ...]

    def of(self, *words: Word) -> tuple[PartDifference, ...]:
        """The parts that one of these words is said of."""
        return tuple(each for each in self.parts if each.word in words)


def compare(left: wire.Manifest, right: wire.Manifest) -> Difference:
    """Every part of both, in the order of their kinds."""
    found: list[PartDifference] = []
    for kind in KINDS:
        pairs = _paired(_of_kind(left, kind), _of_kind(right, kind))
        found += sorted((_judged(kind, *pair) for pair in pairs), key=_order)
    return Difference(left=left, right=right, parts=tuple(found))


def _of_kind(manifest: wire.Manifest, kind: str) -> list[wire.Part]:
    return sorted((part for part in manifest.parts if part.kind == kind), key=_fields)


def _fields(part: wire.Part) -> tuple[str, ...]:
    return (part.name, part.uri, part.digest, part.caveat, *part.obtain)


def _order(difference: PartDifference) -> tuple[tuple[str, ...], ...]:
    """The same whichever side is left."""
    return tuple(sorted(_fields(part) for part in (difference.left, difference.right) if part is not None))


Pair = tuple[wire.Part | None, wire.Part | None]


def _paired(left: list[wire.Part], right: list[wire.Part]) -> list[Pair]:
    """Which part stands beside which: alike in all, by content, by name, by place, and at last the only one left."""
    pairs: list[Pair] = []
    for likeness in (_fields, _content, _name, _place):
        matched, left, right = _matched(left, right, likeness)
        pairs += matched
    if len(left) == len(right) == 1:
        return [*pairs, (left[0], right[0])]
    return [*pairs, *((part, None) for part in left), *((None, part) for part in right)]


def _matched(
    left: list[wire.Part], right: list[wire.Part], likeness: Callable[[wire.Part], object]
) -> tuple[list[Pair], list[wire.Part], list[wire.Part]]:
    """(Pairs that are alike in this way, what is left of the left, and of the right)."""
    by_key: dict[object, list[wire.Part]] = {}
    for part in right:
        by_key.setdefault(likeness(part), []).append(part)
    pairs: list[Pair] = []
    alone: list[wire.Part] = []
    for part in left:
        key = likeness(part)
        if key and by_key.get(key):
            pairs.append((part, by_key[key].pop(0)))
        else:
            alone.append(part)
    return pairs, alone, [part for part in right if _is_among(part, by_key.values())]


def _is_among(part: wire.Part, groups: Iterable[list[wire.Part]]) -> bool:
    return any(part is each for group in groups for each in group)


def _content(part: wire.Part) -> object:
    pin = pin_of(part)
    return (pin.scheme, pin.value) if pin.is_fixed else None


def _name(part: wire.Part) -> object:
    return part.name


def _place(part: wire.Part) -> object:
    source = source_of(part)
    return (source.repository, source.path) if source else part.uri


def _judged(kind: str, left: wire.Part | None, right: wire.Part | None) -> PartDifference:
    word, why = _word(left, right)
    return PartDifference(kind=kind, word=word, left=left, right=right, why=why)


def _word(left: wire.Part | None, right: wire.Part | None) -> tuple[Word, str]:
    if right is None:
        return "only left", ""
    if left is None:
        return "only right", ""
    one, other = pin_of(left), pin_of(right)
    if one.strength == "none" or other.strength == "none":
        return "unclear", "nothing pins " + ("either" if one.strength == other.strength else "one of them")
    if one.scheme != other.scheme:
        return "unclear", f"their digests are of two kinds: {' and '.join(sorted((one.scheme, other.scheme)))}"
    if one.value != other.value:
        return "changed", ""
    return "same", "by a weak digest alone" if one.strength == "weak" else ""
