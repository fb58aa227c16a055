"""What a file is, from its first mebibyte: how its records are cut, and what the first of them hold.

Always true here: a file is only looked at, nothing is stored; what is no log of records is refused by an
``InputError`` that says what it is instead. A *path* names a field by its keys, outermost first, joined by dots:
``usage.prompt_tokens`` is that key of the record, or ``prompt_tokens`` within ``usage``. A column of a CSV is named
by its header, as it is. No two paths of a sample differ by case alone.
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import orjson

from opsconsole.errors import InputError
from opsconsole.ingest.framing import BYTE_ORDER_MARK
from opsconsole.ingest.mapping import Framing, Mapping
from opsconsole.ingest.readers import open_source

Record = dict[str, Any]

SAMPLE_BYTES = 1 << 20
SAMPLE_RECORDS = 1_000
DOCUMENT_BYTES = 256 << 20
"""A JSON document is read whole, up to this size."""
MAX_DEPTH = 4
DELIMITERS = (",", ";", "\t", "|")
CONTAINERS = ("data", "records", "rows", "items", "results", "requests", "logs", "events", "observations", "hits")
"""Keys of a JSON document under which its records are usually found."""

KINDS: tuple[tuple[bytes, str], ...] = (
    (b"PAR1", "a Parquet file"),
    (b"SQLite format 3", "a SQLite database"),
    (b"PK\x03\x04", "a zip archive"),
    (b"BZh", "compressed with bzip2"),
    (b"\xfd7zXZ", "compressed with xz"),
    (b"\x7fELF", "a program"),
    (b"%PDF", "a PDF"),
    (b"ARROW1", "an Arrow file"),
    (b"Obj\x01", "an Avro file"),
    (b"\xff\xfe", "text in UTF-16"),
    (b"\xfe\xff", "text in UTF-16"),
)
REMEDY = "opsconsole reads JSON lines, CSV with a header line and JSON documents, plain or as .gz or .zst."

_CONTROLS = bytes(set(range(32)) - set(b"\t\n\r\x0b\x0c\x1b")) + b"\x7f"
_UNUSABLE = re.compile(r'["\x00-\x1f]')
_JSON_START = re.compile(rb'\{\s*["}]|\[\s*[{\]]')
_NOT_A_NAME = re.compile(r"[-+]?[0-9.,:TZ/ -]*[0-9][0-9.,:TZ/ -]*|.{65,}", re.DOTALL)


@dataclass(frozen=True)
class Sample:
    """The first records of a log, flattened."""

    framing: Framing
    records: tuple[Record, ...]
    """Path → value, of up to 1,000 records."""
    delimiter: str = ","
    header: tuple[str, ...] = ()
    records_at: str = ""
    nested: dict[str, str] = field(default_factory=dict)
    """Path → why its value is no field: a list, or objects too deep."""
    skipped: int = 0
    """Lines of the sample that are no records."""

    def paths(self) -> tuple[str, ...]:
        """Every field that holds single values, in order of first appearance."""
        return tuple(dict.fromkeys((*self.header, *(path for record in self.records for path in record))))

    def values(self, path: str) -> list[Any]:
        """The values of one field that are there: no nulls, no empty text."""
        return [value for record in self.records if (value := record.get(path)) is not None and value != ""]


def sniff(path: str | Path) -> Sample:
    """Look at a file.

    Raises:
        InputError: it is empty, binary, or holds no records that can be told apart.
    """
    with open_source(path) as reader:
        data = reader.read(SAMPLE_BYTES)
        is_whole = not reader.read(1)
        is_damaged = reader.truncated
    text = data.removeprefix(BYTE_ORDER_MARK).lstrip(b"\0 \t\r\n")
    if not text and is_damaged:
        raise InputError(f"{path} is a damaged archive: nothing in it can be unpacked", "Fetch or pack it again.")
    if not text:
        raise InputError(f"{path} is empty", "It can be followed: records are read as they are appended.")
    _refuse_binary(path, text)
    if not is_whole and b"\n" in text:
        text = text[: text.rfind(b"\n") + 1]
    first_lines = [line for line in text.split(b"\n", 50)[:50] if line.strip()]
    json_lines = sum(_json_object(line) is not None for line in first_lines if line[:1] == b"{")
    if _JSON_START.match(text) or json_lines * 2 >= len(first_lines):
        return _sniff_json(path, text, is_whole)
    return _sniff_csv(path, text)


def document_records(source: str | Path | bytes, mapping: Mapping) -> list[Record]:
    """All records of a JSON document, nested as they are; raises InputError when it does not hold them."""
    data = source if isinstance(source, bytes) else _read_document(source)
    name = "The document" if isinstance(source, bytes) else str(source)
    node = _load_document(name, data)
    for key in mapping.records_at.split(".") if mapping.records_at else ():
        if not isinstance(node, dict) or key not in node:
            raise InputError(f"{name} holds nothing at {mapping.records_at}", "Name where its records are: records_at.")
        node = node[key]
    return _records_of(node)


def flatten(record: Record, nested: dict[str, str]) -> Record:
    """Path → value of every single value in a record; what is none goes to ``nested`` with the reason."""
    flat: Record = {}
    for path, value in _leaves(record, "", 1):
        if isinstance(value, list):
            nested[path] = "a list"
        elif isinstance(value, dict):
            if value:
                nested[path] = f"nested deeper than {MAX_DEPTH}"
        elif not path or _UNUSABLE.search(path):
            nested[path] = "its name cannot be a path"
        else:
            flat[path] = value
    return flat


def _leaves(node: Record, above: str, depth: int) -> Iterator[tuple[str, Any]]:
    for key, value in node.items():
        if isinstance(value, dict) and depth < MAX_DEPTH:
            yield from _leaves(value, f"{above}{key}.", depth + 1)
        else:
            yield above + key, value


def _refuse_binary(path: str | Path, text: bytes) -> None:
    kind = next((kind for magic, kind in KINDS if text.startswith(magic)), "")
    head = text[:8_192].replace(b"\0\0", b"")
    if not kind and len(head) - len(head.translate(None, _CONTROLS)) > len(head) / 20:
        kind = "binary"
    if kind:
        raise InputError(f"{path} is {kind}, not a log that can be read", REMEDY)


def _sniff_json(path: str | Path, text: bytes, is_whole: bool) -> Sample:
    lines = [line for line in text.split(b"\n") if line.strip(b"\0 \t\r")]
    records: list[Record] = []
    skipped = 0
    for line in lines[:SAMPLE_RECORDS]:
        record = _json_object(line)
        if record is None:
            skipped += 1
        else:
            records.append(record)
    is_one_container = len(lines) == 1 and len(records) == 1 and _find_records(records[0]) is not None
    if records and not is_one_container and len(records) >= skipped:
        return _sample_of("jsonl", records, skipped=skipped)
    document = _load_document(path, text if is_whole else _read_document(path))
    records_at = _find_records(document)
    if records_at is None:
        raise InputError(
            f"{path} is a JSON document without records",
            "Its top must be an array or object of objects, or hold one under " + ", ".join(CONTAINERS) + ".",
        )
    found = _records_of(document[records_at] if records_at else document)
    return _sample_of("json", found[:SAMPLE_RECORDS], records_at=records_at)


def _json_object(line: bytes) -> Record | None:
    try:
        value = orjson.loads(line.strip(b"\0 \t\r"))
    except orjson.JSONDecodeError:
        return None
    return value if isinstance(value, dict) else None


def _sample_of(framing: Framing, records: list[Record], *, skipped: int = 0, records_at: str = "") -> Sample:
    nested: dict[str, str] = {}
    flat = [flatten(record, nested) for record in records]
    spelled: dict[str, str] = {}
    for path in dict.fromkeys(path for record in flat for path in record):
        if spelled.setdefault(path.lower(), path) != path:
            nested[path] = f"differs from {spelled[path.lower()]} by case alone"
    single = frozenset(spelled.values())
    kept = tuple({path: value for path, value in record.items() if path in single} for record in flat)
    return Sample(
        framing=framing,
        records=kept,
        records_at=records_at,
        nested={path: why for path, why in nested.items() if path not in single},
        skipped=skipped,
    )


def _read_document(path: str | Path) -> bytes:
    with open_source(path) as reader:
        data = reader.read(DOCUMENT_BYTES + 1)
    if len(data) > DOCUMENT_BYTES:
        raise InputError(
            f"{path} is one JSON document of more than {DOCUMENT_BYTES >> 20} MiB",
            "Write its records as JSON lines, one object a line (jq -c '.[]').",
        )
    return data


def _load_document(path: str | Path, data: bytes) -> Any:
    try:
        return orjson.loads(data.removeprefix(BYTE_ORDER_MARK))
    except orjson.JSONDecodeError as error:
        raise InputError(f"{path} is neither JSON lines nor a complete JSON document: {error}", REMEDY) from None


def _find_records(document: Any) -> str | None:
    """Where the records of a document are; ``""`` is the top, None is nowhere."""
    if _is_collection(document):
        return ""
    if isinstance(document, dict):
        return next((key for key in CONTAINERS if key in document and _is_collection(document[key])), None)
    return None


def _is_collection(node: Any) -> bool:
    """An array of objects, or an object of objects that are alike."""
    if isinstance(node, list):
        return bool(node) and all(isinstance(item, dict) for item in node)
    if not isinstance(node, dict) or not node or not all(isinstance(item, dict) and item for item in node.values()):
        return False
    first, *others = (set(item) for item in node.values())
    if not others:
        return str(next(iter(node))).isdigit()
    return all(len(first & other) * 2 >= len(first | other) for other in others)


def _records_of(node: Any) -> list[Record]:
    items = list(node.values()) if isinstance(node, dict) and _is_collection(node) else node
    items = items if isinstance(items, list) else [items]
    return [item for item in items if isinstance(item, dict)]


def _sniff_csv(path: str | Path, text: bytes) -> Sample:
    decoded = text.decode(errors="replace").replace("\0", "")
    candidates = [found for delimiter in DELIMITERS if (found := _rows(decoded, delimiter))]
    if not candidates:
        raise InputError(f"{path} is plain text without columns", REMEDY)
    delimiter, header, rows, skipped = max(candidates, key=lambda found: (len(found[2]) - found[3], len(found[1])))
    if skipped * 4 > len(rows):
        raise InputError(f"{path} is plain text without columns", REMEDY)
    if any(_NOT_A_NAME.fullmatch(name) for name in header):
        raise InputError(
            f"{path} looks like CSV without a header line: it begins with {', '.join(header)[:100]}",
            "Put the names of its columns into a first line.",
        )
    records = tuple(dict(zip(header, (cell or None for cell in row), strict=True)) for row in rows)
    return Sample(framing="csv", records=records, delimiter=delimiter, header=header, skipped=skipped)


def _rows(text: str, delimiter: str) -> tuple[str, tuple[str, ...], list[list[str]], int] | None:
    """Header, rows as wide as it, and how many are not; None where this delimiter makes no columns."""
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter)
    rows: list[list[str]] = []
    skipped = 0
    try:
        names = next(reader)
        for row in reader:
            if len(rows) >= SAMPLE_RECORDS:
                break
            if len(row) == len(names):
                rows.append(row)
            elif row:
                skipped += 1
    except csv.Error:
        skipped += 1
    return (delimiter, column_names(names), rows, skipped) if len(names) > 1 else None


def column_names(names: list[str]) -> tuple[str, ...]:
    """Column names as records are keyed by: trimmed, an empty one by its place, a repeated one numbered."""
    unique: dict[str, str] = {}
    for place, raw in enumerate(names, 1):
        name = base = raw.strip() or f"column_{place}"
        count = 1
        while name.lower() in unique:
            count += 1
            name = f"{base}_{count}"
        unique[name.lower()] = name
    return tuple(unique.values())
