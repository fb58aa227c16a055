"""What the store knows of an incident, for its review: the services' own views, as of its end.

Always true here: the numbers are those that the command beside them shows; a service without records is left out.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from opsconsole import wire
from opsconsole.config.settings import Settings
from opsconsole.daemon.views.reading import Asked
from opsconsole.daemon.witnessing import ViewOf
from opsconsole.errors import UsageError
from opsconsole.incidents import milestones, review, timeline, timers


def made(
    incident: wire.Incident,
    lines: tuple[wire.IncidentLine, ...],
    view: ViewOf,
    settings: Settings,
    now: datetime,
) -> wire.IncidentReview:
    """The review as it is now; ``lines`` are its timeline."""
    impacts, series = [], []
    start, stop = review.impact_span(incident, now)
    first, last = review.shown_span(incident, now)
    reach = min(first, start - (stop - start))
    as_of = min(last + timedelta(minutes=1), now)
    for service in incident.services:
        try:
            found = view(Asked("service", timeline.window_of(as_of - reach), service, as_of))
        except UsageError:
            continue  # no records of it, or none so long ago
        if not isinstance(found, wire.ServiceView):
            continue
        setting = settings.services.get(service)
        budget = setting.budget_usd_per_month if setting else None
        impacts.append(review.impact(service, found.axis, found.lines, start, stop, budget))
        axis, shown = review.cut(found.axis, found.lines, first, last)
        command = timeline.range_command("service", service, first, as_of)
        series.append(wire.ReviewSeries(service=service, axis=axis, lines=shown, command=command))
    return wire.IncidentReview(
        incident=incident,
        environment=settings.environment,
        made_at=now,
        due_at=timers.review_due(incident),
        metrics=milestones.metrics(incident),
        impacts=tuple(impacts),
        series=tuple(series),
        timeline=lines,
    )
