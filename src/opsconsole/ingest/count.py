"""Counting a file's features without storing one of its records: what a baseline from a training set needs."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import orjson

from opsconsole.errors import InputError
from opsconsole.ingest.framing import frame_csv, frame_lines
from opsconsole.ingest.mapping import Mapping
from opsconsole.ingest.parse import Parser
from opsconsole.ingest.readers import open_source
from opsconsole.ingest.sniff import document_records
from opsconsole.ingest.source import LARGEST_CHUNK, Means, without_header
from opsconsole.store.baselines import Count, count_relation
from opsconsole.store.rollups import watched_features

_NO_SOURCE = 0

Offsets = np.ndarray[tuple[int], np.dtype[np.int64]]


def count_file(path: Path, mapping: Mapping, means: Means) -> list[Count]:
    """How often each value of each feature stands in the file.

    Raises InputError when it holds no record that the mapping can read.
    """
    parser = Parser(mapping, _NO_SOURCE)
    totals: dict[tuple[str, str, int, str | None], int] = {}

    def add(body: bytes, offsets: Offsets) -> None:
        staged = parser.stage(means.connection, means.spool, body, offsets)
        counted = count_relation(means.connection, staged.relation, watched_features(parser.logged, parser.features))
        for name, kind, code, category, n in counted:
            key = (name, kind, code, category)
            totals[key] = totals.get(key, 0) + n

    if mapping.framing == "json":
        records = document_records(path, mapping)
        add(b"".join(orjson.dumps(record) + b"\n" for record in records), np.arange(len(records), dtype=np.int64))
    else:
        _each_chunk(path, mapping, add)
    if not totals:
        raise InputError(f"{path} holds no feature to count", "`opsconsole map` shows how its fields are read.")
    return [(*key, n) for key, n in totals.items()]


def _each_chunk(path: Path, mapping: Mapping, add: Callable[[bytes, Offsets], None]) -> None:
    with open_source(path) as reader:
        offset, partial, is_first, is_inside = 0, b"", True, False
        while not reader.at_end or partial:
            data = partial + reader.read(LARGEST_CHUNK)
            if mapping.framing == "csv":
                framed = frame_csv(
                    data, offset, delimiter=mapping.delimiter, final=reader.at_end, inside_long_line=is_inside
                )
            else:
                framed = frame_lines(data, offset, final=reader.at_end, inside_long_line=is_inside)
            body, offsets, is_inside = framed.body, framed.offsets, framed.inside_long_line
            if mapping.framing == "csv" and is_first and len(offsets):
                body, offsets = without_header(body, offsets, mapping)
                is_first = False
            if len(offsets):
                add(body, offsets)
            offset, partial = offset + framed.consumed, data[framed.consumed :]
            if reader.at_end and not framed.consumed:
                break
