"""An act on its way, as values: what was ordered, what was planned, what is being typed, and what became of it.

Always true here: everything in it is frozen; an order that was not answered for certain is ``indeterminate``.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, TypeAlias

from opsconsole import errors, wire
from opsconsole.console.confirming import Confirming

ActStage: TypeAlias = Literal["planning", "confirming", "sent", "done"]

NAMES: dict[wire.Act, str] = {
    "start": "start",
    "advance": "advance",
    "promote": "promote",
    "rollback": "roll back",
    "abort": "abort",
    "hold": "hold",
    "resume": "resume",
    "set": "set the shares",
}
"""Act → what people call it."""

SENT: frozenset[wire.OutcomeWord] = frozenset({"done", "indeterminate", "not effective"})
"""Outcomes of what was sent, and so may have to be undone."""

LOOK = "The release view says what became of it."


@dataclass(frozen=True)
class Proceeding:
    """One act."""

    order: wire.OrderRequest
    opener: str
    """The key that ordered it."""
    since_s: float
    """When this stage began, by the console's monotonic clock."""
    again: str = ""
    """The key that orders it anew, should the world have moved; empty where it takes a command."""
    note: str = ""
    """What has to be known about what was ordered: that several rows are marked and it is of one."""
    stage: ActStage = "planning"
    plan: wire.Plan | None = None
    confirming: Confirming | None = None
    scroll: int = 0
    """Lines of the page that are above what is shown."""
    outcome: wire.Outcome | None = None
    step: wire.StepRequest | None = None
    """The step of a checklist that it is: its run plans and does it. None for an act of its own."""

    @property
    def watched_in(self) -> str:
        """Where it is seen what comes of it."""
        return "the release view" if self.step is None else f"the page of {self.step.run}"

    @property
    def armed(self) -> str:
        """What others have to know of it, while a few keys or an answer are all that is missing; else nothing."""
        if self.stage == "sent" or (self.stage == "confirming" and self.plan is not None and not self.plan.refusals):
            return self.phrase
        return ""

    @property
    def undo_command(self) -> str:
        """Takes back what was done; empty where nothing was."""
        was_sent = self.outcome is not None and self.outcome.word in SENT
        return self.plan.undo_command if self.plan is not None and was_sent else ""

    @property
    def phrase(self) -> str:
        """``promote v42``, ``roll back to v41``, ``hold v42``."""
        name, plan = NAMES[self.order.act], self.plan
        version = (plan.to_version if plan is not None else "") or self.order.version
        if not version:
            return name
        return f"{name} to {version}" if self.order.act in ("rollback", "abort") else f"{name} {version}"


WORDS: tuple[tuple[type[errors.OpsConsoleError], wire.OutcomeWord], ...] = (
    (errors.ReleaseRefused, "refused"),
    (errors.WorldMoved, "moved"),
    (errors.ReleaseIndeterminate, "indeterminate"),
    (errors.NotEffective, "not effective"),
    (errors.ReleaseError, "refused"),
    (errors.RequestRefused, "refused"),
    (errors.UsageError, "refused"),
)
"""What an error instead of an outcome says; any other one leaves open what became of the act."""


def of_step(op_id: str, reply: wire.StepReply) -> wire.Outcome:
    """The outcome of a step that was done, as its run tells it."""
    found = next((op for op in reversed(reply.view.run.ops) if op.op_id == op_id), None)
    if found is None or found.word not in OUTCOME_WORDS:
        return wire.Outcome(op_id=op_id, word="indeterminate", told=found.told if found is not None else LOOK)
    return wire.Outcome(op_id=op_id, word=OUTCOME_WORDS[found.word], told=found.told)


OUTCOME_WORDS: dict[str, wire.OutcomeWord] = {
    "done": "done",
    "refused": "refused",
    "moved": "moved",
    "indeterminate": "indeterminate",
    "not effective": "not effective",
}


def failed(op_id: str, error: errors.OpsConsoleError) -> wire.Outcome:
    """The outcome of an act that was answered with an error, or not at all."""
    word: wire.OutcomeWord = next((word for kind, word in WORDS if isinstance(error, kind)), "indeterminate")
    is_open = word == "indeterminate" and not isinstance(error, errors.ReleaseError)
    return wire.Outcome(op_id=op_id, word=word, told=errors.sentences(error.told, LOOK) if is_open else error.told)
