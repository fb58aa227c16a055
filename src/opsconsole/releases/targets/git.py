"""A model registry made of git tags, in the grammar of DVC's GTO (``gto.py``): a stage is assigned to a version.

Always true here: what is read is the remote, not the clone; a change is one new annotated tag, so going back is a new
assignment of an earlier version and nothing is ever moved or removed; of two who assign at once the remote takes one,
and the other is told so and leaves nothing behind. The tag says who, when and by which operation.
"""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import msgspec
from msgspec import Meta

from opsconsole.errors import ConfigError
from opsconsole.releases.targets import gto
from opsconsole.releases.targets.base import Conflict, Kind, Options, Rejected, Site, Target, Unsupported
from opsconsole.releases.targets.clone import Clone
from opsconsole.releases.targets.guards import refuse_if_moved, refuse_unless_able
from opsconsole.releases.targets.naming import Naming
from opsconsole.releases.targets.shares import heaviest, spelled
from opsconsole.wire import Caps, Receipt, Routing, TargetRequest, TargetState

CAPS = Caps(
    split=False,
    scope="metadata",
    guarding="cas",
    weight_unit="whole",
    tested_against="the real thing: git with bare and daemon remotes, GTO 1.10 reading what is written",
)


class GitOptions(Options, frozen=True, kw_only=True):
    """Where the tags are and which of them are meant."""

    clone: Path
    """A clone of the repository, which the daemon's user may write to; no file in it is touched."""
    artifact: str
    """The model's name in the registry: `fraud`."""
    stage: str
    """The stage that stands for what serves: `prod`."""
    remote: str = "origin"
    """Name of the clone's remote."""
    tagger: Annotated[str, Meta(pattern=r"^[^<>\n]+ <[^<>\n]+>$")] = "opsconsole <opsconsole@localhost>"
    """Who the tags say has made them: `Name <address>`."""
    version: str = "{version}"
    """How the registry calls a version: `{version}.0` makes `v42.1` of it `v42.1.0`."""
    versions: dict[str, str] = msgspec.field(default_factory=dict)
    """Version → its name in the registry, where the rule does not fit."""
    timeout_s: Annotated[float, Meta(gt=0, le=300)] = 30.0
    """Deadline of one call of git, in seconds."""

    def __post_init__(self) -> None:
        if not gto.ARTIFACT.fullmatch(self.artifact):
            raise ValueError(f"{self.artifact!r} is no name of an artifact")
        if not gto.STAGE.fullmatch(self.stage):
            raise ValueError(f"{self.stage!r} is no name of a stage")


