"""Reading ``opsconsole.yaml``: from YAML nodes to frozen settings.

Always true here: the file is either understood entirely or refused with a ConfigError that names file, line and field,
and, for a key that does not exist, the nearest one that does. A file that is missing means the defaults.
"""

from __future__ import annotations

import difflib
import types
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time
from functools import cache
from pathlib import Path
from typing import Any, Literal, NoReturn, TypeVar, Union, get_args, get_origin, get_type_hints

import msgspec
import yaml

from opsconsole.config.references import dangling
from opsconsole.config.settings import Settings, SourceSetting
from opsconsole.errors import ConfigError
from opsconsole.records import MAPPABLE

S = TypeVar("S", bound=msgspec.Struct)
_NULL_TAG = "tag:yaml.org,2002:null"


def load(path: Path) -> Settings:
    """The settings of this file; the defaults when there is no such file.

    Raises ConfigError.
    """
    try:
        content = path.read_bytes()
    except FileNotFoundError:
        return Settings()
    except OSError as error:
        raise ConfigError(f"{path}: {error.strerror}", "Name a file that can be read.") from error
    return parse(content, path)


def parse(content: bytes, path: Path) -> Settings:
    """The settings in this content; ``path`` is for messages and for what relative paths are relative to.

    Raises ConfigError.
    """
    return read_as(content, path, Settings) or Settings()


def read_as(content: bytes, path: Path, kind: type[S]) -> S | None:
    """YAML as a struct of this kind; None when there is nothing in it.

    Raises ConfigError that names file, line and field, and the nearest key for one that does not exist.
    """
    try:
        loader = yaml.SafeLoader(content)
        root = loader.get_single_node()
        if root is None or root.tag == _NULL_TAG:
            return None
        read = _Reader(path, loader, {}).read(root, kind, "")
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        where = f"{path}:{mark.line + 1}" if mark else str(path)
        raise ConfigError(f"{where}: {error.problem or error.context}", "Mend the YAML at this line.") from error
    except yaml.YAMLError as error:
        raise ConfigError(f"{path}: {error}", "Write the file as UTF-8 text.") from error
    if not isinstance(read, kind):
        raise AssertionError(f"the root is read as {kind.__name__}")
    return read


def lines_of(path: Path, *keys: str) -> dict[str, str]:
    """Where each entry of a table stands, as ``file:line``; ``keys`` lead to the table. Empty where there is none."""
    try:
        node = yaml.SafeLoader(path.read_bytes()).get_single_node()
    except FileNotFoundError:
        return {}
    for key in keys:
        if not isinstance(node, yaml.MappingNode):
            return {}
        node = next((value for name, value in node.value if name.value == key), None)
    if not isinstance(node, yaml.MappingNode):
        return {}
    return {name.value: f"{path}:{name.start_mark.line + 1}" for name, _ in node.value}


def nearest(word: str, known: Iterable[str]) -> str:
    """A remedy for a word that is not among the known ones: the nearest, or all of them."""
    names = list(known)
    close = difflib.get_close_matches(word, names, n=1, cutoff=0.6)
    return f"Did you mean `{close[0]}`?" if close else f"Known here: {', '.join(names)}."


@cache
def _shape(kind: type[msgspec.Struct]) -> tuple[Mapping[str, Any], Mapping[str, msgspec.structs.FieldInfo]]:
    """A struct's types and its fields, by the key that each is written under; many sections are of one struct."""
    hints, fields = get_type_hints(kind, include_extras=True), msgspec.structs.fields(kind)
    return {info.encode_name: hints[info.name] for info in fields}, {info.encode_name: info for info in fields}


