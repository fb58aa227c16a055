"""Incidents as plain text: what the command line prints.

Always true here: every line passed ``safe``; what is not known reads ``–``; times are UTC.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import TypeAlias

from opsconsole import wire
from opsconsole.console import numbers
from opsconsole.console.text import safe
from opsconsole.page import aligned

Page: TypeAlias = Callable[[wire.IncidentView], str]

_LINE = 2_000
_HEADING = ("INCIDENT", "SEVERITY", "STATUS", "OPENED", "COMMANDER", "DUE", "TODO", "REVIEW", "TITLE")


def list_page(reply: wire.IncidentsReply) -> str:
    """A line an incident, the newest first."""
    return aligned([list(_HEADING), *(_row(each) for each in reply.incidents)])


def _row(each: wire.IncidentBrief) -> list[str]:
    cells = (
        each.incident,
        each.severity,
        each.status,
        numbers.minute(each.opened_at),
        each.commander or numbers.MISSING,
        ", ".join(f"{timer.name}{' OVERDUE' if timer.word == 'overdue' else ''}" for timer in each.due) or "–",
        str(each.open_follow_ups),
        each.review,
        each.title,
    )
    return [safe(cell, 80) for cell in cells]


def findings_page(reply: wire.IncidentsReply) -> str:
    """What is overdue, the longest first."""
    return _lines(
        f"{each.incident}  {each.title}  {('@' + each.owner) if each.owner else 'nobody'}  "
        f"due {numbers.minute(each.due)}, {numbers.age(each.overdue_s)} ago"
        for each in reply.findings
    )


def show_page(view: wire.IncidentView) -> str:
    """Everything about one incident but its timeline's data links."""
    return _lines([*_record(view.incident), *_around(view), *_said(view.incident)])


def _record(incident: wire.Incident) -> Iterator[str]:
    yield f"{incident.incident}  {incident.severity}  {incident.status}  {incident.title}"
    yield f"  services   {', '.join(incident.services) or numbers.MISSING}"
    yield f"  opened     {numbers.minute(incident.opened_at)} by {incident.opened_by}"
    if incident.why:
        yield f"  why        {incident.why}"
    for change in incident.severities[1:]:
        yield f"  severity   {change.severity} since {numbers.minute(change.at)}, {change.by}: {change.why or '–'}"
    for role in incident.roles:
        offered = f", offered to {role.offered_to}" if role.offered_to else ""
        yield f"  {role.role:<10} {role.person} since {numbers.clock_time(role.since)}{offered}"
    for name in wire.MILESTONES:
        yield f"  {name.replace('_', ' '):<13} {_milestone(incident.milestones.get(name))}"
    yield f"  review     {incident.review}"


def _around(view: wire.IncidentView) -> Iterator[str]:
    for timer in view.timers:
        yield f"  {timer.word:<10} {timer.name}: {timer.told}, by {numbers.minute(timer.due_by)}"
    for warning in view.warnings:
        yield f"  !          {warning}"
    for each in view.services:
        reasons = f": {', '.join(each.reasons)}" if each.reasons else ""
        yield f"  now        {each.service} {each.state}{reasons}"
    for suggestion in view.suggested:
        yield f"  checklist  {suggestion.checklist}: {suggestion.told}"
        yield f"             {suggestion.command}"
    for told in view.running:
        yield f"  running    {told}"
    for here in view.here:
        yield f"  attached   {here.user} ({here.origin}) looks at {here.view} {here.service}"


def _said(incident: wire.Incident) -> Iterator[str]:
    for link in incident.links:
        yield f"  link       {link.kind} {link.ref} {link.note}".rstrip()
    for note in incident.notes:
        mark = " (the cause)" if note.is_cause else ""
        yield f"  note       {numbers.clock_time(note.at)} {note.by}{mark}: {' '.join(note.text.split())}"
    for follow_up in incident.follow_ups:
        yield f"  follow-up  {_follow_up(follow_up)}"
    for update in incident.updates:
        title = update.text.partition("\n")[0]
        yield f"  message    {numbers.clock_time(update.at)} {update.audience} {update.stage}, {update.by}: {title}"


def _milestone(entry: wire.MilestoneEntry | None) -> str:
    if entry is None or entry.at is None:
        return numbers.MISSING
    by = "evidence" if entry.source == "auto" else entry.set_by
    return f"{entry.at:%Y-%m-%d %H:%M:%S} by {by}  {entry.evidence}".rstrip()


def _follow_up(each: wire.FollowUp) -> str:
    owner, due = each.owner or numbers.MISSING, each.due or numbers.MISSING
    return f"{each.number}. {each.text} @{owner} due {due}{' (done)' if each.done_at else ''}"


def timeline_page(view: wire.IncidentView) -> str:
    """Oldest first; under each line the command that shows its data."""
    lines = (
        [f"only the newest {len(view.timeline):,} of {view.matched:,} lines"]
        if view.matched > len(view.timeline)
        else []
    )
    for line in view.timeline:
        lines += [f"{line.at:%Y-%m-%d %H:%M:%S}  {line.actor}  {line.text}", f"    {line.command}"]
    return _lines(lines)


def responded_page(answer: wire.Responded) -> str:
    """What was done, and what is not as it should be."""
    return _lines([answer.told, *(f"! {warning}" for warning in answer.warnings)])


def draft_page(draft: wire.Draft) -> str:
    """A message before it is sent: to whom, what speaks against it, and its text."""
    to = ", ".join(draft.notifiers) or "nobody"
    warnings = [f"! {warning}" for warning in draft.warnings]
    return _lines([f"to {to} (template: {draft.template})", *warnings, "-" * 72, *draft.text.splitlines(), "-" * 72])


def _lines(lines: Iterable[str]) -> str:
    return "".join(f"{safe(line, _LINE)}\n" for line in lines)
