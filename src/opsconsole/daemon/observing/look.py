"""What an eye sees with, and how it says what it saw."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

import duckdb

from opsconsole.alerts.facts import Reading
from opsconsole.alerts.rules import Rule
from opsconsole.config.settings import ServiceSetting, Settings
from opsconsole.store.queries import Extent

WATCHED_FOR = timedelta(days=7)
"""A service without a record for so long is not watched any more: a log of last year that is looked at is no outage."""


@dataclass(frozen=True)
class Look:
    """One look at the store: a connection, the moment, and the services that are watched."""

    connection: duckdb.DuckDBPyConnection
    now: datetime
    settings: Settings
    extents: Mapping[str, Extent]
    """Of the services that are watched."""
    rules_of: Callable[[str], Mapping[str, Rule]]
    not_live: str = ""
    """Why the newest minutes are not all there yet (logs are still being read, or none is followed); empty where they
    are."""

    @property
    def minute(self) -> datetime:
        """The end of the last whole minute."""
        return self.now.replace(second=0, microsecond=0)

    def setting(self, service: str) -> ServiceSetting:
        return self.settings.services.get(service, ServiceSetting())

    def wants(self, service: str, *rules: str) -> bool:
        """Is any of these rules looked at for the service?"""
        known = self.rules_of(service)
        return any(rule in known for rule in rules)


@dataclass(frozen=True, kw_only=True)
class Seen:
    """One signal of one subject."""

    subject: str
    signal: str
    readings: tuple[Reading, ...] = ()
    unknown: str = ""
    """Why it cannot be said; empty where it can."""
    services: tuple[str, ...] | None = None
    """Whose users it concerns, where that is not the subject itself."""


Eye = Callable[[Look], Iterable[Seen]]