@dataclass(frozen=True)
class _Reader:
    """Walks nodes and types together, so that every complaint knows its line."""

    path: Path
    loader: yaml.SafeLoader
    places: dict[str, yaml.Node]
    """Field → where it was read."""

    def read(self, node: yaml.Node, kind: Any, field: str) -> Any:
        """The node's value as this type; raises ConfigError."""
        self.places[field] = node
        bare, is_optional = _without_none(kind)
        if is_optional and node.tag == _NULL_TAG:
            return None
        if isinstance(bare, type) and issubclass(bare, msgspec.Struct):
            return self._section(node, bare, field)
        if get_origin(bare) is tuple:
            return self._list(node, get_args(bare)[0], field)
        if get_origin(bare) is dict:
            keys, values = get_args(bare)
            return self._table(node, keys, values, field)
        return self._leaf(node, bare, field)

    def _section(self, node: yaml.Node, kind: type[msgspec.Struct], field: str) -> msgspec.Struct:
        types_by_key, fields = _shape(kind)
        values = {}
        for key, key_node, value_node in self._items(node, field):
            name = f"{field}.{key}" if field else key
            if key not in types_by_key:
                self._refuse(key_node, name, "no such setting", nearest(key, types_by_key))
            values[fields[key].name] = self.read(value_node, types_by_key[key], name)
        for key, info in fields.items():
            if info.required and info.name not in values:
                self._refuse(node, field, f"`{key}` is missing", f"Add `{key}: …`.")
        if kind is SourceSetting:
            self._known_columns(node, values, field)
        try:
            made = kind(**values)
        except ValueError as error:
            self._refuse(node, field, str(error), "Correct one of them.", error)
        if isinstance(made, Settings):
            self._known_names(made)
        return made

    def _list(self, node: yaml.Node, kind: Any, field: str) -> tuple[Any, ...]:
        if not isinstance(node, yaml.SequenceNode):
            self._refuse(node, field, "is not a list", "Write one entry a line, each after `- `.")
        return tuple(self.read(item, kind, f"{field}[{index}]") for index, item in enumerate(node.value))

    def _table(self, node: yaml.Node, keys: Any, kind: Any, field: str) -> dict[str, Any]:
        known = get_args(keys)
        table = {}
        for key, key_node, value_node in self._items(node, field):
            if known and key not in known:
                self._refuse(key_node, f"{field}.{key}", "no such name", nearest(key, known))
            table[key] = self.read(value_node, kind, f"{field}.{key}")
        return table

    def _items(self, node: yaml.Node, field: str) -> list[tuple[str, yaml.Node, yaml.Node]]:
        if not isinstance(node, yaml.MappingNode):
            self._refuse(node, field, "is not a table", "Write one `key: value` a line, indented below it.")
        lines: dict[str, int] = {}
        items: list[tuple[str, yaml.Node, yaml.Node]] = []
        for key_node, value_node in node.value:
            if not isinstance(key_node, yaml.ScalarNode):
                self._refuse(key_node, field, "a key is not a word", "Write `key: value`.")
            key = str(key_node.value)
            if key in lines:
                self._refuse(
                    key_node, f"{field}.{key}".lstrip("."), f"is also on line {lines[key]}", "Keep one of them."
                )
            lines[key] = key_node.start_mark.line + 1
            items.append((key, key_node, value_node))
        return items

    def _leaf(self, node: yaml.Node, kind: Any, field: str) -> Any:
        if kind in (str, Path) and isinstance(node, yaml.ScalarNode) and node.tag != _NULL_TAG:
            return str(node.value) if kind is str else self._path(node, field)
        value = self.loader.construct_object(node, deep=True)
        if get_origin(kind) is Literal and isinstance(value, str) and value not in get_args(kind):
            self._refuse(node, field, f"no such value: {value!r}", nearest(value, map(str, get_args(kind))))
        if kind is datetime and isinstance(value, date) and not isinstance(value, datetime):
            value = datetime.combine(value, time())
        try:
            value = msgspec.convert(value, str if kind is Path else kind)
        except msgspec.ValidationError as error:
            self._refuse(node, field, str(error), "The configuration page says what it takes.", error)
        if isinstance(value, datetime) and value.tzinfo is None:
            return value.replace(tzinfo=UTC)
        return value

    def _path(self, node: yaml.ScalarNode, field: str) -> Path:
        if not node.value:
            self._refuse(node, field, "is empty", "Name a path.")
        return self.path.absolute().parent / Path(node.value).expanduser()

    def _known_columns(self, node: yaml.Node, values: dict[str, Any], field: str) -> None:
        for column in values.get("columns", {}):
            if column not in MAPPABLE:
                self._refuse(node, f"{field}.columns.{column}", "no such column", nearest(column, MAPPABLE))

    def _known_names(self, settings: Settings) -> None:
        for each in dangling(settings):
            remedy = nearest(each.name, each.known) if each.known else f"Write it under `{each.written}` first."
            self._refuse(self.places[each.field], each.field, f"there is no {each.kind} {each.name!r}", remedy)

    def _refuse(
        self, node: yaml.Node, field: str, message: str, remedy: str, cause: Exception | None = None
    ) -> NoReturn:
        where = f"{self.path}:{node.start_mark.line + 1}"
        raise ConfigError(f"{where}: {field}: {message}" if field else f"{where}: {message}", remedy) from cause


def _without_none(kind: Any) -> tuple[Any, bool]:
    """(The type without None, whether None was allowed)."""
    if get_origin(kind) in (types.UnionType, Union):
        some = [argument for argument in get_args(kind) if argument is not types.NoneType]
        return some[0], len(some) < len(get_args(kind))
    return kind, False
