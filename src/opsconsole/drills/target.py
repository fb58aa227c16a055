"""The simulated target: it says yes, no or nothing as the scenario wants it, and what serves follows after a lag.

Always true here: what it says and what serves are kept apart; nothing outside of the drill is touched; how it behaves
follows from the scenario, the drill's clock and the changes that it was sent, in their order.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass

from opsconsole.clock import Clock
from opsconsole.drills.cast import Target as Behaviour
from opsconsole.drills.moments import length_s
from opsconsole.releases.targets.base import Conflict, Indeterminate, Unreachable
from opsconsole.releases.targets.shares import same_routing, shares_of, spelled
from opsconsole.wire import Caps, Receipt, Routing, TargetRequest, TargetState

CAPS = Caps(split=True, guarding="cas", weight_unit="relative", tested_against="the drill's own simulator")


@dataclass(frozen=True)
class Serving:
    """What requests are answered by, from a moment on (monotonic seconds)."""

    routing: Routing
    since_s: float


class SimulatedTarget:
    """One service's place in the simulated fleet."""

    caps = CAPS

    def __init__(
        self,
        service: str,
        routing: Routing,
        behaviour: Behaviour,
        clock: Clock,
        tell: Callable[[str, str], None] = lambda service, what: None,
    ) -> None:
        """``tell`` hears what it really did, in words."""
        self.name = f"simulated {service}"
        self._service, self._behaviour, self._clock, self._tell = service, behaviour, clock, tell
        self._lock = threading.Lock()
        self._said = routing
        self._serving = [Serving(routing, clock.monotonic())]
        self._is_on, self._changes = False, 0
        self._version = 1

    # As the gate sees it ------------------------------------------------------------------------------------------

    def read(self) -> TargetState:
        with self._lock:
            return self._state()

    def requests(self, before: TargetState, after: Routing) -> tuple[TargetRequest, ...]:
        return (TargetRequest(method="set", where=self.name, body=spelled(after.shares)),)

    def apply(self, before: TargetState, after: Routing, op_id: str) -> Receipt:
        """Raises Conflict, Unreachable or Indeterminate, as the scenario wants it."""
        with self._lock:
            now = self._state()
            if now.token != before.token or not same_routing(now.routing, before.routing):
                raise Conflict(f"{self.name} was changed meanwhile", "Look at it, and plan again.", found=now)
            wanted = self._behaviour if self._is_on else Behaviour(lag=self._behaviour.lag)
            self._changes += 1
            number = self._changes
            if number <= wanted.fail_first:
                self._tell(self._service, "refused a change")
                raise Unreachable(f"{self.name}: connection refused", "Try again.")
            is_lie = number <= wanted.fail_first + wanted.lie_first
            self._take(after, is_lie=is_lie)
            if wanted.fail_first < number <= wanted.fail_first + wanted.lose_first:
                raise Indeterminate(f"{self.name}: no answer within 10 s", "Read back.")
            return Receipt(op_id=op_id, answer=f"revision {self._version}")

    def rehearse(self, before: TargetState, after: Routing) -> str:
        return f"{spelled(before.routing.shares)} → {spelled(after.shares)}"

    def close(self) -> None:
        """Nothing is held open."""

    # As the stage sees it -----------------------------------------------------------------------------------------

    def begin(self) -> None:
        """From now on it refuses, lies and loses answers as the scenario wants it."""
        self._is_on, self._changes = True, 0

    def serving(self) -> Routing:
        """What answers at this moment."""
        with self._lock:
            now_s = self._clock.monotonic()
            return next(each.routing for each in reversed(self._serving) if each.since_s <= now_s)

    def intended(self) -> Routing:
        """What will answer once every lag has gone by."""
        with self._lock:
            return self._serving[-1].routing

    def changed_elsewhere(self, routing: Routing) -> None:
        """Somebody outside of the console changes it."""
        with self._lock:
            self._take(routing, is_lie=False)

    def _take(self, routing: Routing, *, is_lie: bool) -> None:
        self._version += 1
        self._said = routing
        if is_lie:
            self._tell(self._service, f"said {spelled(routing.shares)}, and goes on as before")
            return
        lag_s = length_s(self._behaviour.lag)
        self._serving.append(Serving(routing, self._clock.monotonic() + lag_s))
        self._tell(self._service, f"serves {spelled(routing.shares)} in {lag_s:g} s")

    def _state(self) -> TargetState:
        return TargetState(routing=self._said, token=str(self._version), observed_at=self._clock.now())


def routing_of(weights: dict[str, float]) -> Routing:
    """Raises ValueError for weights that are none."""
    return Routing(shares=shares_of(weights))
