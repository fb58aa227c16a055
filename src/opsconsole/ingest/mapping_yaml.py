"""A mapping as YAML, to be read, edited and pinned by a person.

Always true here: ``from_yaml(to_yaml(mapping))`` is that mapping; every scalar is read as the text that stands there
(``no`` is the word no, ``1.10`` a version), and what is wrong is named with file, line and the nearest valid key.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterator
from pathlib import Path
from typing import Any, TypeVar, get_args

import msgspec
import yaml

from opsconsole.errors import ConfigError
from opsconsole.ingest.mapping import DURATION_UNITS, TIME_UNITS, FeatureKind, Mapping, Rule
from opsconsole.records import DURATION_COLUMNS, MAPPABLE

MAX_BYTES = 1 << 20
FEATURE_KINDS: tuple[str, ...] = get_args(FeatureKind)
T = TypeVar("T")
_HEADER = """\
# How the records of {name} are read.
# columns: canonical column → where its value comes from; of several rules the first that gives a value wins.
#   path (and minus, only_if, before) name fields of the log; a time or duration says its unit.
# features: other fields worth watching, numeric or categorical. left_out: fields that are not stored, and why.
# Pin it with: opsconsole watch --mapping FILE PATH
"""
_MAPPING_KEYS = tuple(info.name for info in msgspec.structs.fields(Mapping))
_RULE_KEYS = tuple(info.name for info in msgspec.structs.fields(Rule))
_ORDER = ("format", "framing", "delimiter", "records_at", "notes", "columns", "features", "left_out")


class _Flow(dict[str, Any]):
    """Written on one line: ``{path: latency, unit: s}``."""


class _Dumper(yaml.SafeDumper):
    def ignore_aliases(self, data: Any) -> bool:
        return True

    def represent_flow(self, data: _Flow) -> yaml.Node:
        return self.represent_mapping("tag:yaml.org,2002:map", data, flow_style=True)

    def represent_text(self, text: str) -> yaml.Node:
        style = None if text.isprintable() else '"'  # PyYAML escapes line breaks of Unicode only within double quotes
        return self.represent_scalar("tag:yaml.org,2002:str", text, style=style)


_Dumper.add_representer(_Flow, _Dumper.represent_flow)
_Dumper.add_representer(str, _Dumper.represent_text)


def to_yaml(mapping: Mapping, name: str = "this log") -> str:
    """A mapping as YAML with a heading; ``name`` is what the heading calls the log."""
    plain: dict[str, Any] = msgspec.to_builtins(mapping)
    columns = {}
    for column, rules in plain["columns"].items():
        flat = [_Flow(rule) for rule in rules]
        columns[column] = flat[0] if len(flat) == 1 else flat
    plain["columns"] = columns
    ordered = {key: plain.pop(key) for key in _ORDER if key in plain} | plain
    body = yaml.dump(ordered, Dumper=_Dumper, sort_keys=False, allow_unicode=True, width=110)
    heading = name if name.isprintable() else ascii(name)
    return _HEADER.format(name=heading) + body


def from_yaml(text: str, path: str | Path = "the mapping") -> Mapping:
    """Read a mapping.

    Raises:
        ConfigError: it is no YAML, a key or a column is unknown, a unit is missing: with line and remedy.
    """
    root = _compose(text, path)
    _check_keys(root, path)
    plain = _plain(root)
    columns = plain.get("columns")
    if isinstance(columns, dict):
        plain["columns"] = {name: rules if isinstance(rules, list) else [rules] for name, rules in columns.items()}
    mapping = _convert(plain, Mapping, root, path)
    for column, rules in mapping.columns.items():
        for place, rule in enumerate(rules):
            if problem := _problem(column, rule):
                line = _line(root, ["columns", column, f"[{place}]"])
                raise ConfigError(f"{path}, line {line}: {column} {problem[0]}", problem[1])
    if "ts" not in mapping.columns:
        raise ConfigError(
            f"{path}, line {_line(root, ['columns'])}: no column ts", "Say which field is the request's time."
        )
    return mapping


def _plain(node: yaml.Node) -> Any:
    """What a node holds; every scalar as its text."""
    if isinstance(node, yaml.MappingNode):
        return {str(key.value): _plain(value) for key, value in node.value}
    if isinstance(node, yaml.SequenceNode):
        return [_plain(item) for item in node.value]
    return node.value


def _convert(plain: Any, kind: type[T], node: yaml.Node, path: str | Path) -> T:
    """Plain data as a struct or a choice; ``node`` is where the data stand, for the line of what is wrong."""
    try:
        return msgspec.convert(plain, kind, strict=False)
    except msgspec.ValidationError as error:
        message, _, where = str(error).partition(" - at `$")
        keys = [key for key in where.rstrip("`").replace("[", ".[").split(".") if key]
        raise ConfigError(
            f"{path}, line {_line(node, keys)}: {message}",
            f"Keys: {', '.join(_MAPPING_KEYS)}; of a rule: {', '.join(_RULE_KEYS)}.",
        ) from None


def _compose(text: str, path: str | Path) -> yaml.MappingNode:
    if len(text) > MAX_BYTES:
        raise ConfigError(f"{path} is larger than 1 MiB: no mapping", "Print one with: opsconsole map PATH")
    try:
        for token in yaml.scan(text, Loader=yaml.BaseLoader):
            if isinstance(token, yaml.AliasToken):
                line = token.start_mark.line + 1
                raise ConfigError(f"{path}, line {line}: aliases (*{token.value}) are not read", "Write the value out.")
        root = yaml.compose(text, Loader=yaml.BaseLoader)
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        line = mark.line + 1 if mark else 1
        problem = getattr(error, "problem", None) or str(error)
        raise ConfigError(f"{path}, line {line}: not YAML: {problem}", "Print one with: opsconsole map PATH") from None
    except RecursionError:
        raise ConfigError(f"{path} is nested too deep", "Print one with: opsconsole map PATH") from None
    if not isinstance(root, yaml.MappingNode):
        raise ConfigError(f"{path}, line 1: holds no keys", f"Keys: {', '.join(_MAPPING_KEYS)}.")
    return root


def _items(node: yaml.Node) -> Iterator[tuple[str, yaml.Node, int]]:
    """Key, value and line of a YAML mapping's entries; of anything else none."""
    if isinstance(node, yaml.MappingNode):
        for key, value in node.value:
            yield str(key.value), value, key.start_mark.line + 1


