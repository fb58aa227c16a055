"""The charts of the report: what players saw, with who did what."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import duckdb
import msgspec
import pytest

from opsconsole import wire
from opsconsole.drills.archive import Archive, Run
from opsconsole.incidents.charts import Line, lines_chart

MINUTE = """
SELECT count(*), count(*) FILTER (status >= 400), quantile_disc(latency_ms, 0.99), sum(cost_usd)
FROM requests WHERE service = ? AND version = ? AND ts >= ? AND ts < ?
"""


@pytest.fixture(scope="module")
def report(worked: Run) -> wire.DrillReport:
    return Archive(worked.directory.parent).keep(worked)


def test_charts_are_the_drills_own_records(worked: Run, report: wire.DrillReport) -> None:
    """Each minute of each version, to within a bin where it is a quantile."""
    looked_at = 0
    with duckdb.connect(str(worked.home / "store.duckdb"), read_only=True) as store:
        for service in report.shown:
            for line in service.versions:
                for i in range(service.axis.buckets):
                    since = service.axis.start.replace(tzinfo=None) + timedelta(minutes=i)
                    asked = [service.service, line.version, since, since + timedelta(minutes=1)]
                    ((n, errors, p99, usd),) = store.execute(MINUTE, asked).fetchall()
                    assert (line.requests[i], line.errors[i]) == (n, errors)
                    assert line.p99_ms[i] == (pytest.approx(p99, rel=0.012) if n else None)
                    assert line.usd[i] == (pytest.approx(usd) if n else None)
                    looked_at += n
    assert looked_at > 1_500


def test_chart_shows_when_a_version_failed_and_that_it_did_not_without_faults(report: wire.DrillReport) -> None:
    chat = next(each for each in report.shown if each.service == "chat")
    v2 = next(each for each in chat.versions if each.version == "v2")
    shares = [errors / n if n else None for errors, n in zip(v2.errors, v2.requests, strict=True)]
    assert max(share for share in shares if share is not None) > 0.3
    assert max(share for share in chat.twin_errors if share is not None) < 0.05
    assert chat.twin_errors[0] is None  # before the drill began, nobody knows of another world


def test_page_says_who_did_what_across_the_charts(worked: Run) -> None:
    page = worked.html.read_text()
    charts = page.partition("What the panels showed")[2].partition("</section>")[0]
    for word in ("chat: errors", "chat: latency p99", "chat: cost a minute", "find: errors"):
        assert f">{word}<" in charts
    for label in (
        "v1",
        "v2",
        "v7",
        "without faults",
        "bob: rollback chat v1",
        "ann: opens INC-1 SEV-2",
        "fault fails begins",
    ):
        assert f">{label}<" in charts


def test_run_that_kept_no_panels_has_a_report_without_charts(worked: Run, tmp_path: Path) -> None:
    run = Archive(tmp_path).new("small")
    for path in (worked.scenario, worked.events):
        (run.directory / path.name).write_bytes(path.read_bytes())
    assert Archive(tmp_path).keep(run).shown == ()
    assert "What the panels showed" not in run.html.read_text()
    assert msgspec.json.decode(run.score.read_bytes(), type=wire.DrillScore) == worked.score_again()


def test_lines_of_a_chart_are_told_apart_without_colour(report: wire.DrillReport) -> None:
    axis = report.shown[0].axis
    values = [1.0] * axis.buckets
    drawn = lines_chart("a", "%", axis, [Line("v1", values), Line("v2", values), Line("twin", values, True)], [])
    for kind in ("line", "line second", "line reference"):
        assert drawn.count(f'class="{kind}"') == 2  # itself, and its piece in the legend
    assert [label in drawn for label in (">v1<", ">v2<", ">twin<")] == [True] * 3
