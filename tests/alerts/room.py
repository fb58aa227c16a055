"""A home's alerts without a home: a journal in memory, a clock that stands still, and notifiers that remember."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from opsconsole import wire
from opsconsole.alerts.book import AlertBook
from opsconsole.alerts.facts import Facts, Reading
from opsconsole.alerts.findings import Judged, judge, united
from opsconsole.alerts.keeper import Keeper
from opsconsole.alerts.ledger import Alerts, fold
from opsconsole.alerts.rules import Metric, Rule, changed
from opsconsole.alerts.table import RULES
from opsconsole.checklists.catalogue import Catalogue
from opsconsole.clock import ManualClock
from opsconsole.config.alerting import AlertSetting
from opsconsole.journal.walk import Event, written

START = datetime(2026, 2, 3, 3, 0, tzinfo=UTC)
NOTIFIERS = ("pager", "slack")
"""That there are, and take everything."""
LIBRARY = {
    item.id: item.parsed.checklist
    for item in Catalogue(Path("nowhere"), ManualClock(START)).items().values()
    if item.parsed.checklist is not None
}
BY_ID = {rule.id: rule for rule in RULES}


class Room:
    """One keeper and everything around it."""

    def __init__(self, settings: AlertSetting | None = None) -> None:
        self.clock = ManualClock(START)
        self.settings = settings or AlertSetting()
        self.events: list[Event] = []
        self.told: list[tuple[wire.Notice, tuple[str, ...]]] = []
        self.explanations: list[tuple[str, Metric]] = []
        self.keeper = self.begun()

    def begun(self) -> Keeper:
        """A keeper as it is after a start of the daemon."""
        self._rules = changed(RULES, self.settings, {})[0]
        book = AlertBook(self._append, fold(self.events), lambda: None)
        return Keeper(
            book,
            self.clock,
            self.settings,
            self.rules_of,
            environment="test",
            tell=self._tell,
            params_of=self._params_of,
            explain=self._explain,
        )

    def restart(self) -> None:
        self.keeper = self.begun()

    def rules_of(self, subject: str) -> Mapping[str, Rule]:
        return self._rules

    def _append(self, actor: str, kind: str, data: dict[str, Any]) -> Event:
        event = Event(
            seq=len(self.events) + 1, at=written(self.clock.now()), actor=actor, kind=kind, data=data, previous=""
        )
        self.events.append(event)
        return event

    def _tell(self, notice: wire.Notice, names: tuple[str, ...]) -> tuple[str, ...]:
        self.told.append((notice, names))
        return names or NOTIFIERS

    def _params_of(self, checklist: str) -> tuple[str, ...]:
        """What the library's take; one of the home's own takes a service."""
        known = LIBRARY.get(checklist)
        return ("service",) if known is None else tuple(known.params)

    def _explain(self, service: str, metric: Metric) -> tuple[str, ...]:
        self.explanations.append((service, metric))
        return (f"{metric}: version=v42 explains 62% of it",)

    def look(self, *facts: Facts) -> None:
        self.keeper.look(united(judge(each, self.rules_of(each.subject)) for each in facts))

    def look_for(self, minutes: float, *facts: Facts, every_s: float = 30) -> None:
        """Look again and again at the same facts while time goes by."""
        for _ in range(int(minutes * 60 / every_s)):
            self.clock.advance(every_s)
            self.look(*facts)

    @property
    def state(self) -> Alerts:
        return self.keeper.state

    @property
    def alerts(self) -> tuple[wire.Alert, ...]:
        return self.keeper.alerts()

    def kinds(self, notice_kind: str = "") -> list[str]:
        """Titles of what was told."""
        return [notice.title for notice, _ in self.told if notice_kind in ("", notice.kind)]


def reading(rule: str, *, bad: bool = True, **more: Any) -> Reading:
    """One that breaks the rule, or does not."""
    known = BY_ID[rule]
    given: dict[str, Any] = {
        "value": known.threshold * 2 if bad else known.threshold / 2,
        "n": known.min_n,
        "told": f"{rule} is {'bad' if bad else 'fine'}",
        "p_value": known.chance and known.chance / 10,
    }
    return Reading(**given | more)


def facts(service: str, bad: Iterable[str] = (), fine: Iterable[str] = (), unknown: Iterable[str] = ()) -> Facts:
    """Of a service: rules that are broken, rules that are not, and rules of which nothing can be said."""
    return Facts(
        subject=service,
        services=(service,),
        at=START,
        readings={
            BY_ID[rule].signal: (reading(rule, bad=is_bad),)
            for rules, is_bad in ((bad, True), (fine, False))
            for rule in rules
        },
        unknown={BY_ID[rule].signal: "not logged" for rule in unknown},
    )


def provider(name: str, services: tuple[str, ...], *, bad: bool = True) -> Facts:
    """Of a provider that these services go to."""
    return Facts(
        subject=f"provider {name}",
        services=services,
        at=START,
        readings={"provider": (reading("provider-errors", bad=bad),)},
    )


NOTHING_FOUND = Judged()
