"""Which kinds of notifiers there are, and how the configuration's words become one.

Always true here: a kind is a built-in or comes from a plug-in (entry point group ``opsconsole.notifiers``) that cannot
replace a built-in; what is refused is refused with its place in the configuration.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from opsconsole.errors import ConfigError
from opsconsole.notifiers.base import Kind, Notifier, Site
from opsconsole.outside.kinds import Kinds
from opsconsole.outside.options import converted

GROUP = "opsconsole.notifiers"
KINDS = Kinds(
    Kind,
    what="notifier",
    key="kind",
    group=GROUP,
    package=__package__,
    modules=("alertmanager", "command", "mail", "pagerduty", "slack", "teams", "terminal", "webhook"),
)


def make(kind_name: str, options: Mapping[str, Any], site: Site, where: str) -> tuple[Kind, Notifier]:
    """The notifier that an entry describes; ``where`` is ``opsconsole.yaml:14: notifiers.on-call``.

    Raises ConfigError.
    """
    kind = KINDS.find(kind_name, where)
    given = converted(
        options,
        kind.options,
        site.directory,
        f"{where}.options",
        who=f"notifier {kind.name}",
        page="docs/notifiers.md",
    )
    try:
        return kind, kind.make(given, site)
    except ConfigError as error:
        raise ConfigError(f"{where}.options: {error.message}", error.remedy) from error
