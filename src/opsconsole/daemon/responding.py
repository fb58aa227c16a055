"""Incidents in the daemon: the acts with their surroundings, what is shown, and the thread that looks for evidence.

Always true here: what is shown of an incident is computed from the journal and the store at that moment; a message is
written down before it goes out, in the very words that were shown; no view is computed on the thread that writes.
"""

from __future__ import annotations

import hashlib
import threading
from collections.abc import Callable, Mapping
from datetime import datetime
from time import perf_counter
from typing import Any, TypeVar

import msgspec

from opsconsole import wire
from opsconsole.clock import Clock
from opsconsole.daemon.asking import ask
from opsconsole.daemon.engine import Engine
from opsconsole.daemon.notifying import Notify, untold
from opsconsole.daemon.presence import Attendance
from opsconsole.daemon.reviewing import made
from opsconsole.daemon.views.reading import Asked
from opsconsole.daemon.views.told import told_of
from opsconsole.daemon.witnessing import ViewOf, Witness
from opsconsole.errors import UsageError
from opsconsole.incidents import followups, templates, timeline, timers
from opsconsole.incidents.conduct import AUTOMATION, Conduct, warnings
from opsconsole.incidents.html import html
from opsconsole.incidents.ledger import fold, holder, is_open, moment
from opsconsole.incidents.markdown import markdown
from opsconsole.releases.access import Person
from opsconsole.store.queries import time_axis

LOOK_EVERY_S = 5.0
"""Between two looks for evidence."""
MOST_LINES = 500
"""Lines of a timeline in one view, and …"""
MOST_REVIEWED = 5_000
"""… in a review; the journal has all."""
NOW_WINDOW = "15m"

Suggest = Callable[[wire.Incident], tuple[wire.Suggestion, ...]]
"""The checklists that an incident asks for now."""
UnderWay = Callable[[tuple[str, ...]], tuple[str, ...]]
"""What goes on at these services by itself, in words."""
S = TypeVar("S", bound=msgspec.Struct)


