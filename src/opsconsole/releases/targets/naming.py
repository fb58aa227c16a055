"""What a version is called: here, as the logs and the console name it, and there, as a serving system does.

Always true here: the two directions agree, so what was written is recognised when it is read; a name that fits no
rule stays as it is, so that nothing that serves is hidden.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

from opsconsole.errors import ConfigError

_PLACE = "{version}"


@dataclass(frozen=True)
class Naming:
    """A pattern with ``{version}`` in it, and the exceptions from it."""

    pattern: str = _PLACE
    exceptions: Mapping[str, str] = field(default_factory=dict)
    """Version → its name there."""
    prefix: str = ""
    """What a version begins with here and not there."""

    def __post_init__(self) -> None:
        if self.pattern.count(_PLACE) != 1:
            raise ConfigError(f"{self.pattern!r} does not say where the version stands", f"Write {_PLACE} in it, once.")
        if len(set(self.exceptions.values())) < len(self.exceptions):
            raise ConfigError("`versions` gives two versions the same name", "Give each a name of its own.")

    def there(self, version: str) -> str:
        """The system's name of a version."""
        if version in self.exceptions:
            return self.exceptions[version]
        return self.pattern.replace(_PLACE, version.removeprefix(self.prefix))

    def here(self, name: str) -> str:
        """The version that the system calls so; the name itself where none fits."""
        for version, exception in self.exceptions.items():
            if exception == name:
                return version
        head, tail = self.pattern.split(_PLACE)
        match = re.fullmatch(f"{re.escape(head)}(.+){re.escape(tail)}", name, re.DOTALL)
        return self.prefix + match[1] if match else name
