"""The body of every list: only what is seen is built, what is not seen is counted, and signs say what is marked."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st
from painting import LARGE, frame_at, lines_of, row_with, text_of

from opsconsole.console.frame import Frame, Link, State
from opsconsole.console.glyphs import fold
from opsconsole.console.lines import Span, line_width, plain, span
from opsconsole.console.listing import Item
from opsconsole.console.place import Place
from opsconsole.console.text import told_apart, width
from opsconsole.console.widgets.listed import JUMP_LETTERS, MARK, MARK_AT_CURSOR, list_body, matching, rows_above
from opsconsole.console.widgets.table import Cell, Column

COLUMNS = (Column("name", "name", 10, grow=1), Column("n", "n", 5, is_right=True))


def items_of(n: int) -> tuple[Item, ...]:
    return tuple(Item(f"item {i}", {"name": f"item {i}"}) for i in range(n))


def body(n: int, height: int = 10, *, built: list[int] | None = None, at: str = "", **state: object) -> list[str]:
    frame = Frame(State(Place(cursor=at), **state), Link("ok"), "prod")  # type: ignore[arg-type]
    return painted(frame, n, height, built)


def painted(frame: Frame, n: int, height: int, built: list[int] | None = None) -> list[str]:
    def cells(i: int) -> Mapping[str, Cell]:
        if built is not None:
            built.append(i)
        return {"name": span(f"item {i}"), "n": str(i)}

    return [plain(line) for line in list_body(frame, items_of(n), COLUMNS, cells, 40, height)]


def test_only_the_rows_of_the_page_are_built() -> None:
    built: list[int] = []
    body(1_000, built=built, at="item 500")
    assert len(built) == 8
    assert 500 in built


def test_rows_that_have_no_room_are_counted() -> None:
    assert body(1_000, at="item 9")[-1].strip() == "9–16 of 1,000"
    assert "of" not in body(9)[-1]


@given(st.integers(0, 200), st.integers(0, 199), st.integers(2, 40), st.booleans())
def test_a_body_is_never_higher_or_wider_than_asked(n: int, at: int, height: int, is_marked: bool) -> None:
    marks = frozenset({"item 0"} if is_marked else ())
    rows = body(n, height, at=f"item {at}", marks=marks)
    assert len(rows) <= height
    assert {len(row) for row in rows} <= {40}
    assert sum(row.startswith(("›", "◉")) for row in rows) == (1 if n and height > 2 else min(n, height - 1, 1))


def test_the_last_page_moves_nothing_below_it() -> None:
    first, last = body(17), body(17, at="item 16")
    assert len(first) == len(last) == 10
    assert last[-1].strip() == "17–17 of 17"


def test_a_mark_is_a_sign_and_is_counted() -> None:
    rows = body(3, marks=frozenset({"item 0", "item 2", "item 99"}))
    assert [row[0] for row in rows[1:4]] == ["◉", " ", "●"]
    assert rows[-1].strip() == "● 2 marked"


def test_marks_in_the_fleet_look_the_same() -> None:
    frame = frame_at(Place("fleet"), marks=frozenset({"ticket-router"}))
    assert row_with(frame, "ticket-router").startswith("●")
    assert "● 1 marked" in text_of(frame)


def test_a_jump_has_a_letter_for_every_row_of_the_page() -> None:
    frame = Frame(State(Place(cursor="item 12"), mode="jump"), Link("ok"), "prod")
    rows = painted(frame, 30, 10)
    assert "".join(row[0] for row in rows[1:9]) == JUMP_LETTERS[:8]
    assert frame.listings.page == range(8, 16)
    assert len(set(JUMP_LETTERS)) == len(JUMP_LETTERS)


def test_a_list_that_a_filter_empties_says_how_to_go_back() -> None:
    assert "nothing matches; Esc shows all" in body(0)[1]


@pytest.mark.parametrize(
    ("text", "words", "found"),
    [("Chat chat", ("chat",), ["Chat", "chat"]), ("abc", ("bc", "b"), ["bc"]), ("aabb", ("a", "b"), list("aabb")),
     ("abc", (), []), ("abc", ("d",), [])],
)  # fmt: skip
def test_what_a_filter_found_is_marked(text: str, words: tuple[str, ...], found: list[str]) -> None:
    spans = matching((Span(text, "text"),), words)
    assert "".join(piece.text for piece in spans) == text
    assert [piece.text for piece in spans if piece.ink == "match"] == found


@given(st.text(max_size=20), st.lists(st.text(min_size=1, max_size=3), max_size=3))
def test_marking_matches_changes_no_cell(text: str, words: list[str]) -> None:
    piece = span(text, "dim*")
    spans = matching((piece,), [word.lower() for word in words])
    assert "".join(each.text for each in spans) == piece.text
    assert line_width(spans) == width(piece.text)
    assert {each.ink for each in spans} <= {"dim*", "match*"}


def test_the_fleet_marks_what_the_filter_found() -> None:
    frame = frame_at(Place("fleet", filter="chat !router"))
    inks = {piece.text: piece.ink for line in lines_of(frame) for piece in line}
    assert inks["chat"] in ("match", "match*")


@given(st.integers(0, 2_000), st.integers(4, 60), st.integers(0, 20))
def test_a_list_leaves_room_for_what_stands_below(n: int, height: int, least: int) -> None:
    assert 4 <= rows_above(n, height, least) <= max(4, height)
    assert rows_above(n, height, least) <= max(4, height - min(least, height // 2))


def test_a_thousand_names_are_told_apart() -> None:
    names = [f"team-platform-service-{i:04d}" for i in range(1_000)]
    shown = told_apart(names, 14)
    assert len(set(shown)) == 1_000
    assert max(map(width, shown)) <= 14


@given(st.lists(st.text(alphabet="ab-é界", max_size=12), max_size=8), st.integers(1, 8))
def test_names_keep_their_places_and_fit(names: list[str], cells: int) -> None:
    shown = told_apart(names, cells)
    assert len(shown) == len(names)
    assert all(width(each) <= cells for each in shown)
    assert all(
        each == name for each, name in zip(shown, names, strict=True) if width(name) <= cells and names.count(name) == 1
    )


def test_the_sources_can_be_filtered_to_nothing() -> None:
    assert "no source matches; Esc shows all" in text_of(frame_at(Place("sources", filter="zzz")))
    assert "/broken · 1 of 3" in text_of(frame_at(Place("sources", filter="broken")))


def test_a_very_wide_fleet_has_more_trends() -> None:
    frame = frame_at(Place("fleet"))
    assert "$ trend" not in text_of(frame, LARGE)
    assert "$ trend" in text_of(frame, (200, 48))


def test_a_link_that_is_slow_leaves_the_fleets_charts_out() -> None:
    slow = replace(frame_at(Place("fleet")), is_numbers_only=True)
    assert "┤" not in text_of(slow, LARGE)
    assert not set("▁▂▃▄▅▆▇█") & set(text_of(slow, LARGE))


def test_signs_of_marks_are_told_apart_in_ascii() -> None:
    assert len({fold(sign) for sign in (MARK, MARK_AT_CURSOR, "›", " ")}) == 4
    assert "?" not in fold(MARK + MARK_AT_CURSOR)
