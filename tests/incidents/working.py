"""People at work on incidents: everything real but the disk, the store and the other rooms."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec

from opsconsole import wire
from opsconsole.clock import ManualClock
from opsconsole.incidents.conduct import Conduct
from opsconsole.incidents.ledger import Incidents, fold
from opsconsole.incidents.milestones import Seen
from opsconsole.journal import Event

START = datetime(2026, 11, 25, 3, 0, tzinfo=UTC)
HOSTILE = (
    "</script><script>alert(1)</script>\x1b]0;x\x07 | `x` <img src=x onerror=alert(1)>\n# \u202eevil & 漢字 e\u0301"
)
"""What a title may be when it comes from data."""


class Room:
    """The incidents of a home, with a journal in memory that keeps what a line of JSON keeps."""

    def __init__(self) -> None:
        self.clock = ManualClock(START)
        self.lines: list[bytes] = []
        self.conduct = Conduct(self.append, Incidents(), self.clock)

    def append(self, actor: str, kind: str, data: dict[str, Any]) -> Event:
        event = Event(
            seq=len(self.lines) + 1,
            at=self.clock.now().isoformat(timespec="microseconds"),
            actor=actor,
            kind=kind,
            data=data,
            previous="",
        )
        self.lines.append(msgspec.json.encode(event))
        return self.events()[-1]

    def events(self) -> list[Event]:
        return [msgspec.json.decode(line, type=Event) for line in self.lines]

    def kinds(self) -> list[str]:
        return [event.kind for event in self.events()]

    def restarted(self) -> Incidents:
        """What a daemon that starts now knows."""
        return fold(self.events())

    def at(self, minutes: float) -> None:
        """Let it be so many minutes after the start."""
        self.clock.advance((START + timedelta(minutes=minutes) - self.clock.now()).total_seconds())

    # What people do -----------------------------------------------------------------------------------------------

    def open(self, *severities: wire.Severity, by: str = "ann", **more: Any) -> wire.Incident:
        asked = {"title": "chat answers slowly", "services": ("chat",), "severities": severities, **more}
        return self.conduct.open(by, wire.OpenIncident(**asked))

    def role(self, by: str, role: wire.IncidentRole, act: Any = "take", to: str = "") -> wire.Incident:
        return self.conduct.change_role(by, by, wire.ChangeRole(incident="INC-1", role=role, act=act, to=to))

    def note(self, text: str, by: str = "ann", *, is_cause: bool = False) -> wire.Incident:
        return self.conduct.note(by, wire.AddNote(incident="INC-1", text=text, is_cause=is_cause))

    def milestone(
        self, name: wire.Milestone, minutes: float | None = None, by: str = "ann", **more: Any
    ) -> wire.Incident:
        at = None if minutes is None else START + timedelta(minutes=minutes)
        return self.conduct.set_milestone(by, wire.SetMilestone(incident="INC-1", milestone=name, at=at, **more))

    def update(self, stage: wire.Stage = "update", audience: wire.Audience = "external", text: str = "news") -> None:
        asked = wire.SendRequest(incident="INC-1", stage=stage, audience=audience, text=text)
        self.conduct.log_update("ann", asked, ("status",))

    def resolve(self, by: str = "ann", minutes: float | None = None) -> wire.Incident:
        at = None if minutes is None else START + timedelta(minutes=minutes)
        return self.conduct.resolve(by, wire.ResolveIncident(incident="INC-1", at=at))

    def link(self, kind: wire.LinkKind, ref: str, **more: Any) -> wire.Incident:
        return self.conduct.link("ann", wire.AddLink(incident="INC-1", kind=kind, ref=ref, **more))

    @property
    def incident(self) -> wire.Incident:
        return self.conduct.state.by_id["INC-1"]


def minute(at: datetime | None) -> float | None:
    """Minutes after the start."""
    return None if at is None else (at - START).total_seconds() / 60


@dataclass
class Known:
    """Evidence as it is told, in minutes after the start."""

    fired: dict[str, float] = field(default_factory=dict)
    acknowledged: dict[str, float] = field(default_factory=dict)
    resolved: dict[str, float] = field(default_factory=dict)
    effects: dict[str, float] = field(default_factory=dict)
    decisions: dict[str, float] = field(default_factory=dict)
    well: dict[str, float] = field(default_factory=dict)
    worse: dict[str, float] = field(default_factory=dict)

    @staticmethod
    def _seen(found: dict[str, float], name: str) -> Seen | None:
        return Seen(START + timedelta(minutes=found[name]), f"opsconsole show {name}") if name in found else None

    def alert_fired(self, alert: str) -> Seen | None:
        return self._seen(self.fired, alert)

    def alert_acknowledged(self, alert: str) -> Seen | None:
        return self._seen(self.acknowledged, alert)

    def alert_resolved(self, alert: str) -> Seen | None:
        return self._seen(self.resolved, alert)

    def decided(self, run: str) -> Seen | None:
        return self._seen(self.decisions, run)

    def effective(self, op_id: str) -> Seen | None:
        return self._seen(self.effects, op_id)

    def well_since(self, service: str, since: datetime) -> Seen | None:
        return self._seen(self.well, service)

    def worse_since(self, service: str, before: datetime) -> Seen | None:
        return self._seen(self.worse, service)
