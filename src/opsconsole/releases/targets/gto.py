"""The tag grammar of DVC's GTO, and what a set of such tags says.

``NAME@vX.Y.Z`` registers the version at a commit, ``NAME@vX.Y.Z!`` takes that back, ``NAME#stage#N`` assigns the stage
to the version at a commit, ``NAME#stage!#N`` takes that back; N counts per artifact, over all its stages. Always true
here: nothing is decided by a tag's place in a list; tags of one second are ordered by their counter, which GTO itself
leaves open; what GTO shows is what this says (the tests ask it).
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

_NAME = r"[a-zA-Z0-9](?:[a-zA-Z0-9-/_]*[a-zA-Z0-9])?"
_IDENTIFIER = r"(?:0|[1-9]\d*|\d*[a-zA-Z-][0-9a-zA-Z-]*)"
_SEMVER = (
    rf"v(?:0|[1-9]\d*)\.(?:0|[1-9]\d*)\.(?:0|[1-9]\d*)(?:-{_IDENTIFIER}(?:\.{_IDENTIFIER})*)?"
    r"(?:\+[0-9a-zA-Z-]+(?:\.[0-9a-zA-Z-]+)*)?"
)
_TAG = re.compile(
    rf"(?P<artifact>(?:[a-zA-Z0-9-_./]+=)?{_NAME})"
    rf"(?:#(?P<stage>{_NAME})|@(?P<version>{_SEMVER}))(?P<cancel>!?)(?:#(?P<counter>[0-9]+))?"
)
ARTIFACT = re.compile(rf"(?:[a-zA-Z0-9-_./]+:)?{_NAME}")
"""``fraud``, or ``models/core:fraud`` for one that is kept in a directory."""
STAGE = re.compile(_NAME)


@dataclass(frozen=True)
class Tag:
    """An annotated tag; a light one says neither who nor when, and is no event."""

    name: str
    commit: str
    at: int
    """Unix seconds."""
    tagger: str
    subject: str = ""


@dataclass(frozen=True)
class Registry:
    """What the tags of one artifact say."""

    commits: dict[str, tuple[str, ...]]
    """Registered version → the commits that it is registered at: one, where all is well."""
    stages: dict[str, tuple[str, Tag]]
    """Stage → the version that it is assigned to, and the tag that says so."""
    counter: int
    """The highest in use; 0 when none is."""
    newest_at: int
    """Unix seconds of the newest tag; 0 when there is none."""


@dataclass(frozen=True)
class _Event:
    tag: Tag
    version: str | None
    stage: str | None
    is_cancel: bool
    counter: int

    @property
    def order(self) -> tuple[int, int]:
        return self.tag.at, self.counter


def in_tag(artifact: str) -> str:
    """An artifact's name as tags spell it: a colon is not allowed in a ref."""
    return artifact.replace(":", "=")


def assignment(artifact: str, stage: str, counter: int) -> str:
    """The name of the tag that assigns a stage."""
    return f"{in_tag(artifact)}#{stage}#{counter}"


def fold(artifact: str, tags: Iterable[Tag]) -> Registry:
    """What the tags say about one artifact; tags of others, and those of another grammar, are passed over."""
    events = sorted(_events(in_tag(artifact), tags), key=lambda event: event.order)
    registered: dict[tuple[str, str], bool] = {}
    for event in events:
        if event.version is not None:
            registered[event.version, event.tag.commit] = not event.is_cancel
    names = {commit: version for version, commit in registered}
    assigned: dict[tuple[str, str], _Event | None] = {}
    for event in events:
        if event.stage is not None:
            assigned[event.stage, event.tag.commit] = None if event.is_cancel else event
    stages: dict[str, _Event] = {}
    for (stage, commit), latest in assigned.items():
        if latest is None or not registered.get((names.get(commit, ""), commit), True):
            continue
        if stage not in stages or stages[stage].order < latest.order:
            stages[stage] = latest
    commits: dict[str, tuple[str, ...]] = {}
    for (version, commit), is_registered in registered.items():
        if is_registered:
            commits[version] = (*commits.get(version, ()), commit)
    return Registry(
        commits,
        {stage: (names.get(event.tag.commit, event.tag.commit), event.tag) for stage, event in stages.items()},
        max((event.counter for event in events), default=0),
        max((event.tag.at for event in events), default=0),
    )


def _events(artifact: str, tags: Iterable[Tag]) -> Iterable[_Event]:
    for tag in tags:
        match = _TAG.fullmatch(tag.name)
        if match and match["artifact"] == artifact:
            yield _Event(tag, match["version"], match["stage"], match["cancel"] == "!", int(match["counter"] or 0))
