"""The plans that were handed out: each may be taken once, and is forgotten some time after.

Always true here: a plan is kept with the facts that it was judged by; whoever asks for plan after plan makes nobody
else's plan unknown.
"""

from __future__ import annotations

from dataclasses import dataclass
from threading import Lock

from opsconsole import wire
from opsconsole.clock import Clock
from opsconsole.releases.guard import Facts, is_same

MOST_PLANS, MOST_PLANS_OF_ONE = 500, 50
"""That are remembered: whoever asks for more loses the oldest of their own."""


@dataclass(frozen=True)
class Shown:
    """A plan that was handed out, and the facts that it was judged by."""

    plan: wire.Plan
    facts: Facts


class HandedOut:
    """The plans of one gate; asked from several threads."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._lock = Lock()
        self._shown: dict[str, Shown] = {}
        self._open: set[str] = set()
        """Plans that were not executed yet."""

    def add(self, shown: Shown) -> None:
        with self._lock:
            own = [op_id for op_id, each in self._shown.items() if is_same(each.facts.asking, shown.facts.asking)]
            if len(own) >= MOST_PLANS_OF_ONE:
                self._forget(own[0])
            while len(self._shown) >= MOST_PLANS:
                self._forget(next(iter(self._shown)))
            self._shown[shown.plan.op_id] = shown
            self._open.add(shown.plan.op_id)

    def find(self, op_id: str) -> Shown | None:
        with self._lock:
            return self._shown.get(op_id)

    def take(self, op_id: str) -> bool:
        """May it be executed now? Once."""
        with self._lock:
            was_open = op_id in self._open
            self._open.discard(op_id)
            return was_open

    def console_of(self, op_id: str) -> str:
        """The console that asked for a plan; empty where there is no such plan."""
        shown = self.find(op_id)
        return shown.plan.order.console if shown is not None else ""

    def going_back(self, service: str) -> str:
        """Who has a plan before them that would lead back, or stop; empty where nobody has."""
        now = self._clock.now()
        with self._lock:
            open_ = [self._shown[op_id] for op_id in self._open]
        for shown in open_:
            plan = shown.plan
            is_back = not shown.facts.is_forward and plan.order.via != "automation"
            if plan.order.service == service and is_back and not plan.refusals and now < plan.expires_at:
                return plan.actor
        return ""

    def _forget(self, op_id: str) -> None:
        self._shown.pop(op_id, None)
        self._open.discard(op_id)
