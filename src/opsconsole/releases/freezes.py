"""When nothing new is brought to users: the calendar of the configuration, and what people froze by hand.

Always true here: times are UTC; a weekly freeze may run over the end of the week; nobody asks here about a roll-back.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from datetime import UTC, datetime, timedelta

import msgspec

from opsconsole.config.settings import FreezeSetting
from opsconsole.errors import ConfigError, UsageError
from opsconsole.journal.refused import Refused
from opsconsole.releases import orders, refusing
from opsconsole.releases.book import ReleaseBook
from opsconsole.releases.guard import Asking, lacks
from opsconsole.wire import Freeze, FreezeRequest

DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
WEEK_MINUTES = 7 * 24 * 60
_WEEKLY = re.compile(r"^\s*(\w{3})\w*\s+(\d{1,2}):(\d{2})\s*[-–]\s*(\w{3})\w*\s+(\d{1,2}):(\d{2})\s*$")


def active(service: str, settings: Iterable[FreezeSetting], by_hand: Iterable[Freeze], now: datetime) -> list[Freeze]:
    """The freezes that hold for a service at this moment.

    Raises ConfigError for a weekly time that cannot be read.
    """
    found = []
    for setting in settings:
        if setting.services and service not in setting.services:
            continue
        until = setting.end if setting.start is not None else weekly_until(setting.weekly, now)
        is_on = until is not None and (setting.start is None or setting.start <= now < until)
        if is_on:
            found.append(Freeze(service=service, until=until, reason=setting.name, by="opsconsole.yaml"))
    found += [each for each in by_hand if each.service in ("", service) and (each.until is None or now < each.until)]
    return found


def weekly_until(weekly: str, now: datetime) -> datetime | None:
    """When the weekly freeze that holds now ends; None when none holds.

    Raises ConfigError.
    """
    start, end = weekly_minutes(weekly)
    minute = now.weekday() * 24 * 60 + now.hour * 60 + now.minute
    length, into = (end - start) % WEEK_MINUTES, (minute - start) % WEEK_MINUTES
    if into >= length:
        return None
    return now.replace(second=0, microsecond=0) + timedelta(minutes=length - into)


def weekly_minutes(weekly: str) -> tuple[int, int]:
    """(Start, end) in minutes since Monday 00:00 of ``Fri 16:00 - Mon 08:00``.

    Raises ConfigError.
    """
    match = _WEEKLY.match(weekly)
    if match:
        first, second = (_minute(*match.group(i, i + 1, i + 2)) for i in (1, 4))
        if first is not None and second is not None and first != second:
            return first, second
    raise ConfigError(f"freezes: weekly: {weekly!r} is no span of a week", "Write it as `Fri 16:00 - Mon 08:00` (UTC).")


def _minute(day: str, hour: str, minute: str) -> int | None:
    if day.lower() not in DAYS or int(hour) > 23 or int(minute) > 59:
        return None
    return DAYS.index(day.lower()) * 24 * 60 + int(hour) * 60 + int(minute)


def by_hand(
    book: ReleaseBook,
    refused: Refused,
    asking: Asking,
    request: FreezeRequest,
    now: datetime,
    setting: Callable[[str], object],
) -> Freeze:
    """Freeze by hand, or lift it; ``setting`` refuses a service that has no target.

    Raises ReleaseRefused naming the rule, UsageError for a service without a target or a moment that is over.
    """
    orders.text("the service", request.service, orders.MOST_NAME)
    if (no := lacks(asking, "admin", "freeze")) is not None:
        refusing.tell(refused, asking.actor, (no,), act="freeze", service=request.service)
        raise refusing.refused_with(no)
    reason = orders.text("the reason", request.reason, orders.MOST_REASON)
    if request.service and not request.is_lifted:
        setting(request.service)
    until = request.until.replace(tzinfo=request.until.tzinfo or UTC) if request.until else None
    if until is not None and not request.is_lifted and until <= now:
        raise UsageError(f"{until:%Y-%m-%d %H:%M} UTC is over", "Name a moment that is to come.")
    freeze = Freeze(service=request.service, until=until, reason=reason or "no reason given", by=asking.person)
    if request.is_lifted:
        book.note(asking.actor, "freeze.lifted", service=request.service, reason=reason)
    else:
        book.note(asking.actor, "freeze.set", service=request.service, freeze=msgspec.to_builtins(freeze))
    return freeze
