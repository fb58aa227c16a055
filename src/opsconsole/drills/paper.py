"""The after-action report as Markdown, and as one HTML file with its charts.

Always true here: what came from people or records is one line of plain words wherever it stands, and marks nothing up;
the HTML file fetches nothing and runs nothing.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from html import escape

from opsconsole import wire
from opsconsole.drills.moments import spelled
from opsconsole.incidents.charts import Line, Mark, lines_chart
from opsconsole.incidents.html import document
from opsconsole.incidents.markdown import plain, table
from opsconsole.page import counted

MISSING = "–"
Rows = Sequence[tuple[str, ...]]


def _took(seconds: float | None) -> str:
    return MISSING if seconds is None else f"{int(seconds) // 60}:{int(seconds) % 60:02d} min"


def overview_rows(score: wire.DrillScore) -> Rows:
    return (
        ("score", f"{score.score:g} of 100"),
        ("points", f"{score.earned:g} earned, {score.lost:g} lost, of {score.possible:g}"),
        ("scenario", f"{score.scenario} {score.version}, seed {score.seed}"),
        ("checklists", ", ".join(score.checklists) or MISSING),
        ("steady before and after", f"{_word(score.steady_before)}, {_word(score.steady_after)}"),
        ("scenario sha256", score.scenario_sha256),
        ("event log sha256", score.log_sha256),
        ("opsconsole", score.app_version),
    )


def _word(holds: bool | None) -> str:
    return {True: "held", False: "did not hold", None: MISSING}[holds]


def expectation_rows(score: wire.DrillScore) -> Rows:
    rows = [
        (
            each.word,
            each.title,
            f"{each.earned:g} / {each.points:g}",
            spelled(each.t) if each.t is not None else MISSING,
            each.by or MISSING,
            each.what or MISSING,
        )
        for each in score.expectations
    ]
    saved = MISSING if score.harm.saved is None else f"{100 * score.harm.saved:.0f} % saved"
    harm = ("", "harm kept from users", f"{score.harm.earned:g} / {score.harm.points:g}", "", "", saved)
    cadence: list[tuple[str, ...]] = []
    if score.cadence is not None:
        one = score.cadence
        title = f"told at least every {_took(one.every_s)}"
        cadence.append(("", title, f"{one.earned:g} / {one.points:g}", "", "", f"{one.kept} of {one.due} times"))
    return (*rows, harm, *cadence)


def lapse_rows(score: wire.DrillScore) -> Rows:
    return tuple(
        (f"-{each.points:g}", spelled(each.t), each.by or MISSING, each.title, each.what) for each in score.lapses
    )


def duration_rows(score: wire.DrillScore) -> Rows:
    took = score.durations
    return (
        ("alerted", _took(took.alerted_s), "from the fault to the first alert"),
        ("detected", _took(took.detect_s), "from the fault to the first thing that a person did"),
        ("acknowledged", _took(took.acknowledge_s), "from the first alert or message to an answer"),
        ("identified", _took(took.identify_s), "from the fault to its cause being named"),
        ("mitigated", _took(took.mitigate_s), "from the fault to users being well for two minutes"),
        ("resolved", _took(took.resolve_s), "from the fault to somebody saying that it is over"),
        ("first message", _took(took.first_message_s), "from the incident's opening"),
        ("longest silence", _took(took.longest_silence_s), f"of {counted(took.messages, 'message')}"),
    )


def harm_rows(score: wire.DrillScore) -> Rows:
    harm = score.harm
    return (
        ("as it was", f"{harm.bad:,}", f"${harm.usd:.2f}"),
        ("without faults (twin)", f"{harm.bad_twin:,}", f"${harm.usd_twin:.2f}"),
        ("without anybody", f"{harm.bad_worst:,}", f"${harm.usd_worst:.2f}"),
    )


def people_rows(score: wire.DrillScore) -> Rows:
    return tuple(
        (each.person, str(each.acts), f"{each.earned:g}", f"{each.lost:g}", str(each.wrong)) for each in score.people
    )


EXPECTED = ("", "expected", "points", "when", "by", "met by")
LAPSES = ("points", "when", "by", "what", "how")
TOOK = ("", "took", "")
HARM = ("", "bad answers", "money")
PEOPLE = ("person", "acts", "points earned", "points lost", "changes that nothing asked for")
TIMELINE = ("when", "who", "what")
STEPS = ("verified", "ticked", "decided", "skipped", "failed")


def _timeline_rows(report: wire.DrillReport) -> Rows:
    hidden = " (hidden from players)"
    return tuple((spelled(row.t), row.who, row.what + (hidden if row.is_hidden else "")) for row in report.timeline)


def _step_row(score: wire.DrillScore) -> tuple[str, ...]:
    steps = score.steps
    return tuple(str(each) for each in (steps.verified, steps.ticked, steps.decided, steps.skipped, steps.failed))


def sections(report: wire.DrillReport) -> Iterator[tuple[str, Sequence[str], Rows]]:
    """(Title, heading, rows) of every table, the lapses first: they are the ones that hurt in earnest."""
    score = report.score
    yield "Overview", ("", ""), overview_rows(score)
    if score.lapses:
        yield "Lapses", LAPSES, lapse_rows(score)
    yield "Expectations", EXPECTED, expectation_rows(score)
    objectives = tuple((each.title, f"{each.earned:g} / {each.points:g}") for each in score.objectives)
    yield "Objectives", ("objective", "points"), objectives
    yield "Durations", TOOK, duration_rows(score)
    yield "Harm", HARM, harm_rows(score)
    yield "Checklist steps", STEPS, (_step_row(score),)
    yield "People", PEOPLE, people_rows(score)
    if report.history:
        yield (
            f"Earlier runs (n = {len(report.history)})",
            ("run", "score"),
            tuple((name, f"{value:g}") for name, value in report.history),
        )
    yield "Timeline", TIMELINE, _timeline_rows(report)


def _lists(report: wire.DrillReport) -> Iterator[tuple[str, Sequence[str]]]:
    yield "Strengths", report.strengths
    yield "To be improved", report.improvements
    if report.notes:
        yield "The facilitator's notes", report.notes
    yield "Follow-ups", report.followups
    yield "Debrief", report.questions
    if report.unreadable:
        yield "Earlier runs left out, whose score cannot be read", report.unreadable


def markdown(report: wire.DrillReport) -> str:
    """The whole page."""
    return "\n".join(_markdown(report)).rstrip() + "\n"


def _markdown(report: wire.DrillReport) -> Iterator[str]:
    yield f"# After action: {plain(report.score.title)}"
    for title, items in _lists(report):
        yield from ("", f"## {title}", "", *([f"- {plain(each)}" for each in items] or ["None."]))
    for title, heading, rows in sections(report):
        yield from ("", f"## {title}", "", *table(heading, (tuple(map(plain, row)) for row in rows)))


def html(report: wire.DrillReport) -> str:
    """The whole file, with charts of what users got and of who did what."""
    return document(f"After action: {report.score.title}", _html(report))


def _html(report: wire.DrillReport) -> Iterator[str]:
    for title, items in _lists(report):
        listed = "".join(f"<li>{escape(each)}</li>" for each in items) or "<li>None.</li>"
        yield f"<section><h2>{escape(title)}</h2><ul>{listed}</ul></section>"
    if report.shown:
        yield f"<section><h2>What the panels showed</h2>{''.join(_charts(report))}</section>"
    for title, heading, rows in sections(report):
        yield f"<section><h2>{escape(title)}</h2>{_table(heading, rows)}</section>"


def _charts(report: wire.DrillReport) -> Iterator[str]:
    """Of each service, a line a version; the thin one is what it would have been without faults, of all together."""
    marks = [Mark(at, label) for at, label in report.marks]
    for each in report.shown:
        rates = {one.version: _percent(one.errors, one.requests) for one in each.versions}
        twin = [None if value is None else 100 * value for value in each.twin_errors]
        p99 = {one.version: one.p99_ms for one in each.versions}
        usd = {one.version: one.usd for one in each.versions}
        yield lines_chart(f"{each.service}: errors", "%", each.axis, _lines(rates, twin), marks)
        yield lines_chart(f"{each.service}: latency p99", "ms", each.axis, _lines(p99, ()), marks)
        yield lines_chart(f"{each.service}: cost a minute", "USD", each.axis, _lines(usd, each.twin_usd), marks)


def _percent(parts: Sequence[int], wholes: Sequence[int]) -> list[float | None]:
    return [100 * part / whole if whole else None for part, whole in zip(parts, wholes, strict=True)]


def _lines(versions: Mapping[str, Sequence[float | None]], twin: Sequence[float | None]) -> list[Line]:
    made = [Line(name or "no version", values) for name, values in versions.items()]
    return [*made, Line("without faults", twin, is_reference=True)] if twin else made


def _table(heading: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    head = "".join(f"<th>{escape(cell)}</th>" for cell in heading)
    body = "".join("<tr>" + "".join(f"<td>{escape(cell)}</td>" for cell in row) + "</tr>" for row in rows)
    return f"<table><tr>{head}</tr>{body}</table>"
