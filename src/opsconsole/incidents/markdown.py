"""The review of an incident as Markdown: for a repository, a wiki, or a plain pager.

Always true here: text from data is one line of plain words wherever it stands, and marks nothing up; what a person
wrote over several lines stands in a block that its own content cannot end.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence

from opsconsole import wire
from opsconsole.incidents import told

_MARKS = re.compile(r"([\\`*\[\]#|<>~&$]|(?<!\w)_|_(?!\w)|:(?=//)|(?<=www)\.)")
"""What Markdown (CommonMark and GitHub's) may read as more than itself within a line."""


def markdown(review: wire.IncidentReview) -> str:
    """The whole page."""
    return "\n".join(_lines(review)).rstrip() + "\n"


def plain(text: str) -> str:
    """One line that reads as it is written."""
    return _MARKS.sub(r"\\\1", " ".join(text.split()))


def code(text: str) -> str:
    """One line between back quotes, more of them than it holds."""
    text = " ".join(text.split())
    fence = "`" * (1 + max((len(run) for run in re.findall("`+", text)), default=0))
    pad = " " if text.startswith("`") or text.endswith("`") else ""
    return f"{fence}{pad}{text}{pad}{fence}"


def block(text: str) -> list[str]:
    """Lines as they were written, in a fence that none of them closes."""
    fence = "`" * max(3, 1 + max((len(run) for run in re.findall("`{3,}", text)), default=0))
    return [f"{fence}text", *text.splitlines(), fence]


def table(heading: Sequence[str], rows: Iterable[Sequence[str]]) -> list[str]:
    """Cells are Markdown already."""
    return [_row(heading), _row(["---"] * len(heading)), *map(_row, rows)]


def _row(cells: Sequence[str]) -> str:
    return f"| {' | '.join(cells)} |"


def _lines(review: wire.IncidentReview) -> Iterator[str]:
    incident = review.incident
    yield f"# {incident.incident} {plain(incident.title)}"
    yield ""
    yield from _overview(review)
    yield from _section("Overview", ["What happened, in two or three sentences: …"])
    yield from _section("Impact", _impact(review))
    yield from _section("Milestones", _milestones(incident))
    yield from _section("Durations", _durations(review.metrics))
    yield from _section("Contributing factors", [
        "What made it possible, and what made it worse; not who. One a line:", "", "- …",
    ])  # fmt: skip
    yield from _section("What went well, what did not", ["- …"])
    yield from _section("Follow-ups", _follow_ups(incident))
    yield from _section("Timeline", _timeline(review))
    yield from _section("Notes", _notes(incident))
    yield from _section("Messages sent", _messages(incident))
    yield from _section("Data", _data(review))


def _section(title: str, lines: Iterable[str]) -> Iterator[str]:
    yield from ("", f"## {title}", "", *"\n".join(lines).rstrip("\n").split("\n"))


def _overview(review: wire.IncidentReview) -> Iterator[str]:
    incident = review.incident
    severities = " → ".join(f"{each.severity} ({told.clock(each.at)})" for each in incident.severities)
    facts = [
        ("Review", "reviewed" if incident.review == "reviewed" else "draft"),
        ("Due", told.clock(review.due_at)),
        ("Status", incident.status),
        ("Severity", severities),
        ("Services", ", ".join(map(plain, incident.services)) or told.MISSING),
        ("Environment", plain(review.environment) or told.MISSING),
        ("Opened", f"{told.clock(incident.opened_at)} by {plain(incident.opened_by)}"),
        ("People", ", ".join(f"{role} {plain(person)}" for role, person in told.people(incident)) or told.MISSING),
        ("Written", told.clock(review.made_at)),
    ]
    yield from table(("", "times are UTC"), facts)


def _impact(review: wire.IncidentReview) -> list[str]:
    if not review.impacts:
        return ["The store holds nothing of these services in that time."]
    numbers = ([cell.replace("<", r"\<") for cell in told.impact_row(each)[1:]] for each in review.impacts)
    rows = [(plain(each.service), *cells) for each, cells in zip(review.impacts, numbers, strict=True)]
    return [*table(told.IMPACT_HEADING, rows), "", *(f"- {code(each.command)}" for each in review.impacts)]


def _milestones(incident: wire.Incident) -> list[str]:
    rows = [
        (name, at, plain(by), code(evidence) if evidence != told.MISSING else evidence)
        for name, at, by, evidence in told.milestone_rows(incident)
    ]
    edits = told.edits(incident)
    return [
        *table(told.MILESTONE_HEADING, rows),
        *(["", f"Corrections: {edits}; the timeline has them."] if edits else []),
    ]


def _durations(metrics: wire.IncidentMetrics) -> list[str]:
    return [
        *table(("", "took", ""), told.metric_rows(metrics)),
        "",
        "Raw durations of this incident. A mean over incidents cannot show that anything got better (Davidovič, 2021).",
    ]


def _follow_ups(incident: wire.Incident) -> list[str]:
    if not incident.follow_ups:
        return ["None yet: `TODO:` in a note makes one."]
    return table(told.FOLLOW_UP_HEADING, (tuple(map(plain, told.follow_up_row(each))) for each in incident.follow_ups))


def _timeline(review: wire.IncidentReview) -> list[str]:
    rows = ((told.clock(line.at), plain(line.actor), plain(line.text), code(line.command)) for line in review.timeline)
    return table(("time (UTC)", "who", "what", "data"), rows)


def _notes(incident: wire.Incident) -> Iterator[str]:
    if not incident.notes:
        yield "None."
    for note in incident.notes:
        cause = ", the cause" if note.is_cause else ""
        yield from (f"{told.clock(note.at)}, {plain(note.by)}{cause}:", "", *block(note.text), "")


def _messages(incident: wire.Incident) -> Iterator[str]:
    if not incident.updates:
        yield "None."
    for each in incident.updates:
        by = ", ".join(map(plain, each.notifiers)) or "nobody: written down alone"
        yield from (
            f"{told.clock(each.at)}, {each.audience}, {each.stage}, by {plain(each.by)}, through {by}:", "",
            *block(each.text), "",
        )  # fmt: skip


def _data(review: wire.IncidentReview) -> Iterator[str]:
    for series in review.series:
        yield f"- {code(series.command)}"
    for link in review.incident.links:
        digest = f", rows sha256 {link.result_sha256}" if link.result_sha256 else ""
        yield f"- {link.kind} {code(link.ref)}{digest}{f': {plain(link.note)}' if link.note else ''}"
    yield f"- {code(f'opsconsole incident timeline {review.incident.incident} --json')}"
