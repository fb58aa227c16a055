"""Line by line: which records of a chunk can be read at all, and what is wrong with the others.

Always true here: every record of the chunk is either kept or rejected with its offset, its length and a reason; a line
is changed only where the reader would refuse what a person understands (a key named twice, half a surrogate pair).
"""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterator

import numpy as np
import orjson

from opsconsole.ingest.framing import Offsets, frame_csv, line_offsets
from opsconsole.ingest.mapping import Mapping

Lines = list[tuple[int, bytes]]
"""(offset, record without its line end)."""
Rejects = tuple[tuple[int, int, str], ...]
"""(offset, length in bytes, reason)."""


def sift(body: bytes, offsets: Offsets, mapping: Mapping) -> tuple[Lines, list[tuple[int, int, str]]]:
    """The records of a framed body that are well-formed, and the rejects."""
    good: Lines = []
    rejects: list[tuple[int, int, str]] = []
    for offset, record in zip(offsets.tolist(), _records(body, mapping), strict=True):
        line, reason = _checked_row(record, mapping) if mapping.framing == "csv" else _checked_object(record)
        if reason:
            rejects.append((offset, len(line), reason))
        else:
            good.append((offset, line))
    return good, rejects


def joined(lines: Lines) -> tuple[bytes, Offsets]:
    """Lines as a body, and their offsets."""
    offsets = np.fromiter((offset for offset, _ in lines), dtype=np.int64, count=len(lines))
    return b"".join(line + b"\n" for _, line in lines), offsets


def mended(line: bytes) -> bytes:
    """A JSON object without what DuckDB refuses: a key named twice (the last one stays), half a surrogate pair."""
    try:
        return json.dumps(json.loads(line), ensure_ascii=False).encode(errors="replace")
    except (RecursionError, ValueError):  # deeper, or with a longer integer, than the standard library takes
        return line


def _records(body: bytes, mapping: Mapping) -> Iterator[bytes]:
    """Each record, without its line end."""
    if mapping.framing == "csv":
        starts = frame_csv(body, delimiter=mapping.delimiter, final=True).offsets.tolist()
    else:
        starts = line_offsets(body).tolist()
    for start, end in zip(starts, [*starts[1:], len(body)], strict=True):
        yield body[start:end].strip(b"\r\n")


def _checked_row(record: bytes, mapping: Mapping) -> tuple[bytes, str]:
    """(the row written anew, why it is no record)."""
    try:
        cells = next(csv.reader([record.decode()], delimiter=mapping.delimiter, strict=True))
    except UnicodeDecodeError:
        return record, "not UTF-8"
    except csv.Error as error:
        return record, f"not CSV: {error}"
    if len(cells) != len(mapping.header):
        return record, f"{len(cells)} cells instead of {len(mapping.header)}"
    out = io.StringIO()
    csv.writer(out, delimiter=mapping.delimiter).writerow(cells)
    return out.getvalue().removesuffix("\r\n").encode(), ""


def _checked_object(line: bytes) -> tuple[bytes, str]:
    """(the line, why it is no record)."""
    try:
        value = orjson.loads(line)
    except orjson.JSONDecodeError:
        try:  # the standard library takes NaN, Infinity and lone surrogates, which real gateways write
            value = json.loads(line)
        except UnicodeDecodeError:
            return line, "not UTF-8"
        except RecursionError:
            return line, "nested too deeply"
        except ValueError:
            return line, "not JSON"
    return line, "" if isinstance(value, dict) else "not a JSON object"
