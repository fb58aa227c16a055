"""Keeps the alerts of one home: decides, writes down, tells people, and listens to them.

Always true here: what is decided about an alert that is open is decided and written in one turn with what people do to
it; a step of a ladder is handed to the notifiers before it is written down, so that a crash repeats it and never loses
it; what cannot be handed over is tried again at the next look.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from opsconsole import wire
from opsconsole.alerts.book import AlertBook
from opsconsole.alerts.facts import OWN
from opsconsole.alerts.findings import SEVERITY, Finding, Judged
from opsconsole.alerts.holding import RulesOf, held_by, silence_over
from opsconsole.alerts.ladder import next_at
from opsconsole.alerts.ledger import Alert, Alerts
from opsconsole.alerts.lifecycle import Decision, Waiting, decide
from opsconsole.alerts.rules import Metric, ladder_of
from opsconsole.alerts.words import notice_of, reason_of
from opsconsole.clock import Clock
from opsconsole.config.alerting import AlertSetting, LadderStep
from opsconsole.errors import UsageError

Tell = Callable[[wire.Notice, tuple[str, ...]], tuple[str, ...]]
"""Tell people, by these notifiers (by every one that takes it where none is named); the names of those that will."""
Explain = Callable[[str, Metric], tuple[str, ...]]
"""(service, metric) → what changed, in words."""
ParamsOf = Callable[[str], tuple[str, ...] | None]
"""Id of a checklist → the parameters that it takes; None where there is none of this id."""

ACTOR = "alerts"
"""Who acts where no person does."""
MOST_EXPLAINED = 3
"""Alerts of one look that are explained: in a storm it takes too long."""
LONGEST_SILENCE = timedelta(days=30)
LONGEST_TEXT = 500


class Keeper:
    """The alerts of one home; ``look`` is called by one thread, everything else by any."""

    def __init__(
        self,
        book: AlertBook,
        clock: Clock,
        settings: AlertSetting,
        rules_of: RulesOf,
        *,
        environment: str = "",
        why_nobody: str = wire.NO_NOTIFIER,
        tell: Tell,
        params_of: ParamsOf,
        explain: Explain = lambda service, metric: (),
    ) -> None:
        self.book = book
        self.rules_of = rules_of
        self._clock, self._settings, self._environment, self._why_nobody = clock, settings, environment, why_nobody
        self._tell, self._params_of, self._explain = tell, params_of, explain
        self.waiting = Waiting()
        self._latest: Mapping[tuple[str, str, str, str], Finding] = {}
        self._counted: Counter[tuple[str, str]] = Counter()
        """Findings of the last look, by the alert that they belong to."""

    @property
    def state(self) -> Alerts:
        return self.book.state

    # By itself ----------------------------------------------------------------------------------------------------

    def look(self, judged: Judged) -> None:
        """What was found now: write down what it means, and tell whoever is to be told by now."""
        now = self._clock.now()
        with self.book.turn:
            self._counted = Counter(each.key for each in judged.findings)
            self._latest = {(*each.key, each.rule.id, each.reading.detail): each for each in judged.findings}
            self.waiting, decisions = decide(self.state, self.waiting, judged, now, self.rules_of)
            for decision in decisions:
                if decision.kind != "alert.fired":
                    self._write(decision.kind, decision.data)
        explained = 0
        for decision in decisions:
            if decision.kind == "alert.fired":
                why: tuple[str, ...] = ()
                if decision.metric and decision.subject and explained < MOST_EXPLAINED:
                    why, explained = self._explain(decision.subject, decision.metric), explained + 1
                self._fire(decision, why)
        self.go_on()

    def _fire(self, decision: Decision, explained: tuple[str, ...]) -> None:
        with self.book.turn:
            named = {"alert": self.state.next_id, **decision.data, "explained": list(explained)}
            self._write("alert.fired", named)

    def _write(self, kind: str, data: dict[str, Any]) -> None:
        if kind == "alert.resolved" and self._settings.tell_resolved:
            self._tell_resolved(self.state.of(data["alert"]), data["why"])
        self.book.note(ACTOR, kind, **data)

    def _tell_resolved(self, alert: Alert | None, why: str) -> None:
        """Those who were told of it hear that it is over."""
        if alert is not None and (names := _names(alert)):
            ended = replace(alert, resolved_at=self._clock.now(), resolved_why=why)
            self._tell(self._notice(ended, "resolved"), names)

    def go_on(self) -> None:
        """Take every step that is due, of every ladder that nothing holds.

        What cannot be handed over stays due; its error rises when every other alert has had its turn.
        """
        failures: list[Exception] = []
        for alert_id in [alert.id for alert in self.state.open.values()]:
            try:
                with self.book.turn:
                    self._step(alert_id)
            except Exception as error:  # noqa: BLE001 - it rises below
                failures.append(error)
        if failures:
            raise failures[0]

    def _step(self, alert_id: str) -> None:
        alert, now = self.state.of(alert_id), self._clock.now()
        if alert is None:
            return
        steps = self._ladder(alert)
        due = next_at(alert, steps)
        if due is None or due > now or held_by(alert, self.state, now, self.rules_of)[0] != "firing":
            return
        notice = self._notice(alert, "escalated" if alert.step else "firing")
        names = self._tell(notice, steps[alert.step].notify)
        why = {} if names else {"why_nobody": self._why_nobody}
        step, services = alert.step, list(alert.services)
        self.book.note(
            ACTOR, "alert.escalated", alert=alert.id, services=services, step=step, notify=list(names), **why
        )

    def _notice(self, alert: Alert, kind: wire.NoticeKind) -> wire.Notice:
        return notice_of(alert, kind, self._environment, self._params_of(alert.checklist) or ())

    def _ladder(self, alert: Alert) -> tuple[LadderStep, ...]:
        return ladder_of(alert.ladder, alert.severity, self._settings)

    # By people ----------------------------------------------------------------------------------------------------

    def acknowledge(self, actor: str, person: str, request: wire.AckRequest) -> wire.Alert:
        """Somebody has it: once this returns, no step of its ladder is taken any more; those who were told of it hear
        who has it. Raises UsageError for one that is not open."""
        with self.book.turn:
            alert = self._open(request.alert)
            if alert.acknowledged_at is None:
                note, services = request.note[:LONGEST_TEXT], list(alert.services)
                self.book.note(actor, "alert.acknowledged", alert=alert.id, services=services, person=person, note=note)
                if names := _names(alert):
                    self._tell(self._notice(self._open(alert.id), "update"), names)
            return self.shown(self._open(request.alert))

    def _open(self, alert_id: str) -> Alert:
        alert = self.state.of(alert_id.upper())
        if alert is None:
            known = ", ".join(each.id for each in self.state.open.values()) or "none"
            raise UsageError(f"no alert {alert_id!r} is open", f"Open are: {known}.")
        return alert

    def silence(self, actor: str, person: str, request: wire.SilenceRequest) -> wire.Silence:
        """Tell nobody for a while. Raises UsageError without a reason, or for a time that is none."""
        if not request.reason.strip():
            raise UsageError("a silence needs a reason", "Say why: --reason 'load test until noon'.")
        length = timedelta(minutes=request.minutes)
        if not timedelta(0) < length <= LONGEST_SILENCE:
            raise UsageError(
                f"a silence lasts up to {LONGEST_SILENCE.days} days, not {request.minutes:g} minutes",
                "Name a shorter one; a rule that is never wanted is turned off in opsconsole.yaml.",
            )
        subject, what = request.subject, request.what
        if (alert := self.state.of(subject.upper())) is not None:
            subject, what = alert.subject, what or alert.cause
        elif subject.upper().startswith("A-") and subject[2:].isdecimal():
            self._open(subject)
        with self.book.turn:
            self.book.note(
                actor,
                "alert.silenced",
                subject="" if subject == "*" else subject,
                what=what,
                until=(self._clock.now() + length).isoformat(),
                reason=request.reason[:LONGEST_TEXT],
                person=person,
            )
            return self.state.silences[-1]

    def unsilence(self, actor: str, request: wire.UnsilenceRequest) -> wire.Silence:
        """End a silence before its time. Raises UsageError for one that is none."""
        with self.book.turn:
            active = self.silences()
            found = next((each for each in active if each.id == request.silence.upper()), None)
            if found is None:
                known = ", ".join(each.id for each in active) or "none"
                raise UsageError(f"there is no silence {request.silence!r}", f"In force are: {known}.")
            self.book.note(actor, "alert.unsilenced", silence=found.id)
            return found

    # As it is shown -----------------------------------------------------------------------------------------------

    def silences(self) -> tuple[wire.Silence, ...]:
        """Those that are in force."""
        now = self._clock.now()
        return tuple(each for each in self.state.silences if each.until > now)

    def alerts(self) -> tuple[wire.Alert, ...]:
        """Every open one: pages first, those that nobody has yet before the others, oldest first."""
        shown = [self.shown(alert) for alert in self.state.open.values()]
        return tuple(sorted(shown, key=lambda each: (SEVERITY[each.severity], each.state != "firing", each.fired_at)))

    def resolved(self, since: datetime) -> tuple[wire.Alert, ...]:
        """Those that were over at or after this moment, the newest first."""
        ended = [each for each in self.state.recent if each.resolved_at is not None and each.resolved_at >= since]
        return tuple(self.shown(alert) for alert in reversed(ended))

    def shown(self, alert: Alert) -> wire.Alert:
        """As people see it now, with the numbers of the last look."""
        now = self._clock.now()
        state, why = held_by(alert, self.state, now, self.rules_of)
        is_over = alert.resolved_at is not None
        return wire.Alert(
            id=alert.id,
            subject=alert.subject,
            cause=alert.cause,
            services=alert.services,
            severity=alert.severity,
            state=state,
            title=alert.title,
            members=alert.members if is_over else tuple(self._newest(alert, member) for member in alert.members),
            more=alert.more if is_over else self._more(alert),
            explained=alert.explained,
            fired_at=alert.fired_at,
            cleared_at=alert.cleared_at,
            resolved_at=alert.resolved_at,
            resolved_why=alert.resolved_why,
            acknowledged_at=alert.acknowledged_at,
            acknowledged_by=alert.acknowledged_by,
            note=alert.note,
            held_by="" if state in ("firing", "resolved") else why,
            flaps=alert.flaps,
            checklist=alert.checklist,
            ladder=alert.ladder,
            told=alert.told,
            next_at=next_at(alert, self._ladder(alert)) if state == "firing" else None,
        )

    def _more(self, alert: Alert) -> int:
        """Findings beyond those at hand: as many as the last look had, where it had more than were there before."""
        return max(alert.more, self._counted[alert.key] - len(alert.members))

    def _newest(self, alert: Alert, member: wire.AlertMember) -> wire.AlertMember:
        found = self._latest.get((*alert.key, member.rule, member.detail))
        return found.member(member.since) if found is not None and member.is_present else member

    def reasons(self, service: str) -> tuple[str, ...]:
        """What a service's panels say of it, worst first; what is silenced or held back by another is left out."""
        now = self._clock.now()
        found = []
        for alert in self.state.open.values():
            if service not in alert.services and service != alert.subject:
                continue
            state, _ = held_by(alert, self.state, now, self.rules_of)
            if state not in ("silenced", "inhibited"):
                found.append((SEVERITY[alert.severity], alert.fired_at, reason_of(alert, state)))
        return tuple(text for *_, text in sorted(found))

    def severity(self, service: str) -> wire.AlertSeverity | None:
        """The worst that fires of a service now, whoever has been told; None where nothing does."""
        now = self._clock.now()
        mine = [
            alert.severity
            for alert in self.state.open.values()
            if service in (*alert.services, alert.subject)
            and alert.cleared_at is None
            and alert.subject != OWN
            and silence_over(alert, self.state.silences, now) is None
        ]
        return min(mine, key=SEVERITY.__getitem__, default=None)


def _names(alert: Alert) -> tuple[str, ...]:
    """Of the notifiers that told somebody of it."""
    return tuple(dict.fromkeys(name for step in alert.told for name in step.notify))
