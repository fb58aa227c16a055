"""The demo fleet and a daemon that follows it, both on one virtual clock, with the routing file as the real target."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from inprocess import START, Daemon

from opsconsole import wire
from opsconsole.config.load import load
from opsconsole.demo import traffic
from opsconsole.demo.fleet import FLEET
from opsconsole.demo.gateway import Fleet
from opsconsole.demo.routing import RoutingFile
from opsconsole.demo.stage import ROUTING_FILE, prepare

HISTORY_S = 4_500.0
"""More than an hour: what is compared with an hour before has something to be compared with."""


def look(daemon: Daemon) -> None:
    """Let the watch look once at every service that has a target."""
    releasing = daemon.desk.releasing
    for service in releasing.around.targets:
        releasing.watch.look(service)


class DemoFleet:
    """A demo whose time goes on when it is told to."""

    def __init__(self, directory: Path, history_s: float = HISTORY_S) -> None:
        directory.mkdir(mode=0o700, parents=True, exist_ok=True)
        prepare(directory)
        history = Fleet(directory, seed=7, start=START)
        history.write_history(history_s)
        history.close()
        self._directory = directory
        self._rng = np.random.default_rng(7)
        self.daemon = Daemon(directory, load(directory / "opsconsole.yaml"))
        self.daemon.start()
        self.daemon.desk.restore()
        self.daemon.settle()
        look(self.daemon)

    def advance(self, seconds: float) -> None:
        """Let time go by, and the fleet serve by what the routing file says now; what it serves is logged at once."""
        began_s = self.daemon.clock.now().timestamp()
        weights = RoutingFile(self._directory / ROUTING_FILE).weights
        for service in FLEET:
            at_s = traffic.arrivals(began_s, began_s + seconds, service.requests_per_s, self._rng)
            with (self._directory / "logs" / f"{service.name}.jsonl").open("ab") as log:
                log.writelines(line.text for line in traffic.lines(service, weights[service.name], at_s, self._rng))
        self.daemon.clock.advance(seconds)
        self.daemon.settle()
        look(self.daemon)

    def begin(self, name: str, **params: str) -> wire.RunView:
        request = wire.RunRequest(checklist=name, params=params)
        return self.daemon.ask("POST", "/v1/checklist/run", wire.StepReply, request).view

    def do(self, run: str, verb: wire.StepVerb = "look", **more: str) -> wire.StepReply:
        return self.daemon.ask(
            "POST", "/v1/checklist/step", wire.StepReply, wire.StepRequest(run=run, verb=verb, **more)
        )

    def view(self, run: str) -> wire.RunView:
        return self.daemon.ask("GET", "/v1/run", wire.RunView, id=run)

    def release(self, act: wire.Act, **more: object) -> wire.Outcome:
        """Beside any checklist."""
        releasing, person = self.daemon.desk.releasing, self.daemon.owner
        plan = releasing.plan(person, wire.OrderRequest(service="chat-assist", act=act, **more))  # type: ignore[arg-type]
        return releasing.apply(person, wire.ApplyRequest(op_id=plan.op_id, typed=plan.confirm_with))

    def close(self) -> None:
        self.daemon.engine.stop()
