"""What is known of one service's releases at one moment: what the release view is painted from."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from opsconsole import wire
from opsconsole.config.settings import ReleaseSetting
from opsconsole.releases.ledger import ServiceReleases


@dataclass(frozen=True)
class Deployed:
    """One service; ``setting`` and ``caps`` are None where the configuration names no target."""

    one: ServiceReleases = field(default_factory=ServiceReleases)
    setting: ReleaseSetting | None = None
    target: str = ""
    caps: wire.Caps | None = None
    state: wire.TargetState | None = None
    trouble: str = ""
    verdict: wire.Verdict | None = None
    """Of the last operation, at the last look."""
    waiting_for: str = ""
    reading: wire.CanaryReading | None = None
    lately: tuple[wire.VersionEvidence, ...] = ()
    """How each version does since the last change, or in the last minutes where that is longer ago."""
    manifests: Mapping[str, wire.Manifest] = field(default_factory=dict)
    approvals: tuple[wire.Approval, ...] = ()
    freezes: tuple[wire.Freeze, ...] = ()
