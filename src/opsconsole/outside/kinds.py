"""Which kinds of something there are: those that are built in, and those that other packages bring.

Always true here: a plug-in cannot replace a built-in; it is imported only when its kind is asked for, so a broken one
harms nobody else, and is named where it was asked for.
"""

from __future__ import annotations

import importlib
from collections.abc import Iterable, Iterator
from functools import cached_property
from importlib.metadata import EntryPoint, entry_points
from types import ModuleType
from typing import Generic, Protocol, TypeVar

from opsconsole.config.load import nearest
from opsconsole.errors import ConfigError


class Named(Protocol):
    @property
    def name(self) -> str: ...


K = TypeVar("K", bound=Named)


class Kinds(Generic[K]):
    """The kinds of one room."""

    def __init__(self, kind: type[K], *, what: str, key: str, group: str, package: str, modules: Iterable[str]) -> None:
        """``what`` is what it is a kind of (``target``), ``key`` where the configuration names it; ``modules`` of the
        ``package`` have a ``KIND`` or several ``KINDS``; other packages bring theirs by the entry point ``group``."""
        self._kind, self._what, self._key = kind, what, key
        self._group, self._package, self._modules = group, package, tuple(modules)

    @cached_property
    def built_in(self) -> dict[str, K]:
        """Kind name → kind."""
        modules = (importlib.import_module(f"{self._package}.{name}") for name in self._modules)
        return {kind.name: kind for module in modules for kind in self._kinds_in(module)}

    def _kinds_in(self, module: ModuleType) -> Iterator[K]:
        yield from getattr(module, "KINDS", ()) or (module.KIND,)

    def find(self, name: str, where: str) -> K:
        """The kind of that name; ``where`` is its place in the configuration.

        Raises ConfigError when there is none, or when its plug-in cannot be loaded.
        """
        if name in self.built_in:
            return self.built_in[name]
        plug_ins = list(entry_points(group=self._group))
        named = [plug_in for plug_in in plug_ins if plug_in.name == name]
        if not named:
            known = sorted({*self.built_in, *(plug_in.name for plug_in in plug_ins)})
            raise ConfigError(f"{where}.{self._key}: no kind of {self._what} `{name}`", nearest(name, known))
        if len(named) > 1:
            raise ConfigError(
                f"{where}.{self._key}: several plug-ins bring `{name}`: {', '.join(map(_package, named))}",
                "Uninstall all but one of them.",
            )
        return self._loaded(named[0], where)

    def _loaded(self, plug_in: EntryPoint, where: str) -> K:
        try:
            kind = plug_in.load()
        except Exception as error:  # a plug-in may fail in any way, and this names which one did
            raise ConfigError(
                f"{where}.{self._key}: the plug-in {_package(plug_in)} that brings `{plug_in.name}` cannot be loaded: "
                f"{type(error).__name__}: {error}",
                "Mend or uninstall it.",
            ) from error
        if not isinstance(kind, self._kind):
            raise ConfigError(
                f"{where}.{self._key}: {plug_in.value} of the plug-in {_package(plug_in)} is no Kind",
                f"Its entry point has to name a {self._kind.__module__}.{self._kind.__qualname__}.",
            )
        return kind


def _package(plug_in: EntryPoint) -> str:
    return f"{plug_in.dist.name} {plug_in.dist.version}" if plug_in.dist else plug_in.value