class GitTarget:
    """One stage of one artifact."""

    def __init__(self, options: GitOptions, site: Site) -> None:
        self._options = options
        self._site = site
        self._naming = Naming(options.version, options.versions)
        clone = site.directory / options.clone
        if not clone.is_dir():
            raise ConfigError(f"{clone} is no directory", "Clone the repository there.")
        self._clone = Clone(clone, options.remote, options.timeout_s, site.environ)

    @property
    def caps(self) -> Caps:
        return CAPS

    @property
    def name(self) -> str:
        return f"git {self._options.artifact}#{self._options.stage}"

    def read(self) -> TargetState:
        return self._state(self._registry())

    def requests(self, before: TargetState, after: Routing) -> tuple[TargetRequest, ...]:
        name = self._named(before, after)
        where = f"git push {self._options.remote} refs/tags/{self._tag(before)}"
        return (TargetRequest(method="push", where=where, body=self._message(name)),)

    def apply(self, before: TargetState, after: Routing, op_id: str) -> Receipt:
        name = self._named(before, after)
        registry = self._registry()
        found = self._state(registry)
        refuse_if_moved(self.name, before, found)
        commits = registry.commits.get(name, ())
        if len(commits) != 1:
            raise Rejected(
                f"{self._options.artifact}@{name} is registered at {len(commits)} commits",
                "Register it once: the tag of a stage names a commit.",
            )
        tag = self._tag(before)
        pushed = self._clone.push(tag, self._tag_text(tag, commits[0], name, registry.newest_at, op_id))
        if pushed.is_taken:
            return Receipt(op_id=op_id, answer=f"{tag} {pushed.told}")
        found = self.read()
        if found.token == before.token:
            raise Rejected(
                f"{tag}: {pushed.told}", "The remote refuses such tags: see its rules for tags and its hooks."
            )
        raise Conflict(
            f"{tag} is taken: {spelled(found.routing.shares)}",
            "Somebody else assigned at the same time: look again.",
            found,
        )

    def rehearse(self, before: TargetState, after: Routing) -> str:
        raise Unsupported("git cannot rehearse what a remote says to a tag")

    def close(self) -> None:
        """There is nothing to close: git runs for each call."""

    def _registry(self) -> gto.Registry:
        artifact = self._options.artifact
        return gto.fold(artifact, self._clone.tags(gto.in_tag(artifact)))

    def _state(self, registry: gto.Registry) -> TargetState:
        detail = {"registered": " ".join(sorted(registry.commits))}
        shares = {}
        if assigned := registry.stages.get(self._options.stage):
            name, tag = assigned
            shares[self._naming.here(name)] = 1.0
            at = datetime.fromtimestamp(tag.at, UTC).isoformat(timespec="seconds")
            detail |= {"tag": tag.name, "by": tag.tagger, "at": at, "message": tag.subject}
        return TargetState(
            routing=Routing(shares=shares),
            token=str(registry.counter),
            detail=detail,
            observed_at=self._site.clock.now(),
        )

    def _named(self, before: TargetState, after: Routing) -> str:
        """The registry's name of the version that is to have the stage."""
        refuse_unless_able(self.name, CAPS, after)
        name = self._naming.there(heaviest(after.shares))
        if name not in before.detail.get("registered", "").split():
            raise Unsupported(
                f"{name} of {self._options.artifact} is not registered",
                f"gto register {self._options.artifact} --version {name} --push",
            )
        return name

    def _tag(self, before: TargetState) -> str:
        return gto.assignment(self._options.artifact, self._options.stage, int(before.token) + 1)

    def _message(self, name: str) -> str:
        return f"Assigning stage {self._options.stage} to artifact {self._options.artifact} version {name}"

    def _tag_text(self, tag: str, commit: str, name: str, newest_at: int, op_id: str) -> str:
        """The tag object. It is dated after every other, or GTO would go on showing what a fast clock assigned."""
        at = max(int(self._site.clock.now().timestamp()), newest_at + 1)
        return (
            f"object {commit}\ntype commit\ntag {tag}\ntagger {self._options.tagger} {at} +0000\n\n"
            f"{self._message(name)}\n\nopsconsole-operation: {op_id}\nopsconsole-service: {self._site.service}\n"
        )


def _made(options: GitOptions, site: Site) -> Target:
    return GitTarget(options, site)


KIND = Kind(
    name="git",
    about="Stages of a model registry made of git tags, in the grammar of DVC's GTO.",
    options=GitOptions,
    make=_made,
    caps=CAPS,
    hazards=(
        "A tag changes what the registry says; users get the other version only when a pipeline has deployed it.",
        "`gto assign` without `--force` refuses to go back to a version that ever had the stage; this target does not.",
        "After a lost race `gto` leaves its losing tag in its clone, where `gto show` then names the wrong version and "
        "`git fetch --tags` fails: delete that tag there and fetch again.",
        "The counter is one for all stages of an artifact: an assignment of another stage between plan and act is a "
        "conflict, too.",
    ),
    example="""\
target: git
options:
  clone: /srv/registry      # of the repository that has the tags
  artifact: fraud
  stage: prod               # fraud#prod#7 assigns it
""",
)
