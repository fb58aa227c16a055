"""What the versions are made of: the manifest of the one that most users get, beside that of the one that is coming.

Always true here: a part that only one of them has, or that differs, is marked with a sign.
"""

from __future__ import annotations

from opsconsole import wire
from opsconsole.console import numbers
from opsconsole.console.frame import Frame
from opsconsole.console.lines import Line, Span, fill, line, separated, span
from opsconsole.console.text import fit

KIND_CELLS = 13


def compared(view: wire.ReleaseView) -> tuple[wire.Manifest | None, wire.Manifest | None]:
    """The manifests of the stable version, and of the canary or else the version before."""
    stable = next((each for each in view.deployments if each.role == "stable"), None)
    others = [each for role in ("canary", "previous") for each in view.deployments if each.role == role]
    other = next((each for each in others if each.manifest is not None), None)
    return (stable.manifest if stable is not None else None, other.manifest if other is not None else None)


def title(view: wire.ReleaseView, width: int) -> Line:
    left, right = compared(view)
    names = [each.version for each in (left, right) if each is not None]
    if not names:
        return (Span("no version of it was registered", "dim"),)
    kinds = _kinds(left, right)
    apart = sum(_is_apart(kind, left, right) for kind in kinds)
    told = (Span(f"▲ {apart} of {len(kinds)} parts differ", "warn"),) if apart else (Span("nothing differs", "dim"),)
    return separated(((span(" | ".join(names)),), told if len(names) == 2 else ()))


def wanted(view: wire.ReleaseView, width: int) -> int:
    return len(_kinds(*compared(view)))


def lines(view: wire.ReleaseView, frame: Frame, width: int, height: int) -> list[Line]:
    """A row a kind of part, the two versions beside each other."""
    left, right = compared(view)
    return [_row(kind, left, right, width) for kind in _kinds(left, right)][:height]


def _kinds(left: wire.Manifest | None, right: wire.Manifest | None) -> list[str]:
    parts = [part.kind for each in (left, right) if each is not None for part in each.parts]
    return list(dict.fromkeys(parts))


def _row(kind: str, left: wire.Manifest | None, right: wire.Manifest | None, width: int) -> Line:
    one, other, is_apart = _words(kind, left), _words(kind, right), _is_apart(kind, left, right)
    cells = (width - KIND_CELLS - 3) // 2
    sign = Span(" ▲ " if is_apart else "   ", "warn")
    row = (sign, Span(fit(kind, KIND_CELLS - 3), "head"), span(fit(one, cells)), Span(" ", "text"))
    return fill((*row, span(fit(other, cells), "strong" if is_apart else "text")), width) if width > 40 else line(kind)


def _is_apart(kind: str, left: wire.Manifest | None, right: wire.Manifest | None) -> bool:
    return left is not None and right is not None and _words(kind, left) != _words(kind, right)


def _words(kind: str, manifest: wire.Manifest | None) -> str:
    """Name and digest of the parts of a kind."""
    parts = manifest.parts if manifest is not None else ()
    told = [f"{part.name or part.uri} {part.digest[-8:]}".strip() for part in parts if part.kind == kind]
    return ", ".join(told) or numbers.MISSING
