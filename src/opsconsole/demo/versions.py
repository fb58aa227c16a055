"""What the demo's versions are made of: stand-ins, which say of themselves that they are.

Always true here: the files are written into the demo's own directory, and hashed and registered from there like
anybody's, so that every digest that is shown is one that was counted; nothing slow is imported.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from opsconsole.demo.fleet import FLEET

DIRECTORY = "versions"


@dataclass(frozen=True)
class Made:
    """What one version is made of, beside its model."""

    data: str
    config: dict[str, int | float]
    lock: str
    """Name of the set of packages: versions with the same one have the same lock."""
    note: str = ""


MADE: dict[str, dict[str, Made]] = {
    "chat-assist": {
        "v41": Made("chat-feedback-2026-09", {"context_documents": 4, "temperature": 0.3}, "serving-12"),
        "v42": Made(
            "chat-feedback-2026-10",
            {"context_documents": 6, "temperature": 0.3},
            "serving-12",
            "longer context, and Portuguese",
        ),
    },
    "doc-search": {
        "v7": Made("handbook-index-31", {"results": 8}, "search-5"),
        "v8": Made("handbook-index-32", {"results": 8}, "search-5", "the index of this month"),
    },
    "fraud-score": {
        "v3": Made("cards-2026-08", {"trees": 400}, "scoring-3"),
        "v4": Made("cards-2026-10", {"trees": 400}, "scoring-4", "trained again on newer cards"),
    },
}


def version_files() -> dict[str, str]:
    """Relative path → content: of each version its parts, and the file that registers them."""
    return dict(_files())


def registered_by(directory: Path) -> list[Path]:
    """The files that register the versions of a demo in this directory, in the order of the fleet."""
    paths = (
        directory / DIRECTORY / service / f"{version}.yaml"
        for service, versions in MADE.items()
        for version in versions
    )
    return [path for path in paths if path.exists()]


def _files() -> Iterator[tuple[str, str]]:
    for service in FLEET:
        for version, made in MADE[service.name].items():
            base = f"{DIRECTORY}/{service.name}"
            parts = _parts(service.version(version).model, made)
            for path, content in parts.values():
                yield f"{base}/{version}/{path}", content
            yield f"{base}/{version}.yaml", _registration(service.name, version, made.note, parts)


def _parts(model: str, made: Made) -> dict[str, tuple[str, str]]:
    """Kind → (name of the file, its content)."""
    config = "".join(f"{key}: {value}\n" for key, value in made.config.items())
    return {
        "model": (f"{model}.bin", _stand_in(f"the weights of {model}")),
        "data": (f"{made.data}.jsonl", _stand_in(f"the data set {made.data}")),
        "config": ("config.yaml", _stand_in("a configuration") + config),
        "lock": ("requirements.lock", _stand_in(f"the lock of {made.lock}: it names no package")),
    }


def _stand_in(what: str) -> str:
    return f"# Stand-in of the demo for {what}.\n"


def _registration(service: str, version: str, note: str, parts: dict[str, tuple[str, str]]) -> str:
    lines = [f"service: {service}", f"version: {version}", *([f"note: {note}"] if note else []), "parts:"]
    for kind, (path, _) in parts.items():
        name = path.removesuffix(".bin").removesuffix(".jsonl")
        lines.append(f"  - {{kind: {kind}, name: {name}, uri: {version}/{path}}}")
    return "\n".join(lines) + "\n"
