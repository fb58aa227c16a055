"""Headers that the configuration names: words, or places where a secret is.

Always true here: what looks like a credential by its name does not stand in the configuration in the clear.
"""

from __future__ import annotations

from collections.abc import Mapping

from opsconsole.errors import ConfigError
from opsconsole.outside.options import Surroundings
from opsconsole.outside.secrets import SecretFrom, SecretSource

_SECRETIVE = ("authorization", "cookie", "token", "secret", "key", "password")


def headers_at(given: Mapping[str, str | SecretFrom], site: Surroundings) -> dict[str, str | SecretSource]:
    """Each with its value, or with where that is read. Raises ConfigError for a credential in the clear."""
    for name, value in given.items():
        if isinstance(value, str) and any(word in name.lower() for word in _SECRETIVE):
            raise ConfigError(
                f"headers.{name}: credentials do not stand in this file", 'Write `{env: NAME, prefix: "Bearer "}`.'
            )
    return {name: value.at(site) if isinstance(value, SecretFrom) else value for name, value in given.items()}
