"""Which kinds of targets there are, and how the configuration's words become one.

Always true here: a kind is a built-in or comes from a plug-in (entry point group ``opsconsole.targets``) that cannot
replace a built-in; a plug-in is imported only when its kind is asked for, so a broken one harms nobody else; what is
refused is refused with its place in the configuration, and not with the value that stood there: it may be a secret.
"""

from __future__ import annotations

import importlib
import re
from collections.abc import Iterator, Mapping
from functools import cache
from importlib.metadata import EntryPoint, entry_points
from pathlib import Path
from types import ModuleType
from typing import Any, get_args, get_origin, get_type_hints

import msgspec

from opsconsole.config.load import nearest
from opsconsole.errors import ConfigError
from opsconsole.releases.targets.base import Kind, Site, Target
from opsconsole.releases.targets.secrets import SecretFrom

GROUP = "opsconsole.targets"
_MODULES = (
    "argo",
    "command",
    "file",
    "git",
    "http_api",
    "kserve",
    "litellm",
    "mlflow",
    "seldon",
)
"""Modules of this package with a ``KIND`` or several ``KINDS``."""


@cache
def built_in() -> dict[str, Kind]:
    """Kind name → kind."""
    modules = (importlib.import_module(f"{__package__}.{name}") for name in _MODULES)
    return {kind.name: kind for module in modules for kind in _kinds_in(module)}


def _kinds_in(module: ModuleType) -> tuple[Kind, ...]:
    kinds: tuple[Kind, ...] = getattr(module, "KINDS", ()) or (module.KIND,)
    return kinds


def find(name: str, where: str) -> Kind:
    """The kind of that name.

    Raises ConfigError when there is none, or when its plug-in cannot be loaded.
    """
    if name in built_in():
        return built_in()[name]
    plug_ins = list(entry_points(group=GROUP))
    named = [plug_in for plug_in in plug_ins if plug_in.name == name]
    if not named:
        known = sorted({*built_in(), *(plug_in.name for plug_in in plug_ins)})
        raise ConfigError(f"{where}.target: no kind of target `{name}`", nearest(name, known))
    if len(named) > 1:
        raise ConfigError(
            f"{where}.target: several plug-ins bring `{name}`: {', '.join(map(_package, named))}",
            "Uninstall all but one of them.",
        )
    return _loaded(named[0], where)


def _loaded(plug_in: EntryPoint, where: str) -> Kind:
    try:
        kind = plug_in.load()
    except Exception as error:  # a plug-in may fail in any way, and this names which one did
        raise ConfigError(
            f"{where}.target: the plug-in {_package(plug_in)} that brings `{plug_in.name}` cannot be loaded: "
            f"{type(error).__name__}: {error}",
            "Mend or uninstall it.",
        ) from error
    if not isinstance(kind, Kind):
        raise ConfigError(
            f"{where}.target: {plug_in.value} of the plug-in {_package(plug_in)} is no Kind",
            "Its entry point has to name an opsconsole.releases.targets.base.Kind.",
        )
    return kind


def _package(plug_in: EntryPoint) -> str:
    return f"{plug_in.dist.name} {plug_in.dist.version}" if plug_in.dist else plug_in.value


def make(kind_name: str, options: Mapping[str, Any], site: Site, where: str) -> Target:
    """The target that a service's release section describes; ``where`` is ``opsconsole.yaml:14: services.x.release``.

    Raises ConfigError.
    """
    kind = find(kind_name, where)
    converted = _converted(kind, options, site, f"{where}.options")
    try:
        return kind.make(converted, site)
    except ConfigError as error:
        raise ConfigError(f"{where}.options: {error.message}", error.remedy) from error


def _converted(kind: Kind, options: Mapping[str, Any], site: Site, where: str) -> Any:
    for place, key, known in _unknown(options, kind.options):
        raise ConfigError(f"{where}{place}.{key}: target {kind.name} has no such option", nearest(key, known))

    def path(wanted: type, given: Any) -> Path:
        if wanted is not Path or not isinstance(given, str) or not given:
            raise ValueError("Expected a path")
        return site.directory / Path(given).expanduser()

    try:
        return msgspec.convert(dict(options), kind.options, dec_hook=path)
    except msgspec.ValidationError as error:
        message, _, place = str(error).partition(" - at `$")
        place = place.rstrip("`")
        raise ConfigError(f"{where}{place}: {message}", _remedy(kind, message, place)) from None


def _remedy(kind: Kind, message: str, place: str) -> str:
    if missing := re.search(r"missing required field `(\w+)`", message):
        return f"Add `{missing[1]}: …`."
    first = re.match(r"\.(\w+)", place)
    if first and SecretFrom in _structs_in(get_type_hints(kind.options)[first[1]]):
        return "A secret never stands in this file: write `{env: NAME}` or `{file: PATH}`."
    return f"docs/targets.md says what target {kind.name} takes."


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
