"""The analysis of a gradual rollout: minute by minute, from two versions side by side to one word.

``worse`` when the mean of the streams' e-values has ever reached 1/α: P(that ever happens to a canary within
tolerance) ≤ α, however often and however long one looks (Ville 1939). ``no worse`` when every stream that decides and
is logged has the upper end of its confidence sequence below what is tolerated: of a canary that is worse in any of them
the probability of ever being passed is at most α as well. Between the two it is ``undecided``, and ``no data`` while
the two were never seen in the same minutes.

Always true here: a value in, a value out; each minute is looked at once, in order of time; a minute without requests
changes nothing but the count of minutes; what one version logs and the other does not is never passed.

Not covered by either probability: machines of the canary's own that are slow for a reason of theirs. No comparison of
requests can tell those from the version; the tolerance is what there is against it, and ``restless.py`` says how large
the baseline's own noise is.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from math import log

from opsconsole.config.settings import AnalysisSetting
from opsconsole.minutes import Minute
from opsconsole.signals.canary.outputs import Outputs
from opsconsole.signals.canary.past import REACH, Past
from opsconsole.signals.canary.restless import Half
from opsconsole.signals.canary.stakes import Stakes
from opsconsole.signals.canary.streams import Cost, Errors, Latency, Stream, Tail, compared

MOST_JOINED = 10
"""Minutes that are added up while one of the versions has no request in them."""
MINUTE = timedelta(minutes=1)


@dataclass(frozen=True, eq=False)
class Analysis:
    """All that is known of one rollout; see ``begun``, ``after`` and ``reading.read``."""

    alpha: float
    streams: Mapping[str, Stream]
    stakes: Stakes = field(default_factory=Stakes)
    past: Past = field(default_factory=Past)
    pending: Minute | None = None
    """Minutes that wait until both versions have had a request."""
    waited: int = 0
    minutes: int = 0
    """Minutes that counted, with or without requests."""
    compared: int = 0
    """Comparisons that were made of them."""
    contrast: float = 0.0
    """Sum of n_b·n_c/(n_b + n_c): as many pairs of requests."""
    rates: tuple[tuple[datetime, float], ...] = ()
    """(minute, contrast) of the last comparisons: the present rate."""
    halves: tuple[Half, Half] = (Half(), Half())
    logged: Mapping[str, tuple[int, int]] = field(default_factory=dict)
    """Stream → values that the baseline and the canary logged, whether they could be compared or not."""
    highest: float = 0.0
    """Largest logarithm of the e-value so far."""
    highest_at: datetime | None = None

    def log_es(self) -> dict[str, float]:
        return {name: stream.log_e() for name, stream in self.streams.items()}

    def log_e(self) -> float:
        """ln of the mean of the e-values."""
        return self.stakes.log_e(self.log_es())

    def is_worse(self) -> bool:
        return self.highest >= log(1 / self.alpha)

    def scaled(self, factor: float) -> Analysis:
        """As if all of it had happened ``factor`` times, for looking ahead."""
        ahead = replace(self, streams={name: stream.scaled(factor) for name, stream in self.streams.items()})
        return replace(ahead, highest=ahead.log_e())


def begun(setting: AnalysisSetting) -> Analysis:
    """An analysis that has seen nothing."""
    streams: tuple[Stream, ...] = (
        Errors.tolerating(setting.failing),
        Tail.tolerating(setting.slower),
        Latency.tolerating(setting.slower),
        Cost.tolerating(setting.dearer),
        Outputs(),
    )
    return Analysis(setting.alpha, {stream.name: stream for stream in streams})


def counts(at: datetime, steps: Sequence[datetime], warm_up_minutes: int) -> bool:
    """Does a minute count as evidence? Not before the first step, nor while it warms up after any of them.

    The minute in which a share changes never counts: within it requests are not routed alike.
    """
    changed = [step.replace(second=0, microsecond=0) for step in steps]
    return (
        bool(changed)
        and at >= min(changed)
        and all(not start <= at <= start + warm_up_minutes * MINUTE for start in changed)
    )


def after(analysis: Analysis, minute: Minute, *, counted: bool = True) -> Analysis:
    """The analysis with one more minute; one that does not count tells what is usual, by its baseline alone.

    While one version has no request minutes are added up, ten at the most, and then compared as one: routing is as
    random over them as within one, as long as no step falls between.
    """
    if not counted:
        past = analysis.past.after(Minute(minute.at, minute.baseline)) if minute.baseline.requests else analysis.past
        return replace(analysis, past=past, pending=None, waited=0)
    analysis = replace(analysis, minutes=analysis.minutes + 1)
    if not (minute.baseline.requests or minute.canary.requests):
        return analysis
    whole = minute if analysis.pending is None else analysis.pending + minute
    waited = analysis.waited + 1
    if waited < MOST_JOINED and not (whole.baseline.requests and whole.canary.requests):
        return replace(analysis, pending=whole, waited=waited)
    return _compared(replace(analysis, pending=None, waited=0), whole, minute.at)


def _compared(analysis: Analysis, minute: Minute, at: datetime) -> Analysis:
    new = [name for name, stream in analysis.streams.items() if compared(stream, minute)]
    stakes = analysis.stakes.joined(new, analysis.log_es()) if set(new) - set(analysis.stakes.logs) else analysis.stakes
    n_baseline, n_canary = minute.baseline.requests, minute.canary.requests
    contrast = n_baseline * n_canary / (n_baseline + n_canary)
    halves = list(analysis.halves)
    halves[analysis.compared % 2] = halves[analysis.compared % 2].with_side(minute.baseline)
    grown = replace(
        analysis,
        streams={
            name: stream.after(minute, analysis.past) if name in new else stream
            for name, stream in analysis.streams.items()
        },
        stakes=stakes,
        past=analysis.past.after(minute),
        compared=analysis.compared + 1,
        contrast=analysis.contrast + contrast,
        rates=(*analysis.rates[-(REACH - 1) :], (at, contrast)),
        halves=(halves[0], halves[1]),
        logged={
            name: (had[0] + stream.logged(minute.baseline), had[1] + stream.logged(minute.canary))
            for name, stream in analysis.streams.items()
            for had in (analysis.logged.get(name, (0, 0)),)
        },
    )
    e = grown.log_e()
    return replace(grown, highest=e, highest_at=at) if e > grown.highest else grown


def judged(setting: AnalysisSetting, minutes: Iterable[Minute], steps: Sequence[datetime]) -> Analysis:
    """All the minutes of a rollout, oldest first; ``steps`` are the moments at which the share was changed."""
    analysis = begun(setting)
    for minute in minutes:
        analysis = after(analysis, minute, counted=counts(minute.at, steps, setting.warm_up_minutes))
    return analysis
