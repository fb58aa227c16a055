"""What an analysis says, in one word and the numbers behind it.

Always true here: ``no worse`` needs every deciding stream that either version logs, and at least one; a stream that was
never logged has no say and is named; what is foretold assumes that the rest will be like what was seen.
"""

from __future__ import annotations

from math import exp, log

from opsconsole import wire
from opsconsole.signals import words
from opsconsole.signals.canary.analysis import MINUTE, Analysis
from opsconsole.signals.canary.restless import largest_ratio
from opsconsole.signals.canary.streams import Bound, Stream, reading_of

FARTHEST = 1024.0
"""As many times what was seen so far is looked ahead."""
HARM: dict[str, str] = {
    "errors": "it fails more",
    "tail": "its slowest requests are slower",
    "latency": "it is slower",
    "cost": "it costs more",
    "outputs": "its answers are of another kind",
}
"""Stream → what is worse where it found harm, as one says it to somebody who was just woken."""
_LARGEST_LOG = 700.0
"""e to this is still a float."""

Bounds = dict[str, Bound]


def read(analysis: Analysis, baseline: str = "the baseline", canary: str = "the canary") -> wire.CanaryReading:
    """The reading now; the names of the versions are for its words."""
    bounds = _bounds(analysis)
    word = _word(analysis, bounds)
    return wire.CanaryReading(
        word=word,
        e=_e(analysis.log_e()),
        threshold=1 / analysis.alpha,
        minutes=analysis.minutes,
        minutes_to_decide=_minutes_to_decide(analysis) if word == "undecided" else None,
        streams=tuple(
            reading_of(
                stream, bounds[name], _e(stream.log_e()), _told(analysis, stream, bounds[name], baseline, canary)
            )
            for name, stream in analysis.streams.items()
        ),
        aa_estimate=largest_ratio(*analysis.halves),
        why=_why(analysis, bounds, word, baseline, canary),
    )


def _bounds(analysis: Analysis) -> Bounds:
    return {name: stream.bound(analysis.alpha) for name, stream in analysis.streams.items()}


def _e(log_e: float) -> float:
    return exp(min(log_e, _LARGEST_LOG))


def _deciding(analysis: Analysis) -> list[str]:
    """Streams that have to be within tolerance: those that either version logs."""
    return [name for name, stream in analysis.streams.items() if stream.decides and any(_logged(analysis, name))]


def _logged(analysis: Analysis, name: str) -> tuple[int, int]:
    return analysis.logged.get(name, (0, 0))


def _word(analysis: Analysis, bounds: Bounds) -> wire.CanaryWord:
    if analysis.is_worse():
        return "worse"
    if not analysis.stakes.logs:
        return "no data"
    deciding = _deciding(analysis)
    is_within = all(all(analysis.streams[name].n) and bounds[name].is_within for name in deciding)
    return "no worse" if is_within and any(not bounds[name].is_void for name in deciding) else "undecided"


def _minutes_to_decide(analysis: Analysis) -> float | None:
    """Minutes until a word other than undecided, if all goes on as it did and at the rate of the last comparisons.

    None while one of the versions has stopped answering, or where nothing is decided as far as one looks ahead.
    """
    elapsed = (analysis.rates[-1][0] - analysis.rates[0][0]) / MINUTE + 1
    rate = sum(contrast for _, contrast in analysis.rates) / elapsed
    if not rate:
        return None

    def is_decided(factor: float) -> bool:
        ahead = analysis.scaled(factor)
        return _word(ahead, _bounds(ahead)) != "undecided"

    factor = 1.0
    while not is_decided(factor):
        factor *= 2
        if factor > FARTHEST:
            return None
    low, high = max(factor / 2, 1.0), factor
    for _ in range(8):
        middle = (low + high) / 2
        low, high = (low, middle) if is_decided(middle) else (middle, high)
    return (high - 1) * analysis.contrast / rate


# In words ---------------------------------------------------------------------------------------------------------


def _told(analysis: Analysis, stream: Stream, bound: Bound, baseline: str, canary: str) -> str:
    logged = _logged(analysis, stream.name)
    if not any(logged):
        return f"{stream.name} never logged"
    if not all(logged):
        return f"{stream.name} not logged by {(baseline, canary)[logged[0] > 0]}"
    if not all(stream.n):
        return f"{stream.name} never logged by both in the same minutes"
    return stream.told(bound)


def _why(analysis: Analysis, bounds: Bounds, word: wire.CanaryWord, baseline: str, canary: str) -> str:
    def told(name: str) -> str:
        return _told(analysis, analysis.streams[name], bounds[name], baseline, canary)

    silent = [name for name in analysis.streams if not any(_logged(analysis, name))]
    ended = f"; never logged: {', '.join(silent)}" if silent and word != "no data" else ""
    if word == "no data":
        return f"no minute yet in which both {baseline} and {canary} answered"
    if word == "worse":
        parts = [f"{HARM[name]}, {told(name)} (n {analysis.streams[name].n[1]:,})" for name in _evident(analysis)]
        return "; ".join(parts) + _evidence(analysis) + ended
    deciding = _deciding(analysis)
    if word == "no worse":
        return "; ".join(told(name) for name in deciding) + ": within tolerance" + ended
    open_ones = [name for name in deciding if not (bounds[name].is_within and all(analysis.streams[name].n))]
    missing = [
        f"{told(name)}, not surely below {words.ratio(bounds[name].tolerated)}"
        if all(analysis.streams[name].n)
        else told(name)
        for name in open_ones
    ]
    return "; ".join(missing or ["nothing is logged that decides"]) + ended


def _evident(analysis: Analysis) -> list[str]:
    """The streams that found harm, most evident first; at least one."""
    log_es = analysis.log_es()
    order = sorted(log_es, key=lambda name: -log_es[name])
    return [name for i, name in enumerate(order) if i == 0 or log_es[name] >= log(1 / analysis.alpha)]


def _evidence(analysis: Analysis) -> str:
    """How sure it is; where the evidence has since become less, also how sure it was, and when."""
    needed, e, at = 1 / analysis.alpha, _e(analysis.log_e()), analysis.highest_at
    told = f", evidence {words.evidence(e, needed)} of {needed:,.0f} needed"
    if at is None or e >= needed:
        return told
    return f"{told}, {words.evidence(_e(analysis.highest), needed)} at {at:%H:%M}"