def _check_keys(root: yaml.MappingNode, path: str | Path) -> None:
    _check_known(root, _MAPPING_KEYS, "key", path)
    for name, node, _ in _items(root):
        if name in ("features", "left_out"):
            _check_known(node, None, "field", path)
        for _, kind, line in _items(node) if name == "features" else ():
            if kind.value not in FEATURE_KINDS:
                raise ConfigError(
                    f"{path}, line {line}: {kind.value} is no kind", f"Kinds: {', '.join(FEATURE_KINDS)}."
                )
        if name != "columns":
            continue
        _check_known(node, MAPPABLE, "column", path)
        for _, rules, _ in _items(node):
            for rule in rules.value if isinstance(rules, yaml.SequenceNode) else [rules]:
                _check_known(rule, _RULE_KEYS, "key", path)
                _convert(_plain(rule), Rule, rule, path)


def _check_known(node: yaml.Node, known: tuple[str, ...] | None, what: str, path: str | Path) -> None:
    seen: set[str] = set()
    for name, _, line in _items(node):
        if name in seen:
            raise ConfigError(f"{path}, line {line}: {what} {name} stands here twice", "Keep one of them.")
        seen.add(name)
        if known is not None and name not in known:
            near = difflib.get_close_matches(name, known, n=1, cutoff=0.5)
            hint = f"Did you mean {near[0]}? " if near else ""
            raise ConfigError(f"{path}, line {line}: no {what} {name}", f"{hint}There are: {', '.join(known)}.")


def _problem(column: str, rule: Rule) -> tuple[str, str] | None:
    """What is wrong with a rule, and what to do; None for a good one."""
    if bool(rule.path) == (rule.value is not None):
        return "needs either a path or a value", "Write path: FIELD, or value: CONSTANT."
    units: tuple[str, ...] = ()
    if column == "ts" or (column in DURATION_COLUMNS and rule.minus):
        units = TIME_UNITS
    elif column in DURATION_COLUMNS:
        units = DURATION_UNITS
    if rule.value is None and units and rule.unit not in units:
        return f"has {f'no unit {rule.unit}' if rule.unit else 'no unit'}", f"Units: {', '.join(units)}."
    if column == "ts" and rule.value is not None:
        return "cannot be a constant", "Write path: FIELD."
    return None


def _line(root: yaml.Node, keys: list[str]) -> int:
    """Where something stands: ``columns``, ``latency_ms``, ``[0]``, ``unit``, as deep as it can be followed."""
    node, line = root, root.start_mark.line + 1
    for key in keys:
        if isinstance(node, yaml.SequenceNode) and key.startswith("[") and int(key[1:-1]) < len(node.value):
            node = node.value[int(key[1:-1])]
            line = node.start_mark.line + 1
            continue
        found = next(((value, at) for name, value, at in _items(node) if name == key), None)
        if found is not None:
            node, line = found
    return line
