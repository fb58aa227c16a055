"""What concerns the console itself: clocks of what it reads, sources, its disk; releases; what incidents left to do."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator, Mapping
from datetime import timedelta

import numpy as np

from opsconsole import wire
from opsconsole.alerts.facts import OWN, Reading
from opsconsole.alerts.rules import DAY_S
from opsconsole.daemon.engine import Engine
from opsconsole.daemon.observing.look import Look, Seen
from opsconsole.releases.ledger import ServiceReleases
from opsconsole.signals.saturation import filling
from opsconsole.signals.silence import SkewSettings, skew
from opsconsole.signals.words import percent

MOST_SAMPLES = 60
"""Of a source's lag, and of the disk: ten minutes at a look each ten seconds."""
LEAST_LINES = 100
ANOTHER_ZONE = 1e6
"""Seconds: beyond any threshold."""


class Console:
    """Looks at the console's own surroundings."""

    def __init__(
        self,
        engine: Engine,
        releases: Callable[[], Mapping[str, ServiceReleases]],
        overdue: Callable[[], tuple[wire.IncidentFinding, ...]],
    ) -> None:
        self._engine = engine
        self._releases, self._overdue = releases, overdue
        self._offsets: dict[int, deque[float]] = {}
        self._accepted: dict[int, int] = {}
        """Source → records at the last look: a lag is a sample only where records came since, and of one that is read
        as it grows."""
        self._disk: deque[tuple[float, float]] = deque(maxlen=MOST_SAMPLES * 6)

    def sources(self, look: Look) -> Iterator[Seen]:
        """Sources that fail, and sources whose clock is not ours."""
        broken: list[Reading] = []
        skewed: list[Reading] = []
        for source in tuple(self._engine.follower.sources):
            number, tally, path = source.known.source_id, source.tally, source.known.path
            lines = tally.accepted + tally.rejected
            if source.state == "failed":
                broken.append(Reading(value=1.0, n=1, detail=path, told=f"{path} cannot be read: {source.error}"))
            elif lines >= LEAST_LINES:
                told = f"{percent(tally.rejected / lines)} of {path} is rejected"
                broken.append(Reading(value=tally.rejected / lines, n=lines, detail=path, told=told))
            offsets = self._offsets.setdefault(number, deque(maxlen=MOST_SAMPLES))
            before, self._accepted[number] = self._accepted.get(number), tally.accepted
            if tally.lag_s is not None and before not in (None, tally.accepted) and source.state == "following":
                offsets.append(-tally.lag_s)
            found = skew(np.array(offsets), SkewSettings(ahead_s=look.rules_of(OWN)["clock-skew"].threshold))
            if found.median_s is not None:
                is_zone = found.verdict == "another zone?"
                value = ANOTHER_ZONE if is_zone else found.median_s if found.verdict == "ahead" else 0.0
                whose = f"its times are {abs(found.median_s):.0f} s {'ahead' if found.median_s > 0 else 'behind'}"
                zone = " (another time zone?)" if is_zone else ""
                skewed.append(Reading(value=value, n=found.n, detail=path, told=f"{path}: {whose}{zone}"))
        yield Seen(subject=OWN, signal="source", readings=tuple(broken), services=())
        yield Seen(subject=OWN, signal="skew", readings=tuple(skewed), services=())

    def disk(self, look: Look) -> Iterator[Seen]:
        """How full the disk of the home is."""
        free, total = self._engine.disk()
        used = total - free
        self._disk.append((look.now.timestamp() / 60, float(used)))
        minutes, readings = np.array(self._disk).T
        found = filling(minutes, readings, float(total))
        soon = f", full in {found.minutes_to_limit:.0f} min" if found.minutes_to_limit is not None else ""
        told = f"{percent(found.share or 0.0)} of the disk of {self._engine.home.directory} is used{soon}"
        reading = Reading(
            value=found.share or 0.0,
            n=len(readings),
            told=told,
            start=look.now - timedelta(hours=1),
            stop=look.now,
        )
        yield Seen(subject=OWN, signal="disk", readings=(reading,), services=())

    def releases(self, look: Look) -> Iterator[Seen]:
        """Rollouts that wait for a person, and targets that were changed from elsewhere."""
        for service, one in self._releases().items():
            held = one.rollout is not None and one.rollout.phase == "held"
            why = one.rollout.why if one.rollout is not None else ""
            version = one.rollout.version if one.rollout is not None else ""
            yield Seen(
                subject=service,
                signal="rollout",
                readings=(Reading(value=float(held), n=1, told=f"the rollout of {version} is held: {why}"),),
            )
            told = f"its target was changed, and not from here: {one.out_of_band}"
            yield Seen(
                subject=service,
                signal="out-of-band",
                readings=(Reading(value=float(bool(one.out_of_band)), n=1, told=told),),
            )

    def overdue(self, look: Look) -> Iterator[Seen]:
        """What incidents left to be done and nobody has done in time."""
        readings = []
        for finding in self._overdue():
            whose = f", {finding.owner} has it" if finding.owner else ", nobody has it"
            told = f"{finding.title}: due by {finding.due:%Y-%m-%d %H:%M}{whose}"
            days = finding.overdue_s / DAY_S
            readings.append(Reading(value=days, n=1, detail=finding.key, told=told, name=f"after {finding.incident}"))
        yield Seen(subject=OWN, signal="overdue", readings=tuple(readings), services=())
