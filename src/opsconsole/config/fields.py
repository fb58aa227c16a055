"""The fields of a settings struct as a Markdown table: for every page of the documentation that lists some.

Always true here: nothing about a field is written down a second time; what stands in the table is its name, its type,
its default and the docstring under it.
"""

from __future__ import annotations

import ast
import inspect
import re
from datetime import date, datetime
from itertools import pairwise
from pathlib import Path
from types import NoneType, UnionType
from typing import Annotated, Any, Literal, Union, get_args, get_origin, get_type_hints

import msgspec

_WORDS: dict[Any, str] = {
    str: "text",
    Path: "path",
    bool: "true or false",
    int: "whole number",
    float: "number",
    date: "date",
    datetime: "date and time",
    Any: "anything",
}
_LIMITS = (("ge", "≥"), ("gt", ">"), ("le", "≤"), ("lt", "<"))


def table(kind: type[msgspec.Struct]) -> str:
    """Key, value, default and meaning of each field, in the order in which they are written."""
    meanings = attribute_docstrings(kind)
    hints = get_type_hints(kind, include_extras=True)
    rows = [
        f"| `{info.encode_name}` | {_type_words(hints[info.name])} | {_default_words(info)} | {meanings[info.name]} |"
        for info in msgspec.structs.fields(kind)
    ]
    return "\n".join(["| key | value | default | meaning |", "|---|---|---|---|", *rows])


def sections(root: type[msgspec.Struct], heading: str = "") -> list[tuple[type[msgspec.Struct], str]]:
    """Every struct that can be reached, with the key that it is written under; each is followed by its inner ones."""
    found = [(root, heading)]
    for name, annotation in get_type_hints(root).items():
        if inner := struct_in(annotation):
            found += sections(inner, f"{heading}.{name}".lstrip(".") + _suffix(annotation))
    return found


def options(root: type[msgspec.Struct]) -> str:
    """A kind's options as tables: each struct once, headed by every key that it may stand under."""
    found: dict[type[msgspec.Struct], list[str]] = {}
    for section, heading in sections(root):
        found.setdefault(section, []).append(heading)
    parts: list[str] = []
    for section, headings in found.items():
        if headings != [""]:
            about = inspect.cleandoc(section.__doc__ or "").replace("\n", " ")
            parts += [", ".join(f"`{heading}`" for heading in headings) + ": " + about, ""]
        parts += [table(section), ""]
    return "\n".join(parts)


def struct_in(annotation: Any) -> type[msgspec.Struct] | None:
    """The first struct that a type mentions."""
    if isinstance(annotation, type) and issubclass(annotation, msgspec.Struct):
        return annotation
    return next((inner for inner in map(struct_in, get_args(annotation)) if inner), None)


def attribute_docstrings(kind: type) -> dict[str, str]:
    """Attribute → the string literal under it, on one line; those of its bases, too."""
    found: dict[str, str] = {}
    for base in reversed(kind.__mro__):
        if base.__module__ not in ("builtins", "msgspec", "msgspec._core"):
            found |= _own_docstrings(base)
    return found


def _own_docstrings(kind: type) -> dict[str, str]:
    tree = ast.parse(inspect.getsource(inspect.getmodule(kind) or kind))
    body = next(node.body for node in tree.body if isinstance(node, ast.ClassDef) and node.name == kind.__name__)
    found: dict[str, str] = {}
    for statement, following in pairwise(body):
        match statement, following:
            case ast.AnnAssign(target=ast.Name(id=name)), ast.Expr(value=ast.Constant(value=str(text))):
                found[name] = re.sub(r"\s+", " ", text).strip()
    return found


def _suffix(annotation: Any) -> str:
    return {tuple: "[]", dict: ".NAME"}.get(get_origin(annotation), "")


def _type_words(annotation: Any) -> str:
    if get_origin(annotation) is Annotated:
        bare, *notes = get_args(annotation)
        limits = [f"{sign} {getattr(note, name):g}" for note in notes for name, sign in _LIMITS if _is_set(note, name)]
        return f"{_type_words(bare)} {', '.join(limits)}".strip()
    if get_origin(annotation) in (UnionType, Union):
        return " or ".join(_type_words(part) for part in get_args(annotation) if part is not NoneType)
    if get_origin(annotation) is Literal:
        return ", ".join(f"`{value}`" for value in get_args(annotation))
    if get_origin(annotation) is tuple:
        return "list"
    if get_origin(annotation) is dict or struct_in(annotation):
        return "table"
    return _WORDS[annotation]


def _is_set(note: Any, name: str) -> bool:
    return getattr(note, name, None) is not None


def _default_words(info: msgspec.structs.FieldInfo) -> str:
    if info.required:
        return "required"
    is_plain = info.default not in (None, "", ()) and info.default is not msgspec.NODEFAULT
    if not is_plain or isinstance(info.default, msgspec.Struct):
        return ""
    return f"`{str(info.default).lower() if isinstance(info.default, bool) else info.default}`"
