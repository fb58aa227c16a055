"""``docs/configuration.md``, made from ``settings.py``: its docstrings, types and defaults.

Always true here: nothing about a setting is written down a second time; a test compares the page with the file.
"""

from __future__ import annotations

import ast
import inspect
import re
import sys
from datetime import date, datetime
from itertools import pairwise
from pathlib import Path
from types import NoneType, UnionType
from typing import Annotated, Any, Literal, Union, get_args, get_origin, get_type_hints

import msgspec

from opsconsole.config import settings
from opsconsole.config.settings import Section, Settings

INTRODUCTION = """\
# Configuration

<!-- Generated from src/opsconsole/config/settings.py by `make docs`; edit the docstrings there. -->

The daemon reads `opsconsole.yaml` in its home directory when it starts. Every setting has a default, and so has the
file: without it, all defaults hold. Paths are relative to the file. A time without a zone is UTC. What cannot be
understood is refused with the file, the line, the field and, for a misspelt key, the nearest one that exists.

Secrets do not belong in this file.

```yaml
environment: prod
sources:
  - path: /var/log/gateway/*.jsonl
  - path: batch/scores.csv
    service: fraud-score
    columns: {latency_ms: "took:s"}
prices:
  - file: prices/2026-11.json
    valid_from: 2026-11-01
services:
  chat-assist:
    baseline: {version: v41}
    budget_usd_per_month: 20000
drift: {min_effect: 0.02}
```
"""

_WORDS: dict[Any, str] = {
    str: "text",
    Path: "path",
    bool: "true or false",
    int: "whole number",
    float: "number",
    date: "date",
    datetime: "date and time",
}
_LIMITS = (("ge", "≥"), ("gt", ">"), ("le", "≤"), ("lt", "<"))


def configuration_page() -> str:
    """The page, as Markdown."""
    sections = _sections(Settings)
    return "\n".join([INTRODUCTION, *(_section(kind, heading) for kind, heading in sections)])


def _sections(root: type[Section], heading: str = "") -> list[tuple[type[Section], str]]:
    """Every section that can be reached, with the key that it is written under; each is followed by its inner ones."""
    found = [(root, heading)]
    for name, annotation in get_type_hints(root).items():
        if inner := _section_in(annotation):
            found += _sections(inner, f"{heading}.{name}".lstrip(".") + _suffix(annotation))
    return found


def _section_in(annotation: Any) -> type[Section] | None:
    if isinstance(annotation, type) and issubclass(annotation, Section):
        return annotation
    return next((inner for inner in map(_section_in, get_args(annotation)) if inner), None)


def _suffix(annotation: Any) -> str:
    return {tuple: "[]", dict: ".NAME"}.get(get_origin(annotation), "")


def _section(kind: type[Section], heading: str) -> str:
    meanings = attribute_docstrings(kind)
    hints = get_type_hints(kind, include_extras=True)
    rows = [
        f"| `{info.name}` | {_type_words(hints[info.name])} | {_default_words(info)} | {meanings[info.name]} |"
        for info in msgspec.structs.fields(kind)
    ]
    title = f"## `{heading}`" if heading else "## Top level"
    table = ["| key | value | default | meaning |", "|---|---|---|---|", *rows]
    return "\n".join([title, "", inspect.cleandoc(kind.__doc__ or ""), "", *table, ""])


def attribute_docstrings(kind: type) -> dict[str, str]:
    """Attribute → the string literal under it, on one line.

    Raises KeyError when a class is not defined in the settings module.
    """
    classes = {
        node.name: node for node in ast.parse(inspect.getsource(settings)).body if isinstance(node, ast.ClassDef)
    }
    body = classes[kind.__name__].body
    found: dict[str, str] = {}
    for statement, following in pairwise(body):
        match statement, following:
            case ast.AnnAssign(target=ast.Name(id=name)), ast.Expr(value=ast.Constant(value=str(text))):
                found[name] = re.sub(r"\s+", " ", text).strip()
    return found


def _type_words(annotation: Any) -> str:
    if get_origin(annotation) is Annotated:
        bare, *notes = get_args(annotation)
        limits = [f"{sign} {getattr(note, name):g}" for note in notes for name, sign in _LIMITS if _is_set(note, name)]
        return f"{_type_words(bare)} {', '.join(limits)}"
    if get_origin(annotation) in (UnionType, Union):
        return " or ".join(_type_words(part) for part in get_args(annotation) if part is not NoneType)
    if get_origin(annotation) is Literal:
        return ", ".join(f"`{value}`" for value in get_args(annotation))
    if get_origin(annotation) is tuple:
        return "list"
    if get_origin(annotation) is dict or _section_in(annotation):
        return "table"
    return _WORDS[annotation]


def _is_set(note: Any, name: str) -> bool:
    return getattr(note, name, None) is not None


def _default_words(info: msgspec.structs.FieldInfo) -> str:
    if info.required:
        return "required"
    if info.default in (None, "", ()) or info.default is msgspec.NODEFAULT or isinstance(info.default, Section):
        return ""
    return f"`{str(info.default).lower() if isinstance(info.default, bool) else info.default}`"


def main(argv: list[str]) -> None:
    """Write the page to the named file."""
    Path(argv[0]).write_text(configuration_page(), encoding="utf-8")


if __name__ == "__main__":
    main(sys.argv[1:])
