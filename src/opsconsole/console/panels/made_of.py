"""What the versions are made of: the manifest of the one that most users get, beside that of the one that is coming."""

from __future__ import annotations

from opsconsole import wire
from opsconsole.console.frame import Frame
from opsconsole.console.lines import Line, Span, separated, span
from opsconsole.console.panels.manifest import manifest_lines
from opsconsole.provenance import compare


def compared(view: wire.ReleaseView) -> tuple[wire.Manifest | None, wire.Manifest | None]:
    """The manifests of the stable version, and of the canary or else the version before."""
    stable = next((each for each in view.deployments if each.role == "stable"), None)
    others = [each for role in ("canary", "previous") for each in view.deployments if each.role == role]
    other = next((each for each in others if each.manifest is not None), None)
    return (stable.manifest if stable is not None else None, other.manifest if other is not None else None)


def title(view: wire.ReleaseView, width: int) -> Line:
    left, right = compared(view)
    names = (span(" | ".join(each.version for each in (left, right) if each is not None)),)
    if left is None and right is None:
        return (Span("no version of it was registered", "dim"),)
    if left is None or right is None:
        return names
    parts = compare(left, right).parts
    unclear = sum(each.word == "unclear" for each in parts)
    apart = sum(each.word != "same" for each in parts) - unclear
    differ = (Span(f"▲ {apart} of {len(parts)} parts differ", "warn"),) if apart else ()
    doubt = (Span(f"? {unclear} of {len(parts)} not pinned", "unknown"),) if unclear else ()
    same = (Span("nothing differs", "dim"),) if not apart and not unclear else ()
    return separated((names, differ, doubt, same))


def wanted(view: wire.ReleaseView, width: int) -> int:
    """Rows that all of it would take: whose and from where, one a kind of part, and the sum of them."""
    left, right = compared(view)
    kinds = {part.kind for each in (left, right) if each is not None for part in each.parts}
    return len(kinds) + 5 if kinds else 1


def lines(view: wire.ReleaseView, frame: Frame, width: int, height: int) -> list[Line]:
    """A row a part, the two versions beside each other."""
    return manifest_lines(*compared(view), width, height)
