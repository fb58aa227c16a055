"""A chunk of whole records, as bytes, becomes a table of canonical columns in DuckDB.

Always true here: the fast way reads the whole chunk strictly typed and is believed only when it yields exactly one row
a record; whatever DuckDB refuses is looked at line by line (sift.py), so that one bad line costs one reject and never a
batch, and a value of the wrong type costs that value and is counted. What both ways can read, they read alike. No time
outside 1970 … 2199, no tokens beyond a trillion and no infinite number gets into a column: such a value is not logged.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import duckdb

from opsconsole import records
from opsconsole.ingest.framing import MAX_LINE, Offsets
from opsconsole.ingest.mapping import Mapping, Rule
from opsconsole.ingest.sift import Lines, Rejects, joined, mended, sift
from opsconsole.store.database import rows
from opsconsole.store.rollups import BatchFeature

_HOLDERS = ("features.", "inputs.")
_MAX_CATEGORY = 128
"""Characters of a categorical value that are kept."""

_MS_PER: dict[str, float] = {"s": 1e3, "ms": 1.0, "us": 1e-3, "ns": 1e-6, "min": 6e4}
_US_PER: dict[str, float] = {"s": 1e6, "ms": 1e3, "us": 1.0, "ns": 1e-3}

_NUMERIC_COLUMNS = frozenset(
    name for name in records.MAPPABLE if records.BY_NAME[name].sql_type in ("DOUBLE", "BIGINT") and name != "ts"
)
_EARLIEST, _LATEST_US = "1970-01-01", 7_258_118_400_000_000
"""Times from the first day of 1970 up to the last of 2199 are usable."""
_MOST_TOKENS = 1_000_000_000_000
"""Of one request; sums of them stay within a BIGINT."""
_REFUSALS = (duckdb.InvalidInputException, duckdb.ConversionException, duckdb.OutOfRangeException)
"""What DuckDB raises when a record is not as it was declared."""


@dataclass(frozen=True)
class Staged:
    """A chunk in the temporary table ``staged``, read through ``relation``."""

    relation: str
    records: int
    rejects: Rejects
    coerced: dict[str, int]


class Parser:
    """Reads the chunks of one source with one mapping."""

    def __init__(self, mapping: Mapping, source_id: int, *, clock_anchor_us: int = 0) -> None:
        """``clock_anchor_us`` is added to times of a monotonic clock, to give them a date."""
        self.mapping = mapping
        self._source_id = source_id
        self._anchor_us = clock_anchor_us
        self._paths = mapping.paths()
        self._index = {path: i for i, path in enumerate(self._paths)}
        self._types = self._strict_types()
        names = feature_names(tuple(mapping.features))
        self.features = tuple(
            BatchFeature(names[path], kind, f"f{i}") for i, (path, kind) in enumerate(mapping.features.items())
        )
        self.logged = frozenset(mapping.columns)

    def stage(self, connection: duckdb.DuckDBPyConnection, spool: Path, body: bytes, offsets: Offsets) -> Staged:
        """Parse whole records into ``staged``; ``offsets[i]`` is where record i of ``body`` begins in its source."""
        file = spool / ("chunk.csv" if self.mapping.framing == "csv" else "chunk.jsonl")
        try:
            if self._fits(connection, file, body, offsets, lenient=False):
                return Staged("staged", len(offsets), (), {})
            kept, rejects = self._load_leniently(connection, file, body, offsets)
            return Staged("staged", kept, rejects, self._coerced(connection))
        finally:
            file.unlink(missing_ok=True)  # it holds what users wrote

    def _fits(
        self, connection: duckdb.DuckDBPyConnection, file: Path, body: bytes, offsets: Offsets, *, lenient: bool
    ) -> bool:
        """Fill ``staged``; False when DuckDB refuses a record, or sees another number of them."""
        file.write_bytes(body)
        try:
            self._create(connection, file, offsets, lenient=lenient)
        except _REFUSALS:
            return False
        found, read = rows(connection, "SELECT count(*), count(is_read) FROM staged")[0]
        return bool(found == read == len(offsets))

    def _create(self, connection: duckdb.DuckDBPyConnection, file: Path, offsets: Offsets, *, lenient: bool) -> None:
        connection.register("chunk_offsets", {"source_offset": offsets})
        reader = self._read_csv(file, lenient) if self.mapping.framing == "csv" else self._read_json(file, lenient)
        try:
            connection.execute(
                f"CREATE OR REPLACE TEMP TABLE staged AS SELECT {self._projection(lenient)}, r.is_read FROM "
                f"(SELECT is_read, {self._trimmed()} FROM ({reader})) AS r POSITIONAL JOIN chunk_offsets AS o"
            )
        finally:
            connection.unregister("chunk_offsets")

    # What each path is read as ------------------------------------------------------------------------------------

    def _strict_types(self) -> dict[str, str]:
        types = dict.fromkeys(self._paths, "VARCHAR")
        for name, rules in self.mapping.columns.items():
            for rule in rules:
                if rule.path and name == "ts":
                    types[rule.path] = "TIMESTAMPTZ" if rule.unit in ("", "iso8601") else "DOUBLE"
                elif rule.path and name in records.DURATION_COLUMNS and rule.unit == "iso8601":
                    types[rule.path] = "TIMESTAMPTZ"
                elif rule.path and name in _NUMERIC_COLUMNS:
                    types[rule.path] = "DOUBLE"
                for other in (rule.minus, rule.before):
                    if other:
                        types[other] = types[rule.path]
        for path, kind in self.mapping.features.items():
            if kind == "numeric":
                types[path] = "DOUBLE"
        return types

    def _read_json(self, file: Path, lenient: bool) -> str:
        declared: dict[str, str] = {}
        values: list[str] = []
        nested_roots = {path.split(".", 1)[0] for path in self._paths if "." in path}
        for path in self._paths:
            want = self._types[path]
            read = "VARCHAR" if lenient else want
            if "." not in path:
                if path in nested_roots:
                    declared[path] = "JSON"
                    values.append(f"CAST({_name(path)} ->> '$' AS {read})")
                else:
                    declared[path] = read
                    values.append(_name(path))
                continue
            root, *rest = path.split(".")
            declared.setdefault(root, "JSON")
            declared[path] = read
            inside = (f"CAST({_name(root)} ->> {_literal(place)} AS {read})" for place in _places(rest))
            values.append(f"coalesce({_name(path)}, {', '.join(inside)})")
        columns = ", ".join(f"{_literal(name)}: {_literal(sql_type)}" for name, sql_type in declared.items())
        selected = ", ".join(f"{value} AS t{i}" for i, value in enumerate(values))
        return (
            f"SELECT true AS is_read, {selected} FROM read_json({_literal(str(file))}, "
            f"format = 'newline_delimited', maximum_object_size = {4 * MAX_LINE}, columns = {{{columns}}})"
        )

    def _read_csv(self, file: Path, lenient: bool) -> str:
        positions = {name: i for i, name in enumerate(self.mapping.header)}
        types = ["VARCHAR"] * len(self.mapping.header)
        for path in self._paths:
            if not lenient and path in positions:
                types[positions[path]] = self._types[path]
        columns = ", ".join(f"'h{i}': '{sql_type}'" for i, sql_type in enumerate(types))
        selected = ", ".join(
            f"h{positions[path]} AS t{i}" if path in positions else f"NULL::VARCHAR AS t{i}"
            for i, path in enumerate(self._paths)
        )
        return (
            f"SELECT true AS is_read, {selected} FROM read_csv({_literal(str(file))}, header = false, "
            f"auto_detect = false, delim = {_literal(self.mapping.delimiter)}, quote = '\"', escape = '\"', "
            f"nullstr = '', strict_mode = true, parallel = false, max_line_size = {2 * MAX_LINE}, "
            f"columns = {{{columns}}})"
        )

    # From fields to canonical columns -----------------------------------------------------------------------------

    def _value(self, path: str, lenient: bool) -> str:
        column = f"r.t{self._index[path]}"
        if not lenient or self._types[path] == "VARCHAR":
            return column
        return _lenient_cast(column, self._types[path])

    def _trimmed(self) -> str:
        """Every field, text without the spaces around it; trimming is dear, so only what seems to need it is."""
        fields = []
        for i, path in enumerate(self._paths):
            needs_it = f"t{i} < '!' OR t{i} > '~' OR ends_with(t{i}, ' ')"
            is_text = self._types[path] == "VARCHAR"
            fields.append(
                f"CASE WHEN {needs_it} THEN nullif(trim(t{i}), '') ELSE t{i} END AS t{i}" if is_text else f"t{i}"
            )
        return ", ".join(fields)

    def _text(self, path: str) -> str:
        column = f"r.t{self._index[path]}"
        return column if self._types[path] == "VARCHAR" else f"CAST({column} AS VARCHAR)"

    def _category(self, path: str) -> str:
        text = self._text(path)
        return f"CASE WHEN strlen({text}) > {_MAX_CATEGORY} THEN left({text}, {_MAX_CATEGORY}) ELSE {text} END"

    def _projection(self, lenient: bool) -> str:
        tokens = self._tokens(lenient)
        selected = []
        for name in records.MAPPABLE:
            sql_type = records.BY_NAME[name].sql_type
            if name in tokens:
                expression = tokens[name]
            else:
                rules = self.mapping.columns.get(name, ())
                options = [self._rule(name, rule, lenient) for rule in rules]
                expression = f"coalesce({', '.join(options)})" if options else "NULL"
            if name == "error_type":
                expression = self._error_type(expression)
            selected.append(f"CAST({expression} AS {sql_type}) AS {name}")
        cost = "CASE WHEN cost_usd IS NOT NULL THEN 'logged' ELSE 'unknown' END"
        selected.append(f"{cost} AS cost_source")
        for i, (path, kind) in enumerate(self.mapping.features.items()):
            value = self._value(path, lenient) if kind == "numeric" else self._category(path)
            selected.append(f"{value} AS f{i}")
        selected.append(f"{self._source_id}::INTEGER AS source_id")
        selected.append("o.source_offset AS source_offset")
        if lenient:
            selected += [f"r.t{i} AS raw{i}" for i, path in enumerate(self._paths) if self._types[path] != "VARCHAR"]
        return ", ".join(selected)

    def _rule(self, name: str, rule: Rule, lenient: bool) -> str:
        if rule.value is not None:
            return _literal(rule.value)
        if name == "ts":
            expression = self._time(rule, lenient)
        elif name in records.DURATION_COLUMNS:
            expression = self._duration(rule, lenient)
        elif name == "status":
            expression = self._status(rule)
        elif name == "cache_hit":
            text = f"lower({self._text(rule.path)})"
            expression = (
                f"CASE WHEN {text} IN ('true', '1', 'hit', 'yes') THEN true "
                f"WHEN {text} IN ('false', '0', 'miss', 'no') THEN false END"
            )
        elif name in _NUMERIC_COLUMNS:
            value = self._value(rule.path, lenient)
            most = f"{value} BETWEEN 0 AND {_MOST_TOKENS}" if name.endswith("_tokens") else f"isfinite({value})"
            expression = f"CASE WHEN {most} THEN {value} END"
        else:
            expression = self._text(rule.path)
        if rule.only_if:
            expression = f"CASE WHEN lower({self._text(rule.only_if)}) IN ('true', '1', 'yes') THEN {expression} END"
        if rule.before:
            earlier, later = self._value(rule.path, lenient), self._value(rule.before, lenient)
            expression = f"CASE WHEN {earlier} < {later} THEN {expression} END"
        return expression

    def _time(self, rule: Rule, lenient: bool) -> str:
        value = self._value(rule.path, lenient)
        if rule.unit in ("", "iso8601"):
            latest = f"make_timestamp({_LATEST_US})"
            return f"CASE WHEN {value} >= '{_EARLIEST}' AND {value} < {latest} THEN ({value})::TIMESTAMP END"
        anchor = self._anchor_us if rule.clock == "monotonic" else 0
        us = f"({value} * {_US_PER[rule.unit]} + {anchor})"
        return f"CASE WHEN {us} >= 0 AND {us} < {_LATEST_US} THEN make_timestamp(round({us})::BIGINT) END"

    def _duration(self, rule: Rule, lenient: bool) -> str:
        value = self._value(rule.path, lenient)
        if rule.unit == "iso8601":
            return f"(epoch_us({value}) - epoch_us({self._value(rule.minus, lenient)})) / 1000.0"
        if rule.minus:
            value = f"({value} - {self._value(rule.minus, lenient)})"
        return f"CASE WHEN isfinite({value}) THEN {value} * {_MS_PER[rule.unit or 'ms']} END"

    def _status(self, rule: Rule) -> str:
        text = self._text(rule.path)
        number = f"TRY_CAST(TRY_CAST({text} AS DOUBLE) AS SMALLINT)"
        expression = f"CASE WHEN {number} BETWEEN 100 AND 599 THEN {number}"
        for status in sorted(set(rule.words.values())):
            words = ", ".join(_literal(word) for word, meaning in rule.words.items() if meaning == status)
            expression += f" WHEN lower({text}) IN ({words}) THEN {status}"
        return expression + " END"

    def _error_type(self, logged: str) -> str:
        """What was logged; else, for an outcome logged in words, that word."""
        words = [self._text(rule.path) for rule in self.mapping.columns.get("status", ()) if rule.path and rule.words]
        spoken = "".join(f", CASE WHEN TRY_CAST({word} AS DOUBLE) IS NULL THEN {word} END" for word in words)
        return f"CASE WHEN status >= 400 THEN coalesce({logged}{spoken}) END" if spoken else logged

    def _tokens(self, lenient: bool) -> dict[str, str]:
        """The disjoint classes, from counts that may contain one another."""
        raw: dict[str, str] = {}
        for name in ("input_tokens", "output_tokens", "cached_tokens", "cache_write_tokens", "reasoning_tokens"):
            rules = self.mapping.columns.get(name, ())
            if rules:
                raw[name] = f"coalesce({', '.join(self._rule(name, rule, lenient) for rule in rules)})"
        held: dict[str, tuple[bool, tuple[str, ...]]] = {
            "input_tokens": (self.mapping.input_includes_cached, ("cached_tokens", "cache_write_tokens")),
            "output_tokens": (self.mapping.output_includes_reasoning, ("reasoning_tokens",)),
        }
        for whole, (includes, parts) in held.items():
            inside = [f"coalesce({raw[part]}, 0)" for part in parts if part in raw]
            if whole in raw and includes and inside:
                raw[whole] = f"greatest({raw[whole]} - {' - '.join(inside)}, 0)"
        return {name: f"round({expression})" for name, expression in raw.items()}

    # The slow way -------------------------------------------------------------------------------------------------

    def _load_leniently(
        self, connection: duckdb.DuckDBPyConnection, file: Path, body: bytes, offsets: Offsets
    ) -> tuple[int, Rejects]:
        """Fill ``staged`` with the records that can be read; how many, and what was wrong with the others."""
        good, rejects = sift(body, offsets, self.mapping)
        if not self._fits(connection, file, *joined(good), lenient=True):
            if self.mapping.framing != "csv":
                good = [(offset, mended(line)) for offset, line in good]
            refused = self._refused(connection, file, good)
            rejects += [(offset, len(line), "refused by the reader") for offset, line in refused]
            left_out = {offset for offset, _ in refused}
            good = [(offset, line) for offset, line in good if offset not in left_out]
            kept_body, kept_offsets = joined(good)
            file.write_bytes(kept_body)
            self._create(connection, file, kept_offsets, lenient=True)
        return len(good), tuple(sorted(rejects))

    def _refused(self, connection: duckdb.DuckDBPyConnection, file: Path, lines: Lines) -> Lines:
        """The lines that DuckDB does not take although they look well: found by halving."""
        if not lines or self._fits(connection, file, *joined(lines), lenient=True):
            return []
        if len(lines) == 1:
            return lines
        half = len(lines) // 2
        return self._refused(connection, file, lines[:half]) + self._refused(connection, file, lines[half:])

    def _coerced(self, connection: duckdb.DuckDBPyConnection) -> dict[str, int]:
        typed = [(i, path) for i, path in enumerate(self._paths) if self._types[path] != "VARCHAR"]
        if not typed:
            return {}
        counts = rows(
            connection,
            "SELECT "
            + ", ".join(
                f"count(*) FILTER (trim(raw{i}) <> '' AND {_lenient_cast(f'raw{i}', self._types[path])} IS NULL)"
                for i, path in typed
            )
            + " FROM staged",
        )[0]
        return {path: int(n) for (_, path), n in zip(typed, counts, strict=True) if n}


def _places(keys: list[str]) -> Iterator[str]:
    """JSON paths that dotted keys below a root may stand for: each an object's key, or the last ones joined as one."""
    for nested in range(len(keys) - 1, -1, -1):
        yield "$" + "".join(f'."{key}"' for key in (*keys[:nested], ".".join(keys[nested:])))


def _lenient_cast(text: str, sql_type: str) -> str:
    """SQL: the text as this type, else NULL; true is 1, as the strict way reads it."""
    if sql_type == "DOUBLE":
        text = f"CASE {text} WHEN 'true' THEN '1' WHEN 'false' THEN '0' ELSE {text} END"
    return f"TRY_CAST({text} AS {sql_type})"


def feature_names(paths: Sequence[str]) -> dict[str, str]:
    """Path → name: without the object that merely holds the features, unless two of them would then be called alike."""
    short = {path: next((path[len(p) :] for p in _HOLDERS if path.startswith(p)), path) for path in paths}
    taken = Counter(short.values())
    return {path: name if taken[name] == 1 else path for path, name in short.items()}


def _name(identifier: str) -> str:
    return '"' + identifier.replace('"', '""') + '"'


def _literal(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"
