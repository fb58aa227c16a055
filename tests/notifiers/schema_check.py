"""JSON Schema, as much of it as the schemas of these tests use: what a document violates, and where.

A keyword that is not known here is an error of the schema, so that none is taken for checked and was not.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import Any

_TYPES: dict[str, tuple[type, ...]] = {
    "object": (dict,), "array": (list,), "string": (str,), "boolean": (bool,), "null": (type(None),),
    "number": (int, float),
}  # fmt: skip


def violations(document: Any, schema: dict[str, Any], root: dict[str, Any] | None = None, at: str = "$") -> list[str]:
    """Every violation, as ``$.blocks[0].text: …``."""
    root = root or schema
    if "$ref" in schema:
        return violations(document, root["definitions"][schema["$ref"].removeprefix("#/definitions/")], root, at)
    found: list[str] = []
    for keyword, value in schema.items():
        if keyword not in ("$comment", "definitions"):
            found += [f"{where}: {what}" for where, what in _CHECKS[keyword](document, value, schema, root, at)]
    return found


Problem = Iterator[tuple[str, str]]


def _type(document: Any, names: Any, schema: Any, root: Any, at: str) -> Problem:
    wanted = [names] if isinstance(names, str) else names
    kinds = tuple(kind for name in wanted for kind in _TYPES[name])
    if not isinstance(document, kinds) or (isinstance(document, bool) and bool not in kinds):
        yield at, f"{document!r} is no {names}"


def _says(test: Callable[[Any, Any], bool], what: str, kind: type) -> Callable[..., Problem]:
    def check(document: Any, value: Any, schema: Any, root: Any, at: str) -> Problem:
        if isinstance(document, kind) and not test(document, value):
            yield at, f"{what} {value!r}: {document!r}"[:300]

    return check


def _properties(document: Any, known: dict[str, Any], schema: Any, root: Any, at: str) -> Problem:
    for name in document if isinstance(document, dict) else ():
        if name in known:
            for violation in violations(document[name], known[name], root, f"{at}.{name}"):
                where, _, what = violation.partition(": ")
                yield where, what


def _additional(document: Any, allowed: Any, schema: Any, root: Any, at: str) -> Problem:
    for name in document if isinstance(document, dict) else ():
        if name in schema.get("properties", {}):
            continue
        if allowed is False:
            yield f"{at}.{name}", "is not known there"
        elif isinstance(allowed, dict):
            for violation in violations(document[name], allowed, root, f"{at}.{name}"):
                where, _, what = violation.partition(": ")
                yield where, what


def _items(document: Any, inner: dict[str, Any], schema: Any, root: Any, at: str) -> Problem:
    for index, item in enumerate(document if isinstance(document, list) else ()):
        for violation in violations(item, inner, root, f"{at}[{index}]"):
            where, _, what = violation.partition(": ")
            yield where, what


def _one_of(document: Any, choices: list[Any], schema: Any, root: Any, at: str) -> Problem:
    results = [violations(document, choice, root, at) for choice in choices]
    if sum(not result for result in results) != 1:
        yield at, f"is not exactly one of {len(choices)}: {min(results, key=len)}"


def _units(text: str) -> int:
    """As JavaScript counts, which is the stricter way."""
    return len(text.encode("utf-16-le")) // 2


_CHECKS: dict[str, Callable[..., Problem]] = {
    "type": _type,
    "properties": _properties,
    "additionalProperties": _additional,
    "items": _items,
    "oneOf": _one_of,
    "required": _says(lambda document, names: set(names) <= set(document), "lacks one of", dict),
    "enum": _says(lambda document, values: document in values, "is none of", object),
    "const": _says(lambda document, value: document == value, "is not", object),
    "pattern": _says(lambda document, pattern: re.search(pattern, document) is not None, "does not match", str),
    "minLength": _says(lambda document, least: _units(document) >= least, "is shorter than", str),
    "maxLength": _says(lambda document, most: _units(document) <= most, "is longer than", str),
    "minItems": _says(lambda document, least: len(document) >= least, "has fewer than", list),
    "maxItems": _says(lambda document, most: len(document) <= most, "has more than", list),
}
