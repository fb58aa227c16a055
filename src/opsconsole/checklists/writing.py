"""A checklist as a file: Markdown that reads well in a pager, or YAML alone.

Always true here: reading what was written gives the same checklist again; what is as it would be anyway is left out.
"""

from __future__ import annotations

from datetime import date
from typing import Any

import msgspec
import yaml

from opsconsole import wire

_OF_HEADING = ("title", "text", "section")
_OF_BODY = ("steps", "about")


def to_yaml(checklist: wire.Checklist) -> str:
    return _yaml(plain(checklist))


def to_markdown(checklist: wire.Checklist) -> str:
    told = plain(checklist)
    front = {name: value for name, value in told.items() if name not in _OF_BODY}
    parts = [f"---\n{_yaml(front)}---\n"]
    if checklist.about:
        parts.append(f"{checklist.about}\n")
    section = ""
    for number, (step, fields) in enumerate(zip(checklist.steps, told["steps"], strict=True), 1):
        if step.section != section:
            section = step.section
            parts.append(f"## {section}\n")
        block = _yaml({name: value for name, value in fields.items() if name not in _OF_HEADING})
        words = f"\n{step.text}\n" if step.text else ""
        parts.append(f"### {number}. {step.title} {{#{step.id}}}\n{words}\n```yaml step\n{block}```\n")
    return "\n".join(parts)


def plain(value: Any) -> Any:
    """What YAML has words for, without what is as it would be anyway."""
    if isinstance(value, msgspec.Struct):
        return {
            info.encode_name: plain(getattr(value, info.name))
            for info in msgspec.structs.fields(value)
            if info.required or getattr(value, info.name) != _default(info)
        } | ({"apiVersion": value.api_version, "kind": value.kind} if isinstance(value, wire.Checklist) else {})
    if isinstance(value, dict):
        return {key: plain(inner) for key, inner in value.items()}
    if isinstance(value, tuple | list):
        return [plain(inner) for inner in value]
    return value if isinstance(value, str | int | float | bool | date) or value is None else str(value)


def _default(info: msgspec.structs.FieldInfo) -> Any:
    if info.default_factory is not msgspec.NODEFAULT:
        return info.default_factory()
    return info.default


def _yaml(told: Any) -> str:
    return yaml.safe_dump(told, sort_keys=False, allow_unicode=True, width=100)
