"""Names that one setting gives and another setting has to have: a rule's ladder, a step's or an audience's notifiers.

Always true here: a name that nothing has is found when the file is read, and not when somebody should have been told.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import NamedTuple

from opsconsole.config.alerting import LADDERS, RuleId, RuleSetting
from opsconsole.config.settings import Settings


class Reference(NamedTuple):
    """A setting that names another."""

    field: str
    """The setting, as messages call it: ``incidents.internal[0]``."""
    name: str
    kind: str
    """Of what it names: ``notifier``."""
    known: tuple[str, ...]
    """All that there are."""
    written: str
    """Where those are written."""


def dangling(settings: Settings) -> Iterator[Reference]:
    """Every name that nothing has."""
    return (each for each in _references(settings) if each.name not in each.known)


def _references(settings: Settings) -> Iterator[Reference]:
    ladders = tuple(dict.fromkeys((*LADDERS, *settings.alerts.ladders)))
    rules: list[tuple[str, Mapping[RuleId, RuleSetting]]] = [("alerts.rules", settings.alerts.rules)]
    rules += [(f"services.{name}.alerts", service.alerts) for name, service in settings.services.items()]
    for where, changed in rules:
        for rule, setting in changed.items():
            if setting.ladder is not None:
                yield Reference(f"{where}.{rule}.ladder", setting.ladder, "ladder", ladders, "alerts: ladders:")
    notified = [
        (f"alerts.ladders.{name}[{number}].notify", step.notify)
        for name, steps in settings.alerts.ladders.items()
        for number, step in enumerate(steps)
    ]
    incidents = settings.incidents
    notified += [(f"incidents.{each}", getattr(incidents, each)) for each in ("internal", "external", "executive")]
    for where, names in notified:
        for number, name in enumerate(names):
            yield Reference(f"{where}[{number}]", name, "notifier", tuple(settings.notifiers), "notifiers:")
