"""Every chart is exactly as large as asked, whatever the numbers, and says the same without colour or braille."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from opsconsole import wire
from opsconsole.console.glyphs import GLYPHS
from opsconsole.console.lines import line_width, plain
from opsconsole.console.widgets import areas, gauge, heatmap, histogram, timeline
from opsconsole.console.widgets.plot import GUTTER

VALUES = st.lists(st.none() | st.floats(0, 1e12), max_size=70)
SIZES = st.tuples(st.integers(1, 90), st.integers(1, 20))
ANY_GLYPHS = st.sampled_from(sorted(GLYPHS)).map(GLYPHS.__getitem__)
START = datetime(2026, 2, 3, 12, 0, tzinfo=UTC)
HOUR = wire.Axis(start=START, step_s=60, buckets=60)


@given(low=VALUES, high=VALUES, size=SIZES, glyphs=ANY_GLYPHS)
def test_a_band_is_a_block_of_its_size(
    low: list[float | None], high: list[float | None], size: tuple[int, int], glyphs: object
) -> None:
    rows = areas.band_plot(low, high, *size, 1e12, glyphs)  # type: ignore[arg-type]
    assert [line_width(row) for row in rows] == [size[0]] * size[1]


@given(one=VALUES, other=VALUES, size=SIZES, glyphs=ANY_GLYPHS, column=st.integers(-3, 100))
def test_stacks_are_a_block_of_their_size_also_under_a_crosshair(
    one: list[float | None], other: list[float | None], size: tuple[int, int], glyphs: object, column: int
) -> None:
    stacks = (areas.Stack(one, "stack1", "a"), areas.Stack(other, "stack2", "b"))
    rows = areas.stacked_plot(stacks, *size, 1e12, glyphs)  # type: ignore[arg-type]
    assert [line_width(row) for row in areas.crossed(rows, column)] == [size[0]] * size[1]


@pytest.mark.parametrize("glyphs", GLYPHS.values(), ids=GLYPHS)
def test_a_stack_is_told_from_its_neighbour_without_colour(glyphs: object) -> None:
    stacks = (areas.Stack((5.0,) * 8, "stack1", "a"), areas.Stack((5.0,) * 8, "stack2", "b"))
    rows = [plain(row) for row in areas.stacked_plot(stacks, 8, 10, 10.0, glyphs)]  # type: ignore[arg-type]
    assert rows[0] == rows[4] != rows[5] == rows[9]
    assert " " not in rows[0]


@pytest.mark.parametrize("glyphs", GLYPHS.values(), ids=GLYPHS)
def test_a_band_is_filled_between_its_edges_and_nowhere_else(glyphs: object) -> None:
    rows = areas.band_plot((2.0,) * 10, (8.0,) * 10, 10, 10, 10.0, glyphs)  # type: ignore[arg-type]
    inks = [row[0].ink if row[0].text.strip() else "" for row in rows]
    first, last = inks.index("p99"), inks.index("p50")
    assert set(inks[first + 1 : last]) == {"band"}
    assert set(inks[:first] + inks[last + 1 :]) == {""}


@given(
    rows=st.integers(0, 8).flatmap(
        lambda n: st.lists(st.lists(st.integers(0, 10**6), min_size=12, max_size=12), min_size=n, max_size=n)
    ),
    size=SIZES,
    glyphs=ANY_GLYPHS,
)
def test_a_heatmap_is_a_block_and_no_request_is_blank(
    rows: list[list[int]], size: tuple[int, int], glyphs: object
) -> None:
    drawn = heatmap.heatmap(rows, *size, glyphs)  # type: ignore[arg-type]
    assert len(drawn) == size[1]
    assert {line_width(row) for row in drawn} <= {size[0], 0}
    if any(map(any, rows)) and size[1] >= len(rows) and size[0] >= 12:
        assert any(plain(row).strip() for row in drawn)


@pytest.mark.parametrize("glyphs", GLYPHS.values(), ids=GLYPHS)
def test_more_requests_are_a_stronger_shade_by_character_and_by_ink(glyphs: object) -> None:
    (row,) = heatmap.heatmap([[0, 1, 20, 200, 500, 1_000]], 6, 1, glyphs)  # type: ignore[arg-type]
    shades = heatmap.ASCII_SHADES if GLYPHS["ascii"] is glyphs else heatmap.SHADES
    text = plain(row)
    assert text[0] == " "
    assert [shades.index(character) for character in text[1:]] == sorted(shades.index(c) for c in text[1:])
    assert [piece.ink for piece in row if piece.text.strip()] == sorted({p.ink for p in row if p.text.strip()})


BINS = st.lists(
    st.builds(
        lambda label, share, before: wire.Bin(label=label, share=share, baseline_share=before),
        st.sampled_from(("0–10", "null", "unseen", "ein sehr langes Etikett", "日本語")),
        st.floats(0, 1),
        st.floats(0, 1),
    ),
    max_size=30,
)


@given(bins=BINS, width=st.integers(40, 160), height=st.integers(1, 24), glyphs=ANY_GLYPHS)
def test_a_histogram_is_a_block_and_counts_what_has_no_room(
    bins: list[wire.Bin], width: int, height: int, glyphs: object
) -> None:
    rows = histogram.histogram(bins, width, height, glyphs)  # type: ignore[arg-type]
    assert [line_width(row) for row in rows] == [width] * height
    if len(bins) > height > 1:
        assert f"… {len(bins) - height + 1} more" in plain(rows[-1])


def test_a_histogram_shows_both_shares_and_what_grew() -> None:
    bins = (wire.Bin(label="en", share=0.2, baseline_share=0.6), wire.Bin(label="de", share=0.8, baseline_share=0.4))
    rows = [plain(row) for row in histogram.histogram(bins, 80, 2, GLYPHS["braille"])]
    assert rows[0].split()[-3:] == ["20.0%", "▼", "60.0%"]
    assert rows[1].split()[-3:] == ["80.0%", "▲", "40.0%"]


@given(part=st.none() | st.floats(0, 5), mark=st.none() | st.floats(0, 1), width=st.integers(1, 60), glyphs=ANY_GLYPHS)
def test_a_gauge_is_as_wide_as_asked(part: float | None, mark: float | None, width: int, glyphs: object) -> None:
    assert line_width(gauge.gauge(part, width, glyphs, mark=mark)) == width  # type: ignore[arg-type]


def test_a_gauge_beyond_its_end_says_so_by_sign_and_ink() -> None:
    over = gauge.gauge(1.2, 10, GLYPHS["braille"])
    assert plain(over).endswith(gauge.OVER)
    assert {piece.ink for piece in over} == {"over"}
    assert gauge.OVER not in plain(gauge.gauge(1.0, 10, GLYPHS["braille"]))


def test_the_axis_carries_the_crosshairs_time_under_its_column_and_a_ghost_of_now() -> None:
    now = START + timedelta(hours=1, minutes=12)
    axis = timeline.axis_line(HOUR, 60, now, crosshair=START + timedelta(minutes=30), is_past=True)
    text = plain(axis)[GUTTER:]
    assert abs(text.index("12:30") + 2 - 30) <= 1
    assert text.endswith("now +12m ▸")
    assert {piece.ink for piece in axis} >= {"crosshair", "ghost"}


@given(minute=st.integers(-10, 70), width=st.integers(1, 150))
def test_an_axis_with_a_crosshair_anywhere_keeps_its_width(minute: int, width: int) -> None:
    axis = timeline.axis_line(HOUR, width, START, crosshair=START + timedelta(minutes=minute), is_past=True)
    assert line_width(axis) == width + GUTTER


def test_a_breach_is_a_line_under_its_buckets_with_a_sign() -> None:
    breach = wire.Breach(
        start=START + timedelta(minutes=10), stop=START + timedelta(minutes=20), state="fail", what="errors 8%"
    )
    text = plain(timeline.breach_line((breach,), HOUR, 60))[GUTTER:]
    assert text[10] == "✖"
    assert text[11:20] == "━" * 9
    assert not text[:10].strip()
    assert not text[20:].strip()
