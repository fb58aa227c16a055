"""The review: its numbers, and the two files that it becomes, which obey nothing that is in them.

The golden files are written anew with OPSCONSOLE_GOLDEN=write in the environment; look at what changed.
"""

from __future__ import annotations

import os
import re
from datetime import timedelta
from html.parser import HTMLParser
from itertools import groupby
from pathlib import Path
from typing import Any

import msgspec
import pytest
from reviewed import AXIS, lines, review_of, worked
from working import HOSTILE, START, Room

from opsconsole import wire
from opsconsole.incidents import review
from opsconsole.incidents.charts import Mark, chart
from opsconsole.incidents.html import html
from opsconsole.incidents.markdown import markdown
from opsconsole.incidents.told import length

GOLDEN = Path(__file__).parent / "golden"
VOID = {"meta", "br", "img", "link", "hr", "input"}
ALLOWED = {
    "html", "head", "meta", "title", "style", "body", "h1", "h2", "section", "table", "tr", "th", "td", "p", "code",
    "pre", "svg", "text", "path", "polyline", "circle",
}  # fmt: skip


class Page(HTMLParser):
    """Every tag, that each is closed where it was opened, and all text."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.open: list[str] = []
        self.tags: set[str] = set()
        self.attributes: list[tuple[str, str | None]] = []
        self.texts: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        self.attributes += attrs
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        self.attributes += attrs

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.texts.append(data)


def renamed(value: Any) -> Any:
    """With hostile text for each name of a person, a service, a notifier and the environment."""
    if isinstance(value, dict):
        return {key: renamed(each) for key, each in value.items()}
    if isinstance(value, (list, tuple)):
        return [renamed(each) for each in value]
    return HOSTILE if value in ("ann", "bob", "eve", "chat", "status", "prod") else value


def hostile_review() -> wire.IncidentReview:
    """Of an incident in which every text and every name is hostile."""
    made = msgspec.to_builtins(review_of(worked(HOSTILE, HOSTILE)))
    return msgspec.convert(renamed(made), wire.IncidentReview)


def page(text: str) -> Page:
    found = Page()
    found.feed(text)
    found.close()
    return found


@pytest.mark.parametrize(("name", "write"), [("review.md", markdown), ("review.html", html)])
def test_the_files_are_as_they_were(name: str, write: object) -> None:
    text = write(review_of(worked()))  # type: ignore[operator]
    if os.environ.get("OPSCONSOLE_GOLDEN") == "write":
        (GOLDEN / name).write_text(text, encoding="utf-8")
    assert text == (GOLDEN / name).read_text(encoding="utf-8")


@pytest.mark.parametrize("made", [review_of(worked()), hostile_review()], ids=["plain", "hostile"])
def test_the_html_is_whole_and_holds_nothing_active_whatever_is_in_it(made: wire.IncidentReview) -> None:
    text = html(made)
    found = page(text)
    assert found.open == []
    assert found.tags == ALLOWED
    assert not [name for name, _ in found.attributes if name.startswith("on") or name in ("href", "src", "style")]
    assert "url(" not in text
    assert "@import" not in text
    assert ("content", "default-src 'none'; style-src 'unsafe-inline'") in found.attributes
    assert "prefers-color-scheme:dark" in text
    assert " ".join(made.incident.title.split()) in "".join(found.texts), "it is there, as text"


def test_the_charts_show_the_milestones_and_leave_gaps_where_nothing_was_measured() -> None:
    found = page(html(review_of(worked())))
    shown = "".join(found.texts)
    for word in ("chat: latency p99", "chat: errors", "chat: cost a minute", "chat: traffic"):
        assert word in shown
    marks = [word for word in found.texts if word in ("impact start", "mitigated", "resolved")]
    assert len(marks) >= 3 * 4
    values: list[float | None] = [1.0, 2.0, None, 3.0, None, 0.0, 1.0]
    drawn = chart("a & b", "ms", wire.Axis(start=START, step_s=60, buckets=7), values, [Mark(START, "<x>")])
    assert (drawn.count("<polyline"), drawn.count("<circle")) == (2, 1)
    assert "&lt;x&gt;" in drawn
    assert "not logged" in chart("a", "ms", wire.Axis(start=START, step_s=60, buckets=2), [None, None], [])


def test_a_mark_outside_a_chart_is_not_drawn() -> None:
    axis = wire.Axis(start=START, step_s=60, buckets=2)
    assert "late" not in chart("a", "ms", axis, [1.0, 2.0], [Mark(START + timedelta(hours=1), "late")])


def test_hostile_text_marks_nothing_up_in_markdown() -> None:
    text = markdown(hostile_review())
    outside, is_inside = [], False
    for line in text.splitlines():
        if line.startswith("```"):
            is_inside = not is_inside
        elif not is_inside:
            outside.append(re.sub(r"(`+).*?\1", "", line))
    assert not is_inside
    assert [line for line in outside if re.search(r"(?<!\\)<\w", line)] == []
    assert sum(line.startswith("# ") for line in outside) == 1
    for is_table, rows in groupby(outside, key=lambda line: line.startswith("|")):
        if is_table:
            assert len({len(re.findall(r"(?<!\\)\|", row)) for row in rows}) == 1, "no cell was split"


def test_a_fence_in_a_note_does_not_end_its_block() -> None:
    room = worked()
    room.conduct.reopen("ann", wire.ReopenIncident(incident="INC-1", why="x"))
    room.note("````\n# not a heading\n```")
    text = markdown(review_of(room))
    start = text.index("`````text\n````\n# not a heading")
    assert text[start:].split("\n")[4] == "`````"


def test_the_impact_is_counted_between_its_start_and_its_end_beside_as_long_before() -> None:
    found = review.impact("chat", AXIS, lines(), START - timedelta(minutes=5), START + timedelta(minutes=25), 1_000.0)
    assert (found.requests, found.errors, found.error_rate) == (300, 120, 0.4)
    assert (found.error_rate_before, found.excess_errors) == (0.0, 120)
    assert found.worst_p99_ms == 2_400
    assert (found.usd, found.usd_before) == (pytest.approx(1.5), pytest.approx(0.6))
    assert found.budget_share == pytest.approx(0.0015)
    assert found.command == "opsconsole show service chat --window 1h --as-of 2026-11-25T03:26"


def test_what_the_lines_do_not_reach_back_to_is_not_compared() -> None:
    found = review.impact("chat", AXIS, lines(), START - timedelta(minutes=40), START + timedelta(minutes=25), None)
    assert (found.error_rate_before, found.excess_errors, found.usd_before, found.budget_share) == (None,) * 4
    nothing = review.impact("chat", AXIS, wire.Lines(), START, START + timedelta(minutes=5), 1.0)
    assert (nothing.requests, nothing.error_rate, nothing.usd, nothing.worst_p99_ms) == (0, None, None, None)


def test_a_review_of_an_incident_of_which_nothing_is_known_is_written_with_dashes(room: Room) -> None:
    room.open(services=())
    made = review_of(room)
    bare = wire.IncidentReview(
        incident=made.incident, environment="", made_at=made.made_at, due_at=None, metrics=made.metrics, impacts=(),
        series=(), timeline=(),
    )  # fmt: skip
    text = markdown(bare)
    assert "| impact start | – | – | – |" in text
    assert "| TTD | – |" in text
    assert page(html(bare)).open == []


@pytest.mark.parametrize(
    ("seconds", "words"),
    [(None, "–"), (0, "0 s"), (59.9, "59 s"), (61, "1 min 1 s"), (3_600, "1 h 0 min"), (90_061, "1 d 1 h")],
)
def test_a_length_is_told_in_two_units(seconds: float | None, words: str) -> None:
    assert length(seconds) == words
