"""Weights in a YAML or JSON document: found by their keys, and changed without touching anything else.

Always true here: only the text of values that change is replaced, by their place in the file, so comments, order and
blanks stay as somebody wrote them; the result is read again before it is handed out, and has to differ from the old
document in nothing but what was wanted.

A version that gets nothing keeps its key with a 0, and a header that leads nowhere any more keeps its key with a null.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Literal

import yaml

from opsconsole.releases.targets.base import Rejected
from opsconsole.releases.targets.shares import parts_of, same_routing, shares_of
from opsconsole.wire import Routing

Unit = Literal["percent", "relative", "share"]
Keys = tuple[str, ...]

_PARTS = 1_000_000
"""What a share is rounded to: a ten-thousandth of a percent."""
_BLANKS = re.compile(r"[ \t\r\n]*")
_PLAIN_WORD = re.compile(r"[A-Za-z_][\w.-]*", re.ASCII)
_MERGE = "tag:yaml.org,2002:merge"
_MEND = "Mend the file by hand."


@dataclass(frozen=True)
class Entry:
    """One ``key: value`` of a table, and where its value stands in the text."""

    key: str
    value: Any
    text: str
    """The value's own text, unquoted: a version ``1.10`` is not the number 1.1."""
    start: int
    end: int


@dataclass(frozen=True)
class Table:
    """One table of a document."""

    entries: tuple[Entry, ...]
    insert_at: int
    """Where a further entry goes …"""
    separator: str
    """… and what has to stand before it, unless it is the first."""


@dataclass(frozen=True)
class Syntax:
    """How a language is read and written."""

    load: Callable[[str], Any]
    find: Callable[[str, Keys], Table | None]
    word: Callable[[str], str]
    """How a text is written."""


@dataclass(frozen=True)
class DocumentText:
    """A routing in a YAML or JSON document."""

    syntax: Syntax
    at: Keys
    headers_at: Keys
    shadow_at: Keys
    unit: Unit

    def parse(self, text: str) -> Routing:
        """Raises Rejected when the document or the service's part of it cannot be understood."""
        weights = self._table(text, self.at)
        if weights is None:
            raise Rejected(f"there is no table `{_path(self.at)}`", "Add it: versions, each with its weight.")
        shares = self._shares(weights)
        total = sum(entry.value for entry in weights.entries)
        if self.unit == "percent" and total <= 1.0:
            raise Rejected(
                f"`{_path(self.at)}` adds up to {total:g}, so these are no percents",
                "Say `unit: share` in the options.",
            )
        return Routing(
            shares=shares,
            headers={entry.key: entry.text for entry in self._entries(text, self.headers_at) if entry.value},
            shadow=self._shadow(text),
        )

    def replaced(self, text: str, after: Routing) -> str:
        """The text with another routing in it. Raises Rejected, or Unsupported when there is no place for it."""
        new = text
        for keys, wanted, nothing in self._wanted(after):
            new = self._edited(new, keys, wanted, nothing)
        self._prove(text, new, after)
        return new

    def shown(self, before: Routing, after: Routing) -> str:
        """The values that will stand in the file, one a line."""
        lines: list[str] = []
        for keys, wanted, nothing in self._wanted(after):
            known: dict[Keys, Mapping[str, Any]]
            known = {self.headers_at: before.headers, self.shadow_at: before.shadow, self.at: before.shares}
            values = dict.fromkeys(known[keys], nothing) | wanted
            lines += [f"{_path((*keys, key))}: {value}" for key, value in values.items()]
        return "\n".join(lines)

    def _wanted(self, after: Routing) -> list[tuple[Keys, dict[str, str], str]]:
        """(Where, key → value as it is written, what is written where nothing is wanted) of each table."""
        tables = [(self.at, self._numbers(after.shares), "0")]
        if self.headers_at:
            tables.append((self.headers_at, {key: self.syntax.word(to) for key, to in after.headers.items()}, "null"))
        if self.shadow_at:
            tables.append((self.shadow_at, self._copies(after.shadow), "0"))
        return tables

    def _numbers(self, shares: Mapping[str, float]) -> dict[str, str]:
        scale, digits = (1, 6) if self.unit == "share" else (100, 4)
        parts = parts_of(shares, _PARTS)
        return {version: _number(scale * part / _PARTS, digits) for version, part in parts.items()}

    def _copies(self, shadow: Mapping[str, float]) -> dict[str, str]:
        scale, digits = (1, 6) if self.unit == "share" else (100, 4)
        return {version: _number(scale * share, digits) for version, share in shadow.items()}

    def _shares(self, table: Table) -> dict[str, float]:
        try:
            return shares_of({entry.key: entry.value for entry in table.entries})
        except ValueError as error:
            raise Rejected(f"`{_path(self.at)}`: {error}", _MEND) from error

    def _shadow(self, text: str) -> dict[str, float]:
        scale = 1.0 if self.unit == "share" else 100.0
        found = {entry.key: entry.value for entry in self._entries(text, self.shadow_at)}
        for version, weight in found.items():
            if isinstance(weight, bool) or not isinstance(weight, int | float) or not 0 <= weight <= scale:
                raise Rejected(f"`{_path(self.shadow_at)}`: {version} is no number from 0 to {scale:g}", _MEND)
        return {version: weight / scale for version, weight in found.items()}

    def _entries(self, text: str, keys: Keys) -> tuple[Entry, ...]:
        table = self._table(text, keys) if keys else None
        return table.entries if table else ()

    def _table(self, text: str, keys: Keys) -> Table | None:
        try:
            return self.syntax.find(text, keys)
        except (yaml.YAMLError, ValueError) as error:
            raise Rejected(" ".join(str(error).split()), _MEND) from error

    def _edited(self, text: str, keys: Keys, wanted: Mapping[str, str], nothing: str) -> str:
        table = self._table(text, keys)
        if table is None:
            if not wanted:
                return text
            raise Rejected(f"there is no table `{_path(keys)}`", f"Add an empty one: `{keys[-1]}: {{}}`.")
        known = {entry.key for entry in table.entries}
        new = [f"{self.syntax.word(key)}: {value}" for key, value in wanted.items() if key not in known]
        lead = table.separator if table.entries else ""
        edits = [(table.insert_at, table.insert_at, lead + (table.separator or ", ").join(new))] if new else []
        for entry in table.entries:
            value = wanted.get(entry.key, nothing)
            if not _is_same(self.syntax.load(value), entry.value):
                edits.append((entry.start, entry.end, value))
        for start, end, value in sorted(edits, reverse=True):
            text = text[:start] + value + text[end:]
        return text

    def _prove(self, old: str, new: str, after: Routing) -> None:
        try:
            kept, found = (self.syntax.load(text) for text in (old, new))
        except (yaml.YAMLError, ValueError) as error:
            raise Rejected(f"the change would break the file: {' '.join(str(error).split())}", _MEND) from error
        for keys in filter(None, (self.at, self.headers_at, self.shadow_at)):
            kept, found = _without(kept, keys), _without(found, keys)
        if repr(kept) != repr(found):
            raise Rejected(
                f"`{_path(self.at)}` is shared with other parts of the file, which would change, too",
                "Write its weights out, without an anchor.",
            )
        if not same_routing(self.parse(new), after, tolerance=2 / _PARTS):
            raise Rejected(f"`{_path(self.at)}` cannot be changed in place", _MEND)


