"""Which kinds of targets there are, and how the configuration's words become one.

Always true here: a kind is a built-in or comes from a plug-in (entry point group ``opsconsole.targets``) that cannot
replace a built-in; what is refused is refused with its place in the configuration.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from opsconsole.errors import ConfigError
from opsconsole.outside.kinds import Kinds
from opsconsole.outside.options import converted
from opsconsole.releases.targets.base import Kind, Site, Target

GROUP = "opsconsole.targets"
KINDS = Kinds(
    Kind,
    what="target",
    key="target",
    group=GROUP,
    package=__package__,
    modules=("argo", "command", "file", "git", "http_api", "kserve", "litellm", "mlflow", "seldon"),
)


def built_in() -> dict[str, Kind]:
    """Kind name → kind."""
    return KINDS.built_in


def find(name: str, where: str) -> Kind:
    """The kind of that name.

    Raises ConfigError when there is none, or when its plug-in cannot be loaded.
    """
    return KINDS.find(name, where)


def make(kind_name: str, options: Mapping[str, Any], site: Site, where: str) -> Target:
    """The target that a service's release section describes; ``where`` is ``opsconsole.yaml:14: services.x.release``.

    Raises ConfigError.
    """
    kind = find(kind_name, where)
    given = converted(
        options,
        kind.options,
        site.directory,
        f"{where}.options",
        who=f"target {kind.name}",
        page="docs/targets.md",
    )
    try:
        return kind.make(given, site)
    except ConfigError as error:
        raise ConfigError(f"{where}.options: {error.message}", error.remedy) from error
