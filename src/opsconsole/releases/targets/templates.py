"""Templates of commands and HTTP calls: words with ``{placeholders}``, filled in from the change that is made.

Always true here: a template is checked when the configuration is read, so an unknown placeholder is refused then and
not at three in the morning; a value is put in as a value, never read again as a template, a shell line or an option.
"""

from __future__ import annotations

import json
import string
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from opsconsole.config.load import nearest
from opsconsole.errors import ConfigError
from opsconsole.releases.targets.shares import heaviest
from opsconsole.wire import Routing, TargetState

OP_ID_AT_PLAN = "{op_id}"
"""What stands for the operation's id as long as there is none."""

PLACEHOLDERS: dict[str, str] = {
    "service": "the service's name",
    "version": "the version with the largest share afterwards",
    "from_version": "the version with the largest share before",
    "shares": "versions with their share, 0 to 1",
    "percents": "versions with their share in percent",
    "headers": "`Header: value` with the version that answers such requests",
    "shadow": "versions with the share, 0 to 1, that is copied to them",
    "token": "what the read gave as `token`, or its ETag",
    "op_id": "the operation's id: the same for the same change, so it serves as an idempotency key",
}
"""Placeholder → what it stands for. A table reads ``v41=0.9,v42=0.1`` inside words; ``{shares_json}`` is its JSON."""
_JSON = "_json"
_TABLES = ("shares", "percents", "headers", "shadow")
NAMES = (*PLACEHOLDERS, *(f"{name}{_JSON}" for name in _TABLES))


def values(service: str, before: TargetState, after: Routing, op_id: str) -> dict[str, Any]:
    """What each placeholder stands for in one change."""
    return {
        "service": service,
        "version": heaviest(after.shares),
        "from_version": heaviest(before.routing.shares),
        "shares": {version: round(share, 6) for version, share in after.shares.items()},
        "percents": {version: _whole(round(100 * share, 4)) for version, share in after.shares.items()},
        "headers": dict(after.headers),
        "shadow": {version: round(share, 6) for version, share in after.shadow.items()},
        "token": before.token,
        "op_id": op_id,
    }


def of_a_read(service: str) -> dict[str, Any]:
    """What the placeholders of a read stand for: there is no change yet."""
    return {"service": service}


def checked(template: str, names: tuple[str, ...]) -> tuple[str, ...]:
    """The placeholders in a template; raises ConfigError for one that is not among the names."""
    try:
        found = tuple(name for _, name in _pieces(template) if name is not None)
    except ValueError as error:
        raise ConfigError(f"{template!r}: {error}", "A brace that is meant as one is written twice.") from error
    for name in found:
        if name not in names:
            raise ConfigError(f"{template!r}: no placeholder {{{name}}} here", nearest(name, names))
    return found


def filled(template: str, given: Mapping[str, Any], quote: Callable[[str], str] = str) -> str:
    """The template's words with every placeholder filled in; ``quote`` is for the values alone."""
    return "".join(words + ("" if name is None else quote(_text(name, given))) for words, name in _pieces(template))


def filled_document(document: Any, given: Mapping[str, Any]) -> Any:
    """The same for a JSON document: a string that is nothing but a placeholder becomes the value itself."""
    match document:
        case dict():
            return {key: filled_document(value, given) for key, value in document.items()}
        case list() | tuple():
            return [filled_document(value, given) for value in document]
        case str():
            whole = _is_whole(document)
            return given[whole] if whole in given else filled(document, given)
        case _:
            return document


def strings_in(document: Any) -> Iterator[str]:
    """Every string of a JSON document that may hold placeholders."""
    match document:
        case dict():
            for value in document.values():
                yield from strings_in(value)
        case list() | tuple():
            for value in document:
                yield from strings_in(value)
        case str():
            yield document


def _pieces(template: str) -> Iterator[tuple[str, str | None]]:
    """(Words, the placeholder after them, if any); raises ValueError for braces that do not fit."""
    for words, name, specification, conversion in string.Formatter().parse(template):
        if specification or conversion:
            raise ValueError(f"`{{{name}…}}` is more than a name")
        yield words, name


def _is_whole(text: str) -> str:
    pieces = list(_pieces(text))
    return pieces[0][1] or "" if len(pieces) == 1 and not pieces[0][0] else ""


def _text(name: str, given: Mapping[str, Any]) -> str:
    if name.endswith(_JSON):
        return json.dumps(given[name.removesuffix(_JSON)], ensure_ascii=False)
    value = given[name]
    if isinstance(value, dict):
        return ",".join(f"{key}={amount}" for key, amount in value.items())
    return json.dumps(value, ensure_ascii=False) if isinstance(value, list) else str(value)


def _whole(number: float) -> float | int:
    return int(number) if number == int(number) else number
