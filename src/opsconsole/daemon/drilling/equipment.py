"""What a drill's home is made of: settings from the scenario alone, targets that are simulated, words that are counted.

Always true here: no live configuration is read and no live kind of target is asked for; with the same scenario and seed
everything here is the same.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable, Mapping
from itertools import count
from typing import Any

from opsconsole.clock import Clock
from opsconsole.config.alerting import SloSetting
from opsconsole.config.settings import (
    AccessSetting,
    AnalysisSetting,
    BaselineSetting,
    ReleaseSetting,
    ServiceSetting,
    Settings,
    SourceSetting,
    StepSetting,
)
from opsconsole.daemon.surroundings import Staging
from opsconsole.drills.cast import Service
from opsconsole.drills.scenario import Scenario
from opsconsole.drills.target import SimulatedTarget, routing_of
from opsconsole.drills.worlds import slo_of
from opsconsole.home import Home
from opsconsole.ingest.mapping import Mapping as LogMapping
from opsconsole.ingest.mapping_yaml import to_yaml
from opsconsole.releases.targets.base import Site

ENVIRONMENT = "DRILL"
"""In the frame of every console, as long as it is attached."""
LOGS = "logs"
TARGET = "simulated"
EVERYBODY = ("*",)
SETTLES_S = 90.0
"""A change that does not show within so long is not effective: longer than any lag of the library's."""
STEPS = (StepSetting(share=0.1, minutes=5, requests=100), StepSetting(share=0.5, minutes=5, requests=300))


def settings_of(scenario: Scenario, home: Home, mappings: Mapping[str, LogMapping]) -> Settings:
    """A drill's settings: everybody may operate and approve, and nothing leaves the machine.

    ``mappings`` says of a recording's logs how they are read; how a fleet's is read, is guessed as of any log.
    """
    return Settings(
        environment=ENVIRONMENT,
        sources=_recorded(home, mappings) if scenario.replay is not None else _simulated(scenario, home),
        services={name: _service(service, _slo_ms(scenario, service)) for name, service in scenario.services.items()},
        access=AccessSetting(viewers=EVERYBODY, operators=EVERYBODY, approvers=EVERYBODY, read_only="never"),
    )


def _simulated(scenario: Scenario, home: Home) -> tuple[SourceSetting, ...]:
    return (SourceSetting(path=home.directory / LOGS / "*.jsonl"),) if scenario.services else ()


def _recorded(home: Home, mappings: Mapping[str, LogMapping]) -> tuple[SourceSetting, ...]:
    """A source for each log of a recording, with its mapping beside it."""
    made = []
    for log, mapping in mappings.items():
        path = home.directory / LOGS / f"{log}.yaml"
        path.write_text(to_yaml(mapping, log), encoding="utf-8")
        made.append(SourceSetting(path=home.directory / LOGS / f"{log}.jsonl", mapping=path))
    return tuple(made)


def _slo_ms(scenario: Scenario, service: Service) -> float | None:
    """What was promised then and not what is usual: of a recording none where none was."""
    return service.slo_ms if scenario.replay is not None else slo_of(service)


def _service(service: Service, slo_ms: float | None) -> ServiceSetting:
    steps = tuple(
        StepSetting(share=step.share, minutes=step.minutes, requests=step.requests, gate=service.gate) for step in STEPS
    )
    return ServiceSetting(
        baseline=BaselineSetting(version=service.baseline) if service.baseline else None,
        budget_usd_per_month=service.budget_usd_per_month,
        release=ReleaseSetting(
            target=TARGET,
            risk=service.risk,
            steps=steps,
            analysis=AnalysisSetting(on_worse="hold"),
            settle_seconds=SETTLES_S,
        ),
        slo=SloSetting(availability=service.availability, latency_ms=slo_ms),
    )


def write_hash_key(home: Home, seed: int) -> None:
    """The key that turns users and API keys into digests follows from the seed: whoever drills again sees the same."""
    descriptor = os.open(home.hash_key, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(hashlib.sha256(f"drill {seed}".encode()).digest())


class Targets:
    """The simulated targets of one drill, made when the gate asks for them."""

    def __init__(self, scenario: Scenario, clock: Clock, tell: Callable[[str, str], None]) -> None:
        self._scenario, self._clock, self._tell = scenario, clock, tell
        self._ids = count(1)
        self.by_service: dict[str, SimulatedTarget] = {}

    @property
    def staging(self) -> Staging:
        return Staging(target=self._made, wait=lambda seconds: None, new_id=lambda: f"{next(self._ids):012x}")

    def _made(self, kind: str, options: Mapping[str, Any], site: Site, where: str) -> SimulatedTarget:
        service = self._scenario.services[site.service]
        target = SimulatedTarget(site.service, routing_of(service.routing), service.target, self._clock, self._tell)
        self.by_service[site.service] = target
        return target

    def begin(self) -> None:
        """The drill begins."""
        for target in self.by_service.values():
            target.begin()

    def serving(self) -> dict[str, Mapping[str, float]]:
        """What answers now, by service."""
        return {service: target.serving().shares for service, target in self.by_service.items()}

    def intended(self) -> dict[str, Mapping[str, float]]:
        return {service: target.intended().shares for service, target in self.by_service.items()}
