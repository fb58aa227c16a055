"""What a gradual rollout does next: a pure decision from its state, its evidence and the time.

Always true here: it never goes on without data; what is surely worse ends it at once, in any step; each
 decision says why, and what it waits for.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from opsconsole import wire
from opsconsole.config.settings import AnalysisSetting
from opsconsole.durations import rounded
from opsconsole.releases.ledger import RolloutState


@dataclass(frozen=True)
class Decision:
    """What to do now; ``act`` is None where there is nothing to do but wait."""

    act: wire.Act | None
    why: str


def decide(
    rollout: RolloutState,
    setting: AnalysisSetting,
    now: datetime,
    requests_in_step: int,
    reading: wire.CanaryReading | None,
) -> Decision:
    """The next act of a rollout that is open."""
    if reading is not None and reading.word == "worse":
        told = f"{rollout.version} is worse than {rollout.baseline}: {reading.why}"
        if rollout.phase == "held":
            return Decision(None, told)
        return Decision("rollback" if setting.on_worse == "rollback" else "hold", told)
    if rollout.phase != "running":
        return Decision(None, rollout.why or "held: h lets it go on")
    step = rollout.steps[rollout.step]
    if step.share >= 1:
        return Decision(None, "all traffic")
    waited_s = (now - rollout.step_since).total_seconds()
    left_s = step.minutes * 60 - waited_s
    if left_s > 0:
        return Decision(None, f"{rounded(timedelta(seconds=left_s))} more in this step")
    if requests_in_step < step.requests:
        return Decision(None, f"{requests_in_step:,} of {step.requests:,} requests of {rollout.version} in this step")
    if step.gate == "person":
        return Decision(None, "somebody to let it go on: `:advance`, or opsconsole release advance")
    if step.gate == "analysis" and (reading is None or reading.word != "no worse"):
        return Decision(None, f"the analysis: {reading.word}, {reading.why}" if reading else "the analysis: no data")
    return Decision("advance", f"{requests_in_step:,} requests in {waited_s / 60:.0f} min, {_gate(step.gate, reading)}")


def _gate(gate: str, reading: wire.CanaryReading | None) -> str:
    return f"no worse ({reading.why})" if gate == "analysis" and reading is not None else "by time and requests alone"
