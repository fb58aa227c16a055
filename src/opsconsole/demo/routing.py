"""The routing file: which version answers which share of a service's requests.

Always true here: the fleet never runs on half a file. A file that cannot be read or understood is refused with a
reason, and the weights that were in force stay in force.
"""

from __future__ import annotations

import logging
import math
from pathlib import Path

import yaml

from opsconsole.demo.fleet import FLEET
from opsconsole.errors import ConfigError

Weights = dict[str, dict[str, float]]
"""Service → version → weight, relative to the service's other weights."""

_logger = logging.getLogger(__name__)


def parse(text: str, name: str = "routing.yaml") -> Weights:
    """Weights of every service of the fleet.

    Raises ConfigError for YAML that cannot be read, unknown names, weights that are no numbers, or all of them 0.
    """
    try:
        document = yaml.safe_load(text)
    except yaml.YAMLError as error:
        raise ConfigError(f"{name}: {error}", "Mend the YAML.") from error
    if not isinstance(document, dict):
        raise ConfigError(f"{name}: no services in it", "Write one line a service: `chat-assist: {v41: 90, v42: 10}`.")
    known = {service.name: service for service in FLEET}
    for service_name in document:
        if service_name not in known:
            raise ConfigError(f"{name}: no service {service_name!r}", f"The fleet has {', '.join(known)}.")
    return {
        service.name: _service_weights(
            document.get(service.name),
            tuple(version.name for version in service.versions),
            f"{name}: {service.name}",
        )
        for service in FLEET
    }


def _service_weights(given: object, versions: tuple[str, ...], where: str) -> dict[str, float]:
    example = f"Write `{{{versions[0]}: 90, {versions[-1]}: 10}}`."
    if not isinstance(given, dict) or not given:
        raise ConfigError(f"{where}: no weights", example)
    weights = dict.fromkeys(versions, 0.0)
    for version, weight in given.items():
        if version not in weights:
            raise ConfigError(f"{where}: no version {version!r}", f"There are {', '.join(versions)}.")
        if isinstance(weight, bool) or not isinstance(weight, int | float) or not 0 <= weight < math.inf:
            raise ConfigError(f"{where}: the weight of {version} is {weight!r}, not a number from 0 up", example)
        weights[version] = float(weight)
    if sum(weights.values()) == 0:
        raise ConfigError(f"{where}: every weight is 0", example)
    return weights


class RoutingFile:
    """The routing file on disk, read again whenever it was replaced or written."""

    def __init__(self, path: Path) -> None:
        """Read it; raises ConfigError when it is missing or cannot be understood."""
        self._path = path
        try:
            self._stamp = self._look()
            self.weights = parse(path.read_text(encoding="utf-8"), str(path))
        except OSError as error:
            raise ConfigError(f"{path}: {error.strerror}", "Stage the demo first: it writes this file.") from error

    def refresh(self) -> bool:
        """Obey the file as it is now; True when the weights changed."""
        try:
            stamp = self._look()
            if stamp == self._stamp:
                return False
            self._stamp = stamp
            weights = parse(self._path.read_text(encoding="utf-8"), str(self._path))
        except (OSError, UnicodeDecodeError, ConfigError) as error:
            _logger.warning("routing stays as it was: %s", error)
            return False
        changed = weights != self.weights
        self.weights = weights
        return changed

    def _look(self) -> tuple[int, int, int]:
        status = self._path.stat()
        return status.st_ino, status.st_size, status.st_mtime_ns
