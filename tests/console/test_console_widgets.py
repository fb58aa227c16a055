"""What the painters promise: fixed columns, steady axes, and repaints of what changed only."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.segment import Segment

from opsconsole import wire
from opsconsole.console import numbers
from opsconsole.console.glyphs import GLYPHS, choose, fold
from opsconsole.console.lines import Span, ends, fill, line, line_width, plain, wrapped
from opsconsole.console.palette import INKS, colour_mode, style
from opsconsole.console.panels.stack import shared_out
from opsconsole.console.widgets import plot, table, timeline
from opsconsole.console.widgets.surface import changed_runs, merged

VALUES = st.lists(st.none() | st.floats(0, 1e9), max_size=200)


def test_one_changed_cell_repaints_one_cell() -> None:
    before, after = line("p99 812ms  ok"), line("p99 813ms  ok")
    assert list(changed_runs(before, after)) == [(6, 1)]


def test_a_change_of_ink_alone_is_a_change() -> None:
    assert list(changed_runs((Span("ok", "ok"),), (Span("ok", "warn"),))) == [(0, 2)]


def test_far_changes_are_repainted_apart_and_near_ones_together() -> None:
    before = line("a" + " " * 40 + "b c")
    after = line("A" + " " * 40 + "B C")
    assert list(changed_runs(before, after)) == [(0, 1), (41, 3)]


def test_a_wide_character_is_repainted_whole() -> None:
    assert list(changed_runs(line("x漢y"), line("xaay"))) == [(1, 2)]
    assert list(changed_runs(line("xaay"), line("xa漢"))) == [(2, 2)]


def test_blanks_join_their_neighbour_but_never_lose_or_gain_a_background() -> None:
    words = [Segment("a", style("ok", "truecolor")), Segment("  ", style("text", "truecolor"))]
    badge = Segment(" prod ", style("badge", "truecolor"))
    assert merged([*words, Segment("b", style("ok", "truecolor"))]) == [Segment("a  b", style("ok", "truecolor"))]
    assert merged([*words, badge]) == [Segment("a  ", style("ok", "truecolor")), badge]
    reverse = [Segment("x", style("badge", "mono")), Segment(" ", style("text", "mono"))]
    assert merged(reverse) == reverse


@given(VALUES, st.integers(1, 120), st.integers(1, 12), st.sampled_from(sorted(GLYPHS)))
def test_plots_are_exactly_as_large_as_asked(values: list[float | None], width: int, height: int, name: str) -> None:
    top = plot.nice_ceiling(max((v for v in values if v is not None), default=0.0))
    series = (plot.Series(values, "p50", ".", is_dotted=True), plot.Series(values, "p99", "*"))
    for rows in (
        plot.lines_plot(series, width, height, top, GLYPHS[name]),
        plot.bars_plot(values, width, height, top, "traffic", GLYPHS[name]),
    ):
        assert [line_width(row) for row in rows] == [width] * height
        assert name != "ascii" or all(plain(row).isascii() for row in rows)


def test_a_bucket_without_a_value_is_a_gap_and_not_a_zero() -> None:
    (row,) = plot.bars_plot([4.0, None, 4.0, 0.0], 4, 1, 4.0, "traffic", GLYPHS["block"])
    assert plain(row) == "█ █ "
    rows = plot.lines_plot((plot.Series([1.0, None, 1.0], "p50", "*"),), 3, 2, 2.0, GLYPHS["ascii"])
    assert [plain(row)[1] for row in rows] == [" ", " "]


def test_newest_bucket_ends_at_the_right_edge() -> None:
    values = [1.0] * 59 + [9.0]
    rows = plot.bars_plot(values, 72, 4, 9.0, "traffic", GLYPHS["block"])
    assert plain(rows[0])[-1] == "█"
    assert plain(rows[0])[:-2].strip() == ""


def test_a_line_is_one_run_of_colour() -> None:
    rows = plot.lines_plot((plot.Series([1.0] * 30, "p99", "*"),), 30, 1, 2.0, GLYPHS["braille"])
    assert len(rows[0]) == 1


@pytest.mark.parametrize(
    ("peak", "top"), [(0.0, 1.0), (0.7, 1.0), (1.0, 1.0), (1.01, 2.0), (2.2, 3.0), (4.0, 5.0), (812.0, 1000.0)]
)
def test_the_top_of_an_axis_is_a_nice_number(peak: float, top: float) -> None:
    assert plot.nice_ceiling(peak) == pytest.approx(top)


def test_the_top_of_an_axis_does_not_follow_every_change() -> None:
    scales = plot.Scales()
    tops = [scales.top(("a",), [peak]) for peak in (900.0, 400.0, 210.0, 950.0, 1_100.0, 190.0)]
    assert tops == [1000.0, 1000.0, 1000.0, 1000.0, 2000.0, 200.0]


NOON = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)
AXIS = wire.Axis(start=datetime(2026, 11, 23, 12, 0, tzinfo=UTC), step_s=60, buckets=60)


def test_labels_stand_over_their_time_in_utc() -> None:
    text = plain(timeline.axis_line(AXIS, 120, NOON))
    assert text[plot.GUTTER :].index("12:30") == 60
    assert "UTC" in text


def test_today_needs_no_date_and_any_other_day_has_one() -> None:
    assert "11-23" not in plain(timeline.axis_line(AXIS, 72, NOON))
    assert "11-23 12:10" in plain(timeline.axis_line(AXIS, 72, NOON + timedelta(days=1)))


def test_a_window_over_midnight_says_where_each_day_begins() -> None:
    axis = wire.Axis(start=NOON - timedelta(hours=18), step_s=1_440, buckets=60)
    text = plain(timeline.axis_line(axis, 72, NOON))
    assert text.split()[2:] == ["11-23", "06:00", "12:00"]


def test_weeks_are_labelled_by_their_days_and_an_old_one_by_its_year() -> None:
    axis = wire.Axis(start=datetime(2024, 11, 15, 17, tzinfo=UTC), step_s=33_120, buckets=60)
    assert plain(timeline.axis_line(axis, 72, NOON)).split()[2:] == ["2024-11-21", "11-28", "12-05"]


@given(st.integers(0, 25_000), st.integers(0, 86_399), st.integers(1, 10_000_000), st.integers(20, 160))
def test_every_axis_has_a_date_unless_it_is_of_today(day: int, second: int, step_s: int, width: int) -> None:
    start = datetime(1990, 1, 1, tzinfo=UTC) + timedelta(days=day, seconds=second)
    axis = wire.Axis(start=start, step_s=step_s, buckets=60)
    row = plain(timeline.axis_line(axis, width, NOON))
    assert len(row) == width + plot.GUTTER
    labels = row[plot.GUTTER :].split()
    assert not labels or "-" in labels[0] or axis.start.date() == NOON.date()


def test_a_crowd_of_markers_is_counted_and_does_not_hide_the_chart() -> None:
    crowd = [
        wire.Marker(at=AXIS.start + timedelta(minutes=i), kind="release", text=f"M{i} first seen") for i in range(40)
    ]
    assert timeline.rules_of(crowd, AXIS, 72) == []
    assert plain(timeline.marker_line(crowd, AXIS, 72)).split()[0] == "40×"
    assert "…" not in plain(timeline.marker_line(crowd, AXIS, 72))


def test_a_bucket_that_is_not_over_is_marked_and_dim() -> None:
    rows = plot.bars_plot([4.0, 4.0, 2.0], 3, 2, 4.0, "traffic", GLYPHS["block"], has_open_end=True)
    assert [plain(row) for row in rows] == ["██┆", "███"]
    assert [row[-1].ink for row in rows] == ["dim", "open"]


def test_marker_stands_at_its_time_with_its_text() -> None:
    marker = wire.Marker(at=AXIS.start + timedelta(minutes=30), kind="release", text="v42 first seen")
    assert plain(timeline.marker_line((marker,), AXIS, 120))[plot.GUTTER + 60 :].startswith("▼ v42 first seen")


def test_markers_at_the_edges_and_outside_stay_on_the_axis() -> None:
    for minutes in (-5, 0, 59, 60, 500):
        marker = wire.Marker(at=AXIS.start + timedelta(minutes=minutes), kind="note", text="漢字 note")
        row = timeline.marker_line((marker, marker), AXIS, 40)
        assert line_width(row) == 40 + plot.GUTTER
        assert "▼" in plain(row)


COLUMNS = (
    table.Column("name", "name", 8, grow=1),
    table.Column("n", "n", 5, is_right=True),
    table.Column("wide", "wide", 30, from_width=60),
)


@given(st.text(max_size=40), st.integers(30, 200))
def test_no_content_moves_a_column(name: str, width: int) -> None:
    columns = table.visible(COLUMNS, width)
    row = table.row(columns, {"name": name, "n": "12", "wide": name}, width)
    assert line_width(row) == line_width(table.header(columns, width)) == width


def test_numbers_stand_under_each_other() -> None:
    columns = table.visible(COLUMNS, 40)
    rows = [plain(table.row(columns, {"name": "a", "n": n, "wide": ""}, 40)) for n in ("1", "12,345")]
    assert rows[0].rstrip().endswith("1")
    assert len({len(row.rstrip()) for row in rows}) <= 2


def test_the_list_turns_whole_pages() -> None:
    assert table.page(0, 25, 10) == range(10)
    assert table.page(9, 25, 10) == range(10)
    assert table.page(10, 25, 10) == range(10, 20)
    assert table.page(24, 25, 10) == range(20, 25)


@given(st.lists(st.text(max_size=30), max_size=6), st.integers(0, 80))
def test_a_filled_line_has_exactly_its_width(texts: list[str], width: int) -> None:
    assert line_width(fill(line(*texts), width)) == width
    assert line_width(ends(line(*texts), line("right"), width)) == width


@given(st.lists(st.tuples(st.integers(0, 12), st.integers(1, 5)), min_size=1, max_size=6), st.integers(0, 80))
def test_rows_are_shared_out_to_the_last(places: list[tuple[int, int]], total: int) -> None:
    heights = shared_out(places, total)
    assert sum(heights) == total
    assert min(heights) >= 0


def test_long_text_is_wrapped_and_loses_nothing() -> None:
    text = "no column can be the time of a request: name one with --column ts=FIELD:unit"
    assert " ".join(plain(row).strip() for row in wrapped(text, 30, indent=2)) == text


@pytest.mark.parametrize(
    ("ms", "text"),
    [(None, "–"), (0, "0ms"), (0.01, "<.1ms"), (8.2, "8.2ms"), (812, "812ms"), (2140, "2.14s"), (12_300, "12.3s"),
     (135_000, "135s"), (720_000, "12m"), (12_240_000, "3.4h")],
)  # fmt: skip
def test_durations_have_their_unit(ms: float | None, text: str) -> None:
    assert numbers.duration(ms) == text


@given(st.floats(0, 1e9))
def test_no_duration_takes_more_than_five_cells(ms: float) -> None:
    assert len(numbers.duration(ms)) <= 5


@given(st.floats(0, 1e12))
def test_counts_money_and_shares_keep_to_their_columns_and_only_nothing_is_zero(x: float) -> None:
    assert len(numbers.count(x)) <= 6
    assert len(numbers.money(x)) <= 8
    assert (numbers.money(x) == "$0") == (x == 0)
    assert len(numbers.rate(x)) <= 6
    assert len(numbers.percent(x / 1e12)) <= 6
    assert (numbers.percent(x / 1e12) == "0%") == (x / 1e12 == 0)


def test_no_price_near_a_change_of_form_is_too_wide() -> None:
    assert [numbers.money(usd) for usd in (0.000095, 0.0000994, 0.0000996, 0.0001)] == [
        "95µ$",
        "99µ$",
        "$0.00010",
        "$0.00010",
    ]


def test_bounds_share_their_unit_where_they_can() -> None:
    assert numbers.bounded(wire.Estimate(value=812, low=803, high=821, n=9)) == "812ms (803–821)"
    assert numbers.bounded(wire.Estimate(value=1005, low=994, high=1016, n=9)) == "1.00s (994ms–1.02s)"


@pytest.mark.parametrize(
    ("environ", "name"),
    [
        ({"LANG": "en_US.UTF-8", "TERM": "xterm"}, "braille"),
        ({"TERM": "xterm"}, "braille"),
        ({"LANG": "de_DE.ISO-8859-1", "TERM": "xterm"}, "ascii"),
        ({"LC_ALL": "C", "LANG": "en_US.UTF-8", "TERM": "xterm"}, "ascii"),
        ({"LANG": "C", "LC_CTYPE": "C.UTF-8", "TERM": "xterm"}, "ascii"),
        ({"LANG": "en_US.UTF-8", "TERM": "linux"}, "ascii"),
        ({"LANG": "en_US.UTF-8", "TERM": "linux", "OPSCONSOLE_GLYPHS": "block"}, "block"),
    ],
)
def test_glyphs_follow_the_person_then_the_terminal_and_the_locale(environ: dict[str, str], name: str) -> None:
    assert choose(environ).name == name


@given(st.text(max_size=50))
def test_folded_text_is_ascii(text: str) -> None:
    assert fold(text).isascii()


def test_every_ink_has_a_style_in_every_mode_and_mono_has_no_colour() -> None:
    for ink in INKS:
        for suffix in ("", "*"):
            assert style(ink + suffix, "truecolor").color is not None
            assert style(ink + suffix, "mono").color is None
            assert style(ink + suffix, "mono").bgcolor is None
            colour = style(ink + suffix, "ansi16").color
            assert colour is not None
            assert colour.is_default or (colour.number is not None and colour.number < 16)


def test_colours_follow_the_terminal_and_no_color() -> None:
    assert colour_mode(no_color=True, color_system="truecolor") == "mono"
    assert colour_mode(no_color=False, color_system="standard") == "ansi16"
    assert colour_mode(no_color=False, color_system="256") == "ansi256"
    assert colour_mode(no_color=False, color_system="256", wanted="truecolor") == "truecolor"
    assert colour_mode(no_color=False, color_system="truecolor", wanted=16) == "ansi16"
    assert colour_mode(no_color=True, color_system="truecolor", wanted="truecolor") == "mono"
