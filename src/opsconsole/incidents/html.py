"""The review of an incident as one HTML file: tables, and charts of its services as inline SVG.

Always true here: the file fetches nothing and runs nothing, and its own policy forbids both; every text from data is
escaped where it is put in; it is dark or light as its reader's machine is.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from html import escape

from opsconsole import wire
from opsconsole.incidents import told
from opsconsole.incidents.charts import Mark, chart
from opsconsole.incidents.ledger import moment

_STYLE = """
:root{color-scheme:light dark;--back:#fff;--text:#1c1f23;--soft:#5c6670;--line:#d5dade;--data:#0b62c4;--mark:#b3261e;
--second:#a15c00;--third:#1d7a46;--fourth:#7a3fb0}
@media (prefers-color-scheme:dark){:root{--back:#14171a;--text:#e4e7ea;--soft:#9aa4ae;--line:#343b42;--data:#6db3ff;
--mark:#ff8a80;--second:#ffb65c;--third:#6fd39b;--fourth:#cfa3ff}}
body{background:var(--back);color:var(--text);font:15px/1.5 system-ui,sans-serif;margin:0 auto;max-width:60rem;
padding:1.5rem}
h1{font-size:1.5rem}h2{border-bottom:1px solid var(--line);font-size:1.15rem;margin-top:2rem}
table{border-collapse:collapse;display:block;overflow-x:auto}
td,th{border-bottom:1px solid var(--line);padding:.25rem .6rem;text-align:left;vertical-align:top}
th{color:var(--soft);font-weight:600}
code,pre{font:13px/1.45 ui-monospace,monospace;overflow-wrap:anywhere}
pre{background:color-mix(in srgb,var(--line) 35%,transparent);padding:.6rem;white-space:pre-wrap}
svg{display:block;height:auto;margin:.4rem 0;max-width:100%;width:45rem}
svg text{fill:var(--text);font:11px system-ui,sans-serif}
svg .title{font-weight:600}svg .soft{fill:var(--soft)}svg .end{text-anchor:end}svg .mark{fill:var(--mark)}
svg .axis{fill:none;stroke:var(--line)}svg .line{fill:none;stroke:var(--data);stroke-width:1.5}
svg .line.second{stroke:var(--second);stroke-dasharray:7 3}svg .line.third{stroke:var(--third);stroke-dasharray:2 2}
svg .line.fourth{stroke:var(--fourth);stroke-dasharray:9 3 2 3}svg .line.reference{stroke:var(--soft);stroke-width:.8}
svg .dot{fill:var(--data)}svg .dot.second{fill:var(--second)}svg .dot.third{fill:var(--third)}
svg .dot.fourth{fill:var(--fourth)}svg .dot.reference{fill:var(--soft)}
svg .milestone{stroke:var(--mark);stroke-dasharray:3 3}
.soft{color:var(--soft)}
@media print{body{max-width:none}}
"""
_POLICY = "default-src 'none'; style-src 'unsafe-inline'"


def html(review: wire.IncidentReview) -> str:
    """The whole file."""
    incident = review.incident
    return document(f"{incident.incident} {_line(incident.title)}", _body(review))


def document(title: str, body: Iterable[str]) -> str:
    """A file of its own that fetches nothing and runs nothing; the title is text, the body HTML already."""
    title = escape(title)
    return "\n".join(
        [
            "<!DOCTYPE html>",
            '<html lang="en">',
            "<head>",
            '<meta charset="utf-8">',
            f'<meta http-equiv="Content-Security-Policy" content="{_POLICY}">',
            '<meta name="viewport" content="width=device-width">',
            f"<title>{title}</title>",
            f"<style>{_STYLE}</style>",
            "</head>",
            "<body>",
            f"<h1>{title}</h1>",
            *body,
            "</body>",
            "</html>",
            "",
        ]
    )


def _body(review: wire.IncidentReview) -> Iterator[str]:
    incident = review.incident
    yield from _overview(review)
    yield from _section("Overview", [_soft("What happened, in two or three sentences.")])
    yield from _section("Impact", _impact(review))
    yield from _section("Charts", _charts(review))
    yield from _section("Milestones", _milestones(incident))
    yield from _section("Durations", _durations(review.metrics))
    yield from _section("Contributing factors", [_soft("What made it possible, and what made it worse; not who.")])
    yield from _section("Follow-ups", _follow_ups(incident))
    yield from _section("Timeline", _timeline(review))
    yield from _section("Notes", _notes(incident))
    yield from _section("Messages sent", _messages(incident))


def _line(text: str) -> str:
    return " ".join(text.split())


def _text(text: str) -> str:
    return escape(_line(text))


def _code(text: str) -> str:
    return f"<code>{_text(text)}</code>"


def _soft(text: str) -> str:
    return f'<p class="soft">{escape(text)}</p>'


def _section(title: str, lines: Iterable[str]) -> Iterator[str]:
    yield from ("<section>", f"<h2>{escape(title)}</h2>", *lines, "</section>")


def _table(heading: Sequence[str], rows: Iterable[Sequence[str]]) -> list[str]:
    """Cells are HTML already."""
    head = "".join(f"<th>{escape(cell)}</th>" for cell in heading)
    body = ("<tr>" + "".join(f"<td>{cell}</td>" for cell in row) + "</tr>" for row in rows)
    return ["<table>", f"<tr>{head}</tr>", *body, "</table>"]


def _overview(review: wire.IncidentReview) -> list[str]:
    incident = review.incident
    severities = " → ".join(f"{each.severity} ({told.clock(each.at)})" for each in incident.severities)
    rows = [
        ("Review", "reviewed" if incident.review == "reviewed" else "draft"),
        ("Due", told.clock(review.due_at)),
        ("Status", incident.status),
        ("Severity", severities),
        ("Services", ", ".join(incident.services) or told.MISSING),
        ("Environment", review.environment or told.MISSING),
        ("Opened", f"{told.clock(incident.opened_at)} by {incident.opened_by}"),
        ("People", ", ".join(f"{role} {person}" for role, person in told.people(incident)) or told.MISSING),
        ("Written", told.clock(review.made_at)),
    ]
    return _table(("", "times are UTC"), [(escape(name), _text(value)) for name, value in rows])


def _impact(review: wire.IncidentReview) -> list[str]:
    if not review.impacts:
        return [_soft("The store holds nothing of these services in that time.")]
    rows = [tuple(map(_text, told.impact_row(each))) for each in review.impacts]
    return [*_table(told.IMPACT_HEADING, rows), *(f"<p>{_code(each.command)}</p>" for each in review.impacts)]


def _charts(review: wire.IncidentReview) -> Iterator[str]:
    moments = [(name, moment(review.incident, name)) for name in wire.MILESTONES]
    marks = [Mark(at, told.MILESTONE_WORDS[name]) for name, at in moments if at is not None]
    if not review.series:
        yield _soft("Nothing was logged.")
    for each in review.series:
        lines, step_s = each.lines, each.axis.step_s
        service = _line(each.service)
        rates = [errors / n * 100 if n else None for errors, n in zip(lines.errors, lines.requests, strict=True)]
        yield chart(f"{service}: latency p99", "ms", each.axis, lines.p99_ms, marks)
        yield chart(f"{service}: errors", "%", each.axis, rates, marks)
        yield chart(f"{service}: cost a minute", "USD", each.axis, _per(lines.usd, 60 / step_s), marks)
        yield chart(f"{service}: traffic", "req/s", each.axis, _per(lines.requests, 1 / step_s), marks)
        yield f"<p>{_code(each.command)}</p>"


def _per(values: Sequence[float | None], factor: float) -> list[float | None]:
    return [None if value is None else value * factor for value in values]


def _milestones(incident: wire.Incident) -> list[str]:
    rows = [(escape(name), at, _text(by), _code(evidence)) for name, at, by, evidence in told.milestone_rows(incident)]
    edits = told.edits(incident)
    return [
        *_table(told.MILESTONE_HEADING, rows),
        *([_soft(f"Corrections: {edits}; the timeline has them.")] if edits else []),
    ]


def _durations(metrics: wire.IncidentMetrics) -> list[str]:
    return _table(("", "took", ""), [tuple(map(_text, row)) for row in told.metric_rows(metrics)])


def _follow_ups(incident: wire.Incident) -> list[str]:
    rows = [tuple(map(_text, told.follow_up_row(each))) for each in incident.follow_ups]
    return _table(told.FOLLOW_UP_HEADING, rows) if rows else [_soft("None yet.")]


def _timeline(review: wire.IncidentReview) -> list[str]:
    rows = [(told.clock(line.at), _text(line.actor), _text(line.text), _code(line.command)) for line in review.timeline]
    return _table(("time (UTC)", "who", "what", "data"), rows)


def _notes(incident: wire.Incident) -> list[str]:
    if not incident.notes:
        return [_soft("None.")]
    return [
        f"<p>{told.clock(note.at)}, {_text(note.by)}{', the cause' if note.is_cause else ''}:</p>"
        f"<pre>{escape(note.text)}</pre>"
        for note in incident.notes
    ]


def _messages(incident: wire.Incident) -> list[str]:
    if not incident.updates:
        return [_soft("None.")]
    return [
        f"<p>{told.clock(each.at)}, {each.audience}, {each.stage}, by {_text(each.by)}, through "
        f"{_text(', '.join(each.notifiers) or 'nobody: written down alone')}:</p><pre>{escape(each.text)}</pre>"
        for each in incident.updates
    ]
