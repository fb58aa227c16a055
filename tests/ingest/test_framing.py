"""Where records begin and end, byte for byte."""

from __future__ import annotations

import csv
import io
from itertools import pairwise

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from opsconsole.ingest.framing import KEPT_OF_REJECT, MAX_LINE, Framed, cut_lines, frame_csv, frame_lines, line_offsets


def records_of(framed: Framed) -> list[bytes]:
    lines = framed.body.split(b"\n")
    assert lines.pop() == b""
    return lines


def in_chunks(data: bytes, size: int, *, delimiter: str = "") -> tuple[list[bytes], list[int], list[Framed]]:
    """Feed a stream as a follower does: read, cut, keep the rest."""
    bodies: list[bytes] = []
    offsets: list[int] = []
    all_framed: list[Framed] = []
    buffer, start, place, inside = b"", 0, 0, False
    while True:
        part = data[place : place + size]
        place += len(part)
        buffer += part
        final = place >= len(data)
        if delimiter:
            framed = frame_csv(buffer, start, delimiter=delimiter, final=final, inside_long_line=inside)
        else:
            framed = frame_lines(buffer, start, final=final, inside_long_line=inside)
        bodies.append(framed.body)
        offsets += framed.offsets.tolist()
        all_framed.append(framed)
        buffer, start, inside = buffer[framed.consumed :], start + framed.consumed, framed.inside_long_line
        if final:
            assert not buffer
            return b"".join(bodies).splitlines(keepends=True), offsets, all_framed


def test_only_whole_lines_are_cut() -> None:
    whole, rest = cut_lines(b"one\ntwo\nthr")
    assert (bytes(whole), rest) == (b"one\ntwo\n", b"thr")
    whole, rest = cut_lines(b"one\nthr", final=True)
    assert (bytes(whole), rest) == (b"one\nthr", b"")


def test_an_unfinished_line_waits_and_a_final_one_counts() -> None:
    waiting = frame_lines(b'{"a":1}\n{"a":', 100)
    assert records_of(waiting) == [b'{"a":1}']
    assert waiting.consumed == 8
    final = frame_lines(b'{"a":2}', 108, final=True)
    assert records_of(final) == [b'{"a":2}']
    assert final.offsets.tolist() == [108]


@given(
    st.lists(st.binary(max_size=12).filter(lambda line: b"\n" not in line and b"\0" not in line)), st.integers(1, 20)
)
def test_every_line_is_found_once_at_its_offset_whatever_the_chunks(lines: list[bytes], size: int) -> None:
    data = b"".join(line + b"\n" for line in lines)
    if data.startswith(b"\xef\xbb\xbf"):
        return
    kept, offsets, framed = in_chunks(data, size)
    expected = [line for line in lines if line.strip(b" \t\r")]
    assert b"".join(kept) == b"".join(line + b"\n" for line in expected)
    assert [data[offset : data.index(b"\n", offset)] for offset in offsets] == expected
    assert sum(part.blank_lines for part in framed) == len(lines) - len(expected)


def test_offsets_of_lines() -> None:
    assert line_offsets(b"").tolist() == []
    assert line_offsets(b"a\n\nbc").tolist() == [0, 2, 3]
    assert line_offsets(b"a\n").dtype == np.int64


def test_a_byte_order_mark_is_no_part_of_the_first_record() -> None:
    framed = frame_lines(b'\xef\xbb\xbf{"a":1}\n{"a":2}\n')
    assert records_of(framed) == [b'{"a":1}', b'{"a":2}']
    assert framed.offsets.tolist() == [3, 11]


def test_the_hole_of_a_truncated_log_is_skipped_and_counted() -> None:
    hole = 3 * MAX_LINE
    data = b'{"a":0}\n' + bytes(hole) + b'{"a":1}\n{"a":2}\n'
    for size in (MAX_LINE // 2, len(data)):
        kept, offsets, framed = in_chunks(data, size)
        assert kept == [b'{"a":0}\n', b'{"a":1}\n', b'{"a":2}\n']
        assert offsets == [0, 8 + hole, 16 + hole]
        assert sum(part.nul_bytes for part in framed) == hole
        assert not any(part.rejects for part in framed)


def test_a_line_that_is_too_long_is_rejected_once_with_its_offset() -> None:
    data = b'{"a":1}\n' + b"x" * (5 * MAX_LINE) + b'\n{"a":2}\n'
    for size in (MAX_LINE // 3, 2 * MAX_LINE, len(data)):
        kept, offsets, framed = in_chunks(data, size)
        rejects = [reject for part in framed for reject in part.rejects]
        assert kept == [b'{"a":1}\n', b'{"a":2}\n']
        assert offsets == [0, len(data) - 8]
        assert [(reject.offset, reject.reason) for reject in rejects] == [(8, "line too long")]
        assert rejects[0].head == b"x" * KEPT_OF_REJECT


CELLS = st.text(alphabet='ab",\n\r;5', max_size=6)


@settings(max_examples=200)
@given(st.lists(st.tuples(CELLS, CELLS), min_size=1, max_size=8), st.integers(1, 30), st.sampled_from(",;"))
def test_a_newline_in_quotes_ends_no_record(table: list[tuple[str, str]], size: int, delimiter: str) -> None:
    text = io.StringIO()
    writer = csv.writer(text, delimiter=delimiter, lineterminator="\n", quoting=csv.QUOTE_ALL)
    writer.writerows(table)
    data = text.getvalue().encode()
    kept, offsets, framed = in_chunks(data, size, delimiter=delimiter)
    assert b"".join(kept) == data
    assert len(offsets) == len(table)
    starts = [*offsets, len(data)]
    for row, (start, end) in zip(table, pairwise(starts), strict=True):
        piece = io.StringIO(data[start:end].decode(), newline="")
        assert tuple(next(csv.reader(piece, delimiter=delimiter))) == row
    assert not any(part.rejects for part in framed)


def test_an_inch_mark_within_a_cell_opens_nothing() -> None:
    framed = frame_csv(b'name,size\ndisk,5"\nlamp,7" round\nplain,1\n')
    assert len(framed.offsets) == 4
    assert not framed.rejects


def test_a_lone_quote_spoils_its_own_line_only() -> None:
    data = b'a,b\n1,"open\n' + b"2,3\n" * MAX_LINE
    kept, _, framed = in_chunks(data, MAX_LINE // 2, delimiter=",")
    rejects = [reject for part in framed for reject in part.rejects]
    assert [(reject.offset, reject.reason, reject.head) for reject in rejects] == [
        (4, "quote never closed", b'1,"open\n')
    ]
    assert len(kept) == 1 + MAX_LINE
    short = frame_csv(b'a,b\n1,"open\n2,3\n', final=True)
    assert records_of(short) == [b"a,b", b"2,3"]
    assert len(short.rejects) == 1
