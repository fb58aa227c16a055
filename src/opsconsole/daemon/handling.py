"""A person's hands in earnest: the store, the release gate and the views of this daemon.

Always true here: a question is read-only and as of the daemon's clock; an action goes through the release gate as that
person, with all that the gate refuses; what became of it is what the gate's own book says.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Collection, Mapping

from opsconsole import wire
from opsconsole.daemon.asking import ask
from opsconsole.daemon.engine import Engine
from opsconsole.daemon.notifying import Notify, untold
from opsconsole.daemon.releasing import Releasing
from opsconsole.daemon.views.reading import Asked
from opsconsole.errors import UsageError
from opsconsole.releases import freezes
from opsconsole.releases.access import Person
from opsconsole.releases.guard import is_another

log = logging.getLogger("opsconsole")

View = Callable[[Asked], wire.View | wire.SourcesView]

_GB = 1e9
_BY_HAND = "shown, to be sent by hand"


class DaemonHands:
    """What a run is done with, for one person or, when the daemon looks by itself, for nobody."""

    def __init__(
        self, engine: Engine, releasing: Releasing, view: View, notify: Notify | None, person: Person | None = None
    ) -> None:
        self._engine, self._releasing, self._view, self._notify = engine, releasing, view, notify
        self._person = person
        self.clock = engine.clock
        self.configured: Collection[str] = engine.settings.services.keys()
        self.actor = person.actor if person is not None else "opsconsole"
        self.party = wire.Party(
            who=person.who if person is not None else "opsconsole",
            account=person.name if person is not None else "",
            is_known=bool(person.called) if person is not None else False,
        )

    def ask(self, sql: str, parameters: Mapping[str, wire.QueryValue], limit: int) -> wire.QueryReply:
        return ask(self._engine, wire.QueryRequest(sql=sql, limit=limit), parameters)

    def plan(self, order: wire.OrderRequest) -> wire.Plan:
        return self._releasing.plan(self._somebody(), order)

    def act(self, request: wire.ApplyRequest) -> wire.Outcome:
        return self._releasing.apply(self._somebody(), request)

    def outcome(self, service: str, op_id: str) -> wire.Outcome | None:
        one = self._releasing.book.of(service)
        operation = one.operation
        if operation is not None and operation.plan.op_id == op_id:
            word = operation.word or "indeterminate"
            return wire.Outcome(op_id=op_id, word=word, told=operation.told or "it is being read back")
        entry = next((each for each in reversed(one.history) if each.op_id == op_id), None)
        if entry is None:
            return None
        return wire.Outcome(op_id=op_id, word=_WORDS.get(entry.word, "indeterminate"), told=entry.told or entry.word)

    def tell(self, notice: wire.Notice, to: tuple[str, ...]) -> str:
        if not to:
            return _BY_HAND
        if self._notify is None:
            return f"{_BY_HAND}: this daemon has no notifiers, and {', '.join(to)} cannot be told"
        told = self._notify(notice, to)
        handed = f"handed over for {', '.join(told)}" if told else _BY_HAND
        return "; ".join(filter(None, (handed, untold(to, told))))

    def is_another(self, party: wire.Party) -> bool:
        asking = self._releasing.asking(self._somebody(), "")
        return is_another(asking, party.who, party.account, party.is_known)

    def _somebody(self) -> Person:
        if self._person is None:
            raise UsageError("nobody asked for this", "An action is a person's.")
        return self._person

    # Signals that SQL cannot answer -------------------------------------------------------------------------------

    def read(self, signal: str, args: Mapping[str, str]) -> wire.QueryValue:
        return _SIGNALS[signal](self, args)

    def _disk_free(self, args: Mapping[str, str]) -> float:
        free, total = self._engine.disk()
        return free / total

    def _disk_free_gb(self, args: Mapping[str, str]) -> float:
        return self._engine.disk()[0] / _GB

    def _drifting(self, args: Mapping[str, str]) -> int | None:
        view = self._view(Asked("drift", "1h", args["service"]))
        if not isinstance(view, wire.DriftView) or not view.drift.findings:
            return None
        return sum(1 for each in view.drift.findings if each.verdict == "drift")

    def _target_share(self, args: Mapping[str, str]) -> float | None:
        state = self._releasing.executor.states.get(args["service"])
        return state.routing.shares.get(args["version"], 0.0) if state is not None else None

    def _out_of_band(self, args: Mapping[str, str]) -> bool | None:
        return bool(self._releasing.out_of_band(args["service"])) if self._has_target(args["service"]) else None

    def _rollout_open(self, args: Mapping[str, str]) -> bool | None:
        rollout = self._releasing.book.of(args["service"]).rollout
        return (rollout is not None and rollout.is_open) if self._has_target(args["service"]) else None

    def _is_frozen(self, args: Mapping[str, str]) -> bool:
        around, state = self._releasing.around, self._releasing.book.state
        return bool(freezes.active(args["service"], around.freezes, state.freezes, self.clock.now()))

    def _has_target(self, service: str) -> bool:
        return service in self._releasing.around.targets


_WORDS: Mapping[str, wire.OutcomeWord] = {
    "done": "done", "moved": "moved", "refused": "refused", "indeterminate": "indeterminate",
    "not effective": "not effective",
}  # fmt: skip
_SIGNALS: Mapping[str, Callable[[DaemonHands, Mapping[str, str]], wire.QueryValue]] = {
    "disk_free": DaemonHands._disk_free,
    "disk_free_gb": DaemonHands._disk_free_gb,
    "drifting": DaemonHands._drifting,
    "target_share": DaemonHands._target_share,
    "out_of_band": DaemonHands._out_of_band,
    "rollout_open": DaemonHands._rollout_open,
    "is_frozen": DaemonHands._is_frozen,
}
