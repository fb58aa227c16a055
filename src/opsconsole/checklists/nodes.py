"""From YAML nodes to the structs of a checklist, with the line of everything and every mistake at once.

Always true here: a mistake is told with its line and the nearest word that would have been right, and does not keep the
rest from being read; the line of a field is known by its path: ``steps[2].expect.sql``.
"""

from __future__ import annotations

import types
from collections.abc import Callable, Mapping
from datetime import datetime
from functools import cache
from typing import Any, Literal, Union, get_args, get_origin, get_type_hints

import msgspec
import yaml

from opsconsole import wire
from opsconsole.config.load import nearest

NULL_TAG = "tag:yaml.org,2002:null"
_AUTO = "auto"

SHORTHANDS: Mapping[type[msgspec.Struct], str] = {
    wire.Probe: "signal",
    wire.Branch: "goto",
    wire.Undo: "action",
    wire.RoleRule: "need",
    wire.SilenceRule: "flag_after",
    wire.Retry: "times",
}
"""Struct → the field that is meant where a single word stands in its place."""

Complain = Callable[[int, str, str], None]
"""(line, what is wrong, what to do)."""


@cache
def _shape(kind: type[msgspec.Struct]) -> tuple[Mapping[str, msgspec.structs.FieldInfo], Mapping[str, Any]]:
    """A struct's fields by the key that they are written under, and their types by name; each step asks for it."""
    return {info.encode_name: info for info in msgspec.structs.fields(kind)}, get_type_hints(kind, include_extras=True)


class _Unusable(Exception):  # noqa: N818 - it is told already
    """A value that was complained of."""


class NodeReader:
    """Reads the nodes of one piece of YAML."""

    def __init__(self, loader: yaml.SafeLoader, first_line: int, lines: dict[str, int], complain: Complain) -> None:
        """``first_line`` is where the piece begins in its file, from 1 on; ``lines`` is filled."""
        self._loader = loader
        self._first_line = first_line
        self._lines = lines
        self._complain = complain

    def struct(self, node: yaml.Node, kind: type[Any], path: str) -> Any:
        """A struct of this kind, or None where one cannot be made; whatever is wrong was complained of."""
        try:
            return self._read(node, kind, path)
        except _Unusable:
            return None

    def _line(self, node: yaml.Node) -> int:
        return int(node.start_mark.line) + self._first_line

    def _refuse(self, node: yaml.Node, message: str, remedy: str) -> _Unusable:
        self._complain(self._line(node), message, remedy)
        return _Unusable()

    def _read(self, node: yaml.Node, kind: Any, path: str) -> Any:
        self._lines[path] = self._line(node)
        if get_origin(kind) in (types.UnionType, Union):
            if node.tag == NULL_TAG:
                return None
            kind = next(each for each in get_args(kind) if each is not types.NoneType)
        if isinstance(kind, type) and issubclass(kind, msgspec.Struct):
            return self._section(node, kind, path)
        if get_origin(kind) is tuple:
            return self._list(node, get_args(kind)[0], path)
        if get_origin(kind) is dict:
            return self._table(node, get_args(kind)[1], path)
        return self._leaf(node, kind, path)

    def _section(self, node: yaml.Node, kind: type[msgspec.Struct], path: str) -> msgspec.Struct:
        fields, hints = _shape(kind)
        if isinstance(node, yaml.ScalarNode) and kind in SHORTHANDS:
            name = SHORTHANDS[kind]
            return kind(**{name: self._read(node, hints[name], path)})
        values: dict[str, Any] = {}
        unusable = False
        for key, key_node, value in self._items(node, path):
            inner = f"{path}.{key}" if path else key
            self._lines[inner] = self._line(key_node)
            if key not in fields:
                self._complain(self._line(key_node), f"{inner}: no such field", nearest(key, fields))
                continue
            try:
                values[fields[key].name] = self._read(value, hints[fields[key].name], inner)
            except _Unusable:
                unusable = unusable or fields[key].required
            self._lines[inner] = self._line(key_node)
        missing = [info for info in fields.values() if info.required and info.name not in values]
        if missing and not unusable:
            where = f"{path}: " if path else ""
            raise self._refuse(
                node, f"{where}`{missing[0].encode_name}` is missing", f"Add `{missing[0].encode_name}: …`."
            )
        if missing:
            raise _Unusable
        return kind(**values)

    def _list(self, node: yaml.Node, kind: Any, path: str) -> tuple[Any, ...]:
        if isinstance(node, yaml.ScalarNode) and node.value == _AUTO and kind is wire.EvidenceWish:
            return ()
        if not isinstance(node, yaml.SequenceNode):
            if isinstance(node, yaml.ScalarNode) and kind is str:
                return (self._leaf(node, str, path),)
            raise self._refuse(node, f"{path}: is not a list", "Write one entry a line, each after `- `.")
        read: list[Any] = []
        for item in node.value:
            try:
                read.append(self._read(item, kind, f"{path}[{len(read)}]"))
            except _Unusable:
                continue  # it is told
        return tuple(read)

    def _table(self, node: yaml.Node, kind: Any, path: str) -> dict[str, Any]:
        read = {}
        for key, _, value in self._items(node, path):
            try:
                read[key] = self._read(value, kind, f"{path}.{key}")
            except _Unusable:
                continue  # it is told
        return read

    def _items(self, node: yaml.Node, path: str) -> list[tuple[str, yaml.Node, yaml.Node]]:
        where = f"{path}: " if path else ""
        if not isinstance(node, yaml.MappingNode):
            raise self._refuse(node, f"{where}is not a table", "Write one `key: value` a line, indented below it.")
        seen: dict[str, int] = {}
        items: list[tuple[str, yaml.Node, yaml.Node]] = []
        for key_node, value_node in node.value:
            key = str(key_node.value) if isinstance(key_node, yaml.ScalarNode) else ""
            if not key:
                self._complain(self._line(key_node), f"{where}a key is not a word", "Write `key: value`.")
            elif key in seen:
                self._complain(self._line(key_node), f"{where}`{key}` is also on line {seen[key]}", "Keep one of them.")
            else:
                seen[key] = self._line(key_node)
                items.append((key, key_node, value_node))
        return items

    def _leaf(self, node: yaml.Node, kind: Any, path: str) -> Any:
        if kind is str and isinstance(node, yaml.ScalarNode) and node.tag != NULL_TAG:
            return str(node.value)
        try:
            value = self._loader.construct_object(node, deep=True)
        except (yaml.YAMLError, ValueError) as error:
            raise self._refuse(node, f"{path}: {error}", "Correct the value.") from error
        if isinstance(value, datetime):
            value = value.date()
        if get_origin(kind) is Literal and value not in get_args(kind):
            remedy = nearest(str(value), map(str, get_args(kind)))
            raise self._refuse(node, f"{path}: no such value: {value!r}", remedy)
        try:
            return msgspec.convert(value, kind)
        except msgspec.ValidationError as error:
            raise self._refuse(node, f"{path}: {error}", "docs/checklists.md says what it takes.") from error