def _is_same(wanted: Any, found: Any) -> bool:
    return wanted == found and isinstance(found, bool) == isinstance(wanted, bool)


def _number(value: float, digits: int) -> str:
    return f"{value:.{digits}f}".rstrip("0").rstrip(".") or "0"


def _path(keys: Keys) -> str:
    return ".".join(keys)


def _without(document: Any, keys: Keys) -> Any:
    """A copy without the value there; every part of it is copied, so nothing is shared in it."""
    if isinstance(document, dict):
        return {
            key: _without(value, keys[1:] if keys and str(key) == keys[0] else ())
            for key, value in document.items()
            if not (len(keys) == 1 and str(key) == keys[0])
        }
    return [_without(value, ()) for value in document] if isinstance(document, list) else document


# YAML ------------------------------------------------------------------------------------------------------------


def _yaml_table(text: str, keys: Keys) -> Table | None:
    loader = yaml.SafeLoader(text)
    node = loader.get_single_node()
    for key in keys:
        if not isinstance(node, yaml.MappingNode):
            return None
        node = next((value for name, value in reversed(node.value) if name.value == key), None)
    if not isinstance(node, yaml.MappingNode):
        return None
    entries: dict[str, Entry] = {}
    for name, value in node.value:
        if name.tag == _MERGE or not isinstance(name, yaml.ScalarNode) or not isinstance(value, yaml.ScalarNode):
            raise ValueError(f"line {name.start_mark.line + 1}: not a word and its value")
        entries[name.value] = Entry(
            name.value, loader.construct_object(value), value.value, value.start_mark.index, value.end_mark.index
        )
    if node.flow_style:
        last = max((value.end_mark.index for _, value in node.value), default=node.start_mark.index + 1)
        return Table(tuple(entries.values()), last, ", ")
    name, value = node.value[-1]
    end_of_line = re.compile(r"\r?\n|\Z").search(text, value.end_mark.index)
    if end_of_line is None:
        raise AssertionError("every text has an end")
    line_end = end_of_line[0] or "\n"
    return Table(tuple(entries.values()), end_of_line.start(), line_end + " " * name.start_mark.column)


def _yaml_word(text: str) -> str:
    is_plain = _PLAIN_WORD.fullmatch(text) and yaml.safe_load(text) == text
    return text if is_plain else json.dumps(text, ensure_ascii=False)


# JSON ------------------------------------------------------------------------------------------------------------


def _json_table(text: str, keys: Keys) -> Table | None:
    json.loads(text)  # what follows may rely on it
    start = _skip(text, 0)
    for key in keys:
        if text[start] != "{":
            return None
        member = next((entry for entry in reversed(_members(text, start)) if entry.key == key), None)
        if member is None:
            return None
        start = member.start
    if text[start] != "{":
        return None
    members = {entry.key: entry for entry in _members(text, start)}
    last = max((entry.end for entry in members.values()), default=start + 1)
    return Table(tuple(members.values()), last, ", ")


def _members(text: str, start: int) -> list[Entry]:
    """The members of the object that begins at ``start``."""
    decoder = json.JSONDecoder()
    found: list[Entry] = []
    position = _skip(text, start + 1)
    while text[position] != "}":
        key, position = decoder.raw_decode(text, position)
        position = _skip(text, _skip(text, position) + 1)
        value, end = decoder.raw_decode(text, position)
        found.append(Entry(key, value, str(value), position, end))
        position = _skip(text, end)
        if text[position] == ",":
            position = _skip(text, position + 1)
    return found


def _skip(text: str, position: int) -> int:
    blanks = _BLANKS.match(text, position)
    return blanks.end() if blanks else position


YAML = Syntax(yaml.safe_load, _yaml_table, _yaml_word)
JSON = Syntax(json.loads, _json_table, lambda text: json.dumps(text, ensure_ascii=False))
