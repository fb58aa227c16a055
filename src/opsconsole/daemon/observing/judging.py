"""What people think of the answers, and inputs unlike any before."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

from opsconsole.alerts.facts import Reading
from opsconsole.daemon.observing.look import Look, Seen
from opsconsole.signals import adwin
from opsconsole.signals.keys import beyond
from opsconsole.signals.words import percent
from opsconsole.store import watching

MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)
FEEDBACK_FOR = 7 * DAY
NEWS_FOR = DAY
"""A change is said for so long after it."""
LEAST_USUAL = 1000


def feedback(look: Look) -> Iterator[Seen]:
    """Has the share of bad answers risen? ADWIN over the minutes in which people judged."""
    start = look.minute - FEEDBACK_FOR
    for service in look.extents:
        setting = look.setting(service).slo.feedback
        counted = watching.categories(look.connection, setting.feature, service, start, look.minute)
        minutes = sorted(counted)
        if not minutes:
            yield Seen(subject=service, signal="feedback", unknown=f"no feature {setting.feature!r} is logged")
            continue
        bad = frozenset(setting.bad)
        series = [
            (sum(n for value, n in counted[at].items() if value.lower() in bad), sum(counted[at].values()))
            for at in minutes
        ]
        found = list(adwin.changes(series))
        rate = sum(k for k, _ in series) / max(sum(n for _, n in series), 1)
        reading = Reading(
            value=-1.0, n=sum(n for _, n in series), told=f"{percent(rate)} of the answers are judged bad"
        )
        if found:
            place, change = found[-1]
            at = minutes[max(place + 1 - change.minutes_ago, 0)]
            is_news = int(look.minute.timestamp()) // 60 - minutes[place] <= NEWS_FOR // MINUTE
            if change.is_worse and is_news:
                reading = Reading(
                    value=change.after - change.before,
                    n=change.n_before + change.n_after,
                    told=f"{percent(change.after)} of the answers are judged bad, {percent(change.before)} before",
                    start=look.minute - (int(look.minute.timestamp()) // 60 - at) * MINUTE,
                    stop=look.minute,
                )
        yield Seen(subject=service, signal="feedback", readings=(reading,))


def unusual_inputs(look: Look) -> Iterator[Seen]:
    """More prompts than usual that are longer than nearly all of the day before."""
    now = watching.feature(look.connection, "input_tokens", look.minute - HOUR, look.now)
    usual = watching.feature(look.connection, "input_tokens", look.now - 25 * HOUR, look.now - HOUR, level="hour")
    for service in look.extents:
        before = usual.get(service, {})
        found = beyond(before, now.get(service, {})) if sum(before.values()) >= LEAST_USUAL else None
        if found is None:
            why = f"input_tokens of fewer than {LEAST_USUAL:,} requests in the day before, or of none in the last hour"
            yield Seen(subject=service, signal="unusual-input", unknown=why)
            continue
        share = found.beyond / found.n
        yield Seen(
            subject=service,
            signal="unusual-input",
            readings=(
                Reading(
                    value=share / found.expected_share,
                    n=found.n,
                    p_value=found.p_value,
                    told=f"{percent(share)} of the prompts have more than {found.limit:,.0f} tokens, "
                    f"usually {percent(found.expected_share)}",
                    start=look.minute - HOUR,
                    stop=look.minute,
                ),
            ),
        )