class Responding:
    """The incidents of one home."""

    def __init__(
        self,
        engine: Engine,
        view: ViewOf,
        attendance: Attendance,
        running: UnderWay = lambda services: (),
        notify: Notify | None = None,
        suggest: Suggest = lambda incident: (),
    ) -> None:
        """Without ``notify`` messages are written down and nobody is told. Raises JournalError for a broken journal."""
        self._engine, self._view, self._attendance = engine, view, attendance
        self._running, self._notify, self._suggest = running, notify, suggest
        self._clock: Clock = engine.clock
        state = fold(engine.journal.events())
        self.conduct = Conduct(engine.journal.append, state, engine.clock, self._tell_views)
        self.witness = Witness(engine.journal, view, engine.clock)
        self._contradicted: Mapping[str, tuple[str, ...]] = {}
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._look_after, name="incidents", daemon=True)
        engine.on_stop(self.stop)
        self.acts: dict[str, tuple[type[Any], Callable[[Person, Any], msgspec.Struct]]] = {
            "open": (wire.OpenIncident, self._open),
            "rename": (wire.RenameIncident, self._acting(self.conduct.rename, "renamed")),
            "severity": (wire.SetSeverity, self._acting(self.conduct.set_severity, "severity set")),
            "role": (wire.ChangeRole, self._change_role),
            "milestone": (wire.SetMilestone, self._acting(self.conduct.set_milestone, "milestone set")),
            "note": (wire.AddNote, self._acting(self.conduct.note, "noted")),
            "link": (wire.AddLink, self._link),
            "followup": (wire.ChangeFollowUp, self._acting(self.conduct.change_follow_up, "follow-up noted")),
            "resolve": (wire.ResolveIncident, self._acting(self.conduct.resolve, "resolved")),
            "reopen": (wire.ReopenIncident, self._acting(self.conduct.reopen, "open again")),
            "draft": (wire.DraftRequest, self.draft),
            "send": (wire.SendRequest, self.send),
            "review": (wire.ReviewRequest, self.review),
        }
        """Word → what it takes, and what does it: each is a route of the API below ``incident/``."""

    def start(self) -> None:
        """Begin to look for evidence."""
        self._thread.start()

    def stop(self) -> None:
        self._stopping.set()
        if self._thread.is_alive():
            self._thread.join()

    def look(self) -> None:
        """One look at what happened since the last one."""
        self.witness.follow()
        open_now = self.conduct.state.open
        if not open_now:
            return
        for incident in open_now:
            self._link_what_runs(incident)
        self._contradicted = self.conduct.observe(self.witness)

    def _link_what_runs(self, incident: wire.Incident) -> None:
        """Changes of its services since it was opened, and checklists that say they belong to it."""
        linked = {link.ref for link in incident.links}
        for op_id, release in list(self.witness.releases.items()):
            is_ours = release.service in incident.services and release.at >= incident.opened_at
            if is_ours and op_id not in linked:
                self.conduct.link(AUTOMATION, self._release(incident.incident, op_id))
        for named, run in list(self.witness.runs):
            if named == incident.incident and run not in linked:
                self.conduct.link(AUTOMATION, wire.AddLink(incident=incident.incident, kind="checklist", ref=run))

    def _release(self, incident: str, op_id: str, note: str = "") -> wire.AddLink:
        release = self.witness.releases.get(op_id)
        if release is None:
            raise UsageError(
                f"there is no release {op_id!r}", "`opsconsole release history SERVICE --json` names them."
            )
        return wire.AddLink(
            incident=incident, kind="release", ref=op_id, service=release.service, start=release.at, note=note
        )

    def _alert(self, ref: str) -> str:
        """An alert as it is called, however it was typed. Raises UsageError when there never was one."""
        self.witness.follow()
        if self.witness.alert_fired(ref.upper()) is None:
            raise UsageError(f"there is no alert {ref!r}", "`opsconsole alert list` names them.")
        return ref.upper()

    def _run(self, ref: str) -> str:
        self.witness.follow()
        if ref.upper() not in {run for _, run in self.witness.runs}:
            raise UsageError(f"there is no run {ref!r} of a checklist", "`opsconsole checklist list` names them.")
        return ref.upper()

    def _look_after(self) -> None:
        while not self._stopping.is_set():
            self._engine.guarded("looking after incidents", self.look)
            self._stopping.wait(LOOK_EVERY_S)

    def _tell_views(self) -> None:
        self._engine.submit(self._engine.changed)

    # Acts ---------------------------------------------------------------------------------------------------------

    def _acting(self, act: Callable[[str, S], wire.Incident], word: str) -> Callable[[Person, S], wire.Responded]:
        """An act of a person, and the answer to it."""

        def call(person: Person, asked: S) -> wire.Responded:
            return self._responded(act(person.actor, asked), word)

        return call

    def _responded(self, incident: wire.Incident, word: str) -> wire.Responded:
        return wire.Responded(
            incident=incident,
            told=f"{incident.incident}: {word}",
            warnings=(*warnings(incident, self.here(incident)), *self._contradicted.get(incident.incident, ())),
        )

    def _open(self, person: Person, asked: wire.OpenIncident) -> wire.Responded:
        if asked.alert:
            asked = msgspec.structs.replace(asked, alert=self._alert(asked.alert))
        return self._responded(self.conduct.open(person.actor, asked), f"opened as {asked.title!r}")

    def _change_role(self, person: Person, asked: wire.ChangeRole) -> wire.Responded:
        incident = self.conduct.change_role(person.actor, person.who, asked)
        held = holder(incident, asked.role)
        word = f"{asked.role} is {held.person if held else 'nobody'}"
        if held and held.offered_to:
            word += f", until {held.offered_to} accepts"
        return self._responded(incident, word)

    def _link(self, person: Person, asked: wire.AddLink) -> wire.Responded:
        """Link something; the rows of a query are hashed as they are now."""
        digest = ""
        if asked.kind == "release":
            self.witness.follow()
            asked = self._release(asked.incident, asked.ref, asked.note)
        elif asked.kind == "alert":
            asked = msgspec.structs.replace(asked, ref=self._alert(asked.ref))
        elif asked.kind == "checklist":
            asked = msgspec.structs.replace(asked, ref=self._run(asked.ref))
        elif asked.kind == "query":
            self.conduct.incident(asked.incident)
            reply = ask(self._engine, wire.QueryRequest(sql=asked.ref))
            digest = hashlib.sha256(msgspec.json.encode([reply.columns, reply.rows])).hexdigest()
        return self._responded(self.conduct.link(person.actor, asked, digest), f"linked {asked.kind} {asked.ref}")

    # Messages -----------------------------------------------------------------------------------------------------

    def draft(self, person: Person, asked: wire.DraftRequest) -> wire.Draft:
        """A message as it would go out; nothing is sent. Raises UsageError and ConfigError."""
        templates.require_known(asked.said)
        incident = self.conduct.incident(asked.incident)
        directory = self._engine.settings.incidents.templates or self._engine.home.config.parent / "templates"
        found = templates.template(directory, asked.audience, asked.stage)
        facts = templates.facts(incident, asked.said, self.services_now(incident), self._clock.now())
        text = templates.rendered(found.text, facts)
        told = templates.warnings(asked.stage, text, asked.said)
        names = self._names(asked.audience)
        if not names and self._engine.is_driven:
            told = (*told, "nothing leaves a drill: what is written down counts as told")
        elif not names:
            told = (*told, f"nobody is told: `incidents.{asked.audience}` names no notifier; it is written down alone")
        return wire.Draft(text=text, template=found.origin, notifiers=names, warnings=told)

    def send(self, person: Person, asked: wire.SendRequest) -> wire.Responded:
        """Write a message down, and tell it in exactly these words. Raises UsageError for one that must not go out."""
        templates.require_sendable(asked.stage, asked.text, asked.said)
        names, incident = self._names(asked.audience), self.conduct.incident(asked.incident)
        told: tuple[str, ...] = ()
        if names and self._notify is not None:
            told = self._notify(_notice(incident, asked, self._clock.now()), names)
        incident = self.conduct.log_update(person.actor, asked, told)
        alone = (
            "written down, which counts as told in a drill"
            if self._engine.is_driven
            else "written down; nobody was told"
        )
        sent = f"sent by {', '.join(told)}" if told else alone
        return self._responded(incident, "; ".join(filter(None, (sent, untold(names, told)))))

    def _names(self, audience: wire.Audience) -> tuple[str, ...]:
        names: tuple[str, ...] = getattr(self._engine.settings.incidents, audience)
        return names if self._notify is not None else ()

    # What is shown ------------------------------------------------------------------------------------------------

    def incidents(self) -> wire.IncidentsReply:
        """Every incident, the newest first, and what of them is overdue."""
        now = self._clock.now()
        every = reversed(list(self.conduct.state.by_id.values()))
        return wire.IncidentsReply(
            incidents=tuple(_brief(each, timers.due(each, now)) for each in every), findings=self.overdue()
        )

    def serious_of(self, service: str) -> tuple[str, ...]:
        """Open incidents that nothing new should be brought to this service in."""
        return self.conduct.state.serious_of(service)

    def overdue(self) -> tuple[wire.IncidentFinding, ...]:
        """Reviews and follow-ups that should have been done by now: for whoever watches over due dates."""
        return followups.overdue(self.conduct.state, self._clock.now())

    def incident(self, name: str) -> wire.IncidentView:
        """One incident with everything around it. Raises UsageError when there is none of this name."""
        began = perf_counter()
        incident = self.conduct.incident(name)
        now = self._clock.now()
        start, end = timeline.span(incident, now)
        lines = self._lines(incident)
        here = self.here(incident)
        axis = time_axis(start, end)
        return wire.IncidentView(
            revision=self._engine.revision,
            environment=self._engine.settings.environment,
            now=now,
            end=end,
            is_live=is_open(incident),
            window=timeline.window_of(end - start),
            axis=wire.Axis(start=axis.start, step_s=axis.step_s, buckets=axis.buckets),
            incident=incident,
            timers=timers.timers(incident, now),
            warnings=(*warnings(incident, here), *self._contradicted.get(incident.incident, ())),
            timeline=lines[-MOST_LINES:],
            matched=len(lines),
            services=self.services_now(incident),
            running=self._running(incident.services),
            suggested=self._suggest(incident) if is_open(incident) else (),
            here=here,
            query_ms=round((perf_counter() - began) * 1000, 1),
        )

    def here(self, incident: wire.Incident) -> tuple[wire.Presence, ...]:
        """Who looks at it, or at one of its services."""
        return tuple(
            each for each in self._attendance.here() if each.service in (incident.incident, *incident.services)
        )

    def services_now(self, incident: wire.Incident) -> tuple[wire.ServiceNow, ...]:
        """How its services do, in the last minutes."""
        found = []
        for service in incident.services:
            try:
                view = self._view(Asked("service", NOW_WINDOW, service))
            except UsageError:
                found.append(wire.ServiceNow(service=service, state="unknown", reasons=("no records of it",)))
                continue
            if isinstance(view, wire.ServiceView):
                found.append(_now(view))
        return tuple(found)

    def _lines(self, incident: wire.Incident) -> tuple[wire.IncidentLine, ...]:
        now = self._clock.now()
        start, end = timeline.span(incident, now)
        events = self._engine.journal.between(start, end + timers.MINUTE)
        return timeline.lines(incident, events, lambda event: told_of(event)[1:], now)

    def review(self, person: Person, asked: wire.ReviewRequest) -> wire.ReviewFiles:
        """The review as it is now: a draft, until somebody says that it is finished.

        Raises UsageError for finishing that of an open incident.
        """
        incident = self.conduct.incident(asked.incident)
        write = self.conduct.finish_review if asked.is_reviewed else self.conduct.draft_review
        incident = write(person.actor, incident)
        lines = self._lines(incident)[-MOST_REVIEWED:]
        review = made(incident, lines, self._view, self._engine.settings, self._clock.now())
        return wire.ReviewFiles(review=review, markdown=markdown(review), html=html(review))


