"""What a kind of outside system needs to be told, from the configuration's words.

Always true here: what is refused is refused with its place in the configuration and the nearest key that exists, and
not with the value that stood there: it may be a secret. A path is relative to the home.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Protocol, TypeVar, get_args, get_origin, get_type_hints

import msgspec

from opsconsole.config.load import nearest
from opsconsole.errors import ConfigError

O = TypeVar("O", bound="Options")  # noqa: E741 - the options


class Options(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Base of what a kind of system needs to know; each field has a docstring, from which its page is made."""


class Surroundings(Protocol):
    """What something that is made from options may use of where it is made."""

    @property
    def directory(self) -> Path:
        """The home."""
        ...

    @property
    def environ(self) -> Mapping[str, str]:
        """Where secrets may come from."""
        ...


def converted(given: Mapping[str, Any], kind: type[O], directory: Path, where: str, *, who: str, page: str) -> O:
    """The options in the configuration's words.

    ``where`` is their place there, ``who`` whose they are (``target file``), ``page`` where that is explained. Raises
    ConfigError.
    """
    for place, key, known in _unknown(given, kind):
        raise ConfigError(f"{where}{place}.{key}: {who} has no such option", nearest(key, known))

    def path(wanted: type, value: Any) -> Path:
        if wanted is not Path or not isinstance(value, str) or not value:
            raise ValueError("Expected a path")
        return directory / Path(value).expanduser()

    try:
        return msgspec.convert(dict(given), kind, dec_hook=path)
    except msgspec.ValidationError as error:
        message, _, place = str(error).partition(" - at `$")
        place = place.rstrip("`")
        raise ConfigError(f"{where}{place}: {message}", _remedy(kind, message, place, who, page)) from None


def _remedy(kind: type[Options], message: str, place: str, who: str, page: str) -> str:
    from opsconsole.outside.secrets import SecretFrom  # which is made of options itself

    if missing := re.search(r"missing required field `(\w+)`", message):
        return f"Add `{missing[1]}: …`."
    first = re.match(r"\.(\w+)", place)
    if first and SecretFrom in _structs_in(get_type_hints(kind)[first[1]]):
        return "A secret never stands in this file: write `{env: NAME}` or `{file: PATH}`."
    return f"{page} says what {who} takes."


def _unknown(given: Any, kind: type[msgspec.Struct], place: str = "") -> Iterator[tuple[str, str, list[str]]]:
    """(Place, key, what would be known there) of every key that no option has."""
    hints = get_type_hints(kind)
    for key, value in given.items():
        if key not in hints:
            yield place, str(key), list(hints)
        elif isinstance(value, Mapping) and get_origin(hints[key]) is not dict:
            for inner in _structs_in(hints[key]):
                yield from _unknown(value, inner, f"{place}.{key}")


def _structs_in(annotation: Any) -> list[type[msgspec.Struct]]:
    """Every struct that an option's type mentions."""
    if isinstance(annotation, type) and issubclass(annotation, msgspec.Struct):
        return [annotation]
    return [struct for part in get_args(annotation) for struct in _structs_in(part)]
