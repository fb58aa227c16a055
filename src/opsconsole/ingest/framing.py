"""Where one record ends and the next begins, and what is skipped on the way.

Always true here: every byte of a buffer is accounted for (kept, blank, NUL, too long, a byte order mark, or left for
the next buffer); a kept record's offset is the place of its first byte in the decompressed stream; no record is
longer than ``MAX_LINE``, and one stray quote spoils its own line only. Nothing here knows what a record means.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Literal

import numpy as np
from numpy.typing import NDArray

Offsets = NDArray[np.int64]

MAX_LINE = 1 << 20
"""Bytes of a record; a longer one is rejected with its offset."""
KEPT_OF_REJECT = 4_096
"""Bytes of a rejected record that are kept to look at."""
BYTE_ORDER_MARK = b"\xef\xbb\xbf"
NEWLINE, QUOTE = 10, 34
RejectReason = Literal["line too long", "quote never closed"]


@dataclass(frozen=True)
class Reject:
    """A stretch of the source that is no record."""

    offset: int
    length: int
    reason: RejectReason
    head: bytes
    """Its first bytes, 4 KiB at most."""


@dataclass(frozen=True)
class Framed:
    """A buffer, cut."""

    body: bytes
    """The kept records one after the other, each ended by a newline."""
    offsets: Offsets
    """Of the first byte of each kept record, in the decompressed stream."""
    consumed: int
    """Bytes of the buffer that are dealt with; the rest is the beginning of the next buffer."""
    blank_lines: int = 0
    nul_bytes: int = 0
    rejects: tuple[Reject, ...] = field(default=())
    inside_long_line: bool = False
    """The buffer ended within a line that is too long and already rejected: say so with the next buffer."""


def cut_lines(buffer: bytes, *, final: bool = False) -> tuple[memoryview, bytes]:
    """The whole lines of a buffer, and the unfinished one after them; with ``final`` everything is whole."""
    end = len(buffer) if final else buffer.rfind(b"\n") + 1
    return memoryview(buffer)[:end], buffer[end:]


def line_offsets(buffer: bytes | memoryview) -> Offsets:
    """Where each line of a buffer begins; an unfinished last line counts."""
    if not len(buffer):
        return np.empty(0, np.int64)
    ends = np.flatnonzero(np.frombuffer(buffer, np.uint8) == NEWLINE) + 1
    starts = np.empty(len(ends) + 1, np.int64)
    starts[0], starts[1:] = 0, ends
    return starts[:-1] if starts[-1] == len(buffer) else starts


def frame_lines(buffer: bytes, offset: int = 0, *, final: bool = False, inside_long_line: bool = False) -> Framed:
    """Cut a buffer into lines, one record each.

    Args:
        buffer: bytes of the decompressed stream, from the beginning of a line (or of the rest of a long one).
        offset: place of the buffer's first byte in the stream.
        final: nothing will be appended any more, so a last line without a newline is whole.
        inside_long_line: what the buffer before said.
    """
    return _frame(buffer, offset, final, inside_long_line, delimiter=None)


def frame_csv(
    buffer: bytes, offset: int = 0, *, delimiter: str = ",", final: bool = False, inside_long_line: bool = False
) -> Framed:
    """Cut a buffer into the records of a delimiter-separated file: a newline inside quotes ends nothing.

    The header line is a record like any other. Arguments as of ``frame_lines``.
    """
    return _frame(buffer, offset, final, inside_long_line, delimiter=delimiter)


def _frame(buffer: bytes, offset: int, final: bool, inside_long_line: bool, delimiter: str | None) -> Framed:
    begin = 0
    if inside_long_line:
        begin = buffer.find(b"\n") + 1
        if not begin:
            return Framed(b"", np.empty(0, np.int64), len(buffer), inside_long_line=not final)
    elif offset == 0 and buffer.startswith(BYTE_ORDER_MARK):
        begin = len(BYTE_ORDER_MARK)
    whole, _ = cut_lines(buffer, final=final)
    end = max(len(whole), begin)
    cuts = np.append(line_offsets(memoryview(buffer)[begin:end]) + begin, end)
    if b"\0" in buffer:
        cuts = _split_nul_runs(buffer, cuts)
    unclosed = np.empty(0, np.int64)
    if delimiter is not None and b'"' in buffer:
        cuts, unclosed = _join_quoted(buffer, cuts, delimiter, final)
    end = int(cuts[-1])
    if len(buffer) - end > MAX_LINE and not final:
        return _keep(buffer, offset, np.append(cuts, len(buffer)), unclosed, inside_long_line=True)
    return _keep(buffer, offset, cuts, unclosed, inside_long_line=False)


def _keep(buffer: bytes, offset: int, cuts: Offsets, unclosed: Offsets, *, inside_long_line: bool) -> Framed:
    """Drop what is no record; ``cuts`` are the bounds of the records, ``unclosed`` those starts that are broken."""
    starts, ends = cuts[:-1], cuts[1:]
    if not len(starts):
        return Framed(b"", starts, int(cuts[-1]))
    text = np.frombuffer(buffer, np.uint8)
    sizes = ends - starts
    first = text[starts]
    is_blank = np.zeros(len(starts), bool)
    for row in np.flatnonzero(first <= ord(" ")):
        is_blank[row] = not buffer[starts[row] : ends[row]].strip(b"\0 \t\r\n")
    is_long = sizes > MAX_LINE
    is_long[-1] |= inside_long_line
    is_unclosed = np.isin(starts, unclosed) if len(unclosed) else is_blank & False
    is_dropped = is_blank | is_long | is_unclosed
    rejects = tuple(
        Reject(
            offset + int(starts[row]),
            int(sizes[row]),
            "quote never closed" if is_unclosed[row] else "line too long",
            buffer[starts[row] : min(ends[row], starts[row] + KEPT_OF_REJECT)],
        )
        for row in np.flatnonzero((is_long | is_unclosed) & ~is_blank)
    )
    nul_bytes = buffer.count(b"\0", int(cuts[0]), int(cuts[-1]))
    if is_dropped.any() or cuts[0] or nul_bytes:
        body = _rebuild(buffer, starts[~is_dropped], ends[~is_dropped])
    else:
        body = buffer[: int(cuts[-1])]
    if body and not body.endswith(b"\n"):
        body += b"\n"
    blank_lines = int(np.count_nonzero(is_blank & (text[ends - 1] == NEWLINE)))
    kept = starts[~is_dropped] + offset
    return Framed(body, kept, int(cuts[-1]), blank_lines, nul_bytes, rejects, inside_long_line)


def _rebuild(buffer: bytes, starts: Offsets, ends: Offsets) -> bytes:
    """The body without what was dropped; neighbours are copied as one piece."""
    if not len(starts):
        return b""
    view = memoryview(buffer)
    joins = np.flatnonzero(starts[1:] != ends[:-1])
    firsts, lasts = np.append(0, joins + 1), np.append(joins, len(starts) - 1)
    body = b"".join(view[starts[a] : ends[b]] for a, b in zip(firsts, lasts, strict=True))
    return body.replace(b"\0", b"")


def _split_nul_runs(buffer: bytes, cuts: Offsets) -> Offsets:
    """Cut behind the NULs that a line begins with: a log truncated under its writer has a hole before the next record.

    A run at the very end is left for the next buffer, unless it is longer than any record.
    """
    text = np.frombuffer(buffer, np.uint8)
    extra: list[int] = []
    for start, end in zip(cuts, np.append(cuts[1:], len(buffer)), strict=True):
        if start < end and text[start] == 0:
            run = int(end) - len(buffer[start:end].lstrip(b"\0"))
            if run < end or end - start > MAX_LINE or end != len(buffer):
                extra.append(run)
    return np.union1d(cuts, np.array(extra, np.int64)) if extra else cuts


def _join_quoted(buffer: bytes, cuts: Offsets, delimiter: str, final: bool) -> tuple[Offsets, Offsets]:
    """Join the lines that one quoted field spans. Returns the bounds of the records, and the starts of broken ones.

    Only a line with an odd number of quotes can open or close such a field, so all others are never looked at.
    """
    quotes = np.flatnonzero(np.frombuffer(buffer, np.uint8)[: cuts[-1]] == QUOTE)
    counts = np.diff(np.searchsorted(quotes, cuts))
    odd = np.flatnonzero(counts % 2)
    field_separator = re.escape(delimiter.encode())
    closed = re.compile(rb"(^|" + field_separator + rb')"(?:[^"]|"")*"(?=' + field_separator + rb"|[\r\n]|$)")
    opens = re.compile(rb"(?:^|" + field_separator + rb')"')
    is_inner = np.zeros(len(cuts), bool)
    unclosed: list[int] = []
    at = 0
    while at < len(odd):
        line = int(odd[at])
        at += 1
        if not opens.search(closed.sub(rb"\1", buffer[cuts[line] : cuts[line + 1]])):
            continue
        if at < len(odd) and cuts[odd[at] + 1] - cuts[line] <= MAX_LINE:
            is_inner[line + 1 : odd[at] + 1] = True
            at += 1
        elif final or at < len(odd) or len(buffer) - cuts[line] > MAX_LINE:
            unclosed.append(int(cuts[line]))
        else:  # its end may be in the next buffer
            is_inner[line + 1 :] = True
            break
    return cuts[~is_inner], np.array(unclosed, np.int64)