def _notice(incident: wire.Incident, asked: wire.SendRequest, now: datetime) -> wire.Notice:
    """Each audience is told a story of its own. That it is over is news like any other: it may be opened again, and
    whoever hears of it for the first time then has to hear of it nevertheless."""
    title, _, body = asked.text.partition("\n")
    return wire.Notice(
        key=f"{incident.incident}/{asked.audience}",
        kind="update",
        severity="info",
        service=incident.services[0] if len(incident.services) == 1 else "",
        title=title,
        body=body.strip("\n"),
        at=now,
        labels={
            "incident": incident.incident,
            "severity": incident.severity,
            "stage": asked.stage,
            "audience": asked.audience,
        },
    )


def _brief(incident: wire.Incident, due: tuple[wire.IncidentTimer, ...]) -> wire.IncidentBrief:
    commander = holder(incident, "commander")
    return wire.IncidentBrief(
        incident=incident.incident,
        title=incident.title,
        services=incident.services,
        severity=incident.severity,
        status=incident.status,
        opened_at=incident.opened_at,
        resolved_at=moment(incident, "resolved"),
        commander=commander.person if commander else "",
        due=due,
        open_follow_ups=sum(each.done_at is None for each in incident.follow_ups),
        review=incident.review,
    )


def _now(view: wire.ServiceView) -> wire.ServiceNow:
    p99 = view.total.latency_ms.p99
    if not view.is_live:
        since = f"its newest record is of {view.end:%Y-%m-%d %H:%M} UTC"
        return wire.ServiceNow(service=view.service, state="quiet", reasons=(since,))
    return wire.ServiceNow(
        service=view.service,
        state=view.state,
        reasons=view.reasons,
        requests=view.total.requests,
        error_rate=view.total.error_rate,
        p99_ms=p99.value if p99 else None,
        usd_per_hour=view.spend.usd_per_hour,
        n_judged=view.total.requests - view.total.pending - view.total.unknown,
        n_timed=view.total.latency_ms.n,
        window=view.window,
        end=view.end,
    )
