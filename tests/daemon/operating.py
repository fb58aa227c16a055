"""A scripted operator: takes each step as a person would, and lets time go by where something is waited for."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from demo_fleet import DemoFleet

from opsconsole import wire

MOST_MOVES = 200


@dataclass
class Operator:
    """Answers by step; a decision that is met again gets its next answer, the last one over and over."""

    demo: DemoFleet
    decisions: Mapping[str, str]
    pause_s: float = 60.0
    moves: list[str] = field(default_factory=list)
    _asked: dict[str, Iterator[str]] = field(default_factory=dict)

    def work(self, view: wire.RunView) -> wire.RunView:
        """Until the run has ended."""
        for _ in range(MOST_MOVES):
            if view.run.phase == "ended":
                return view
            view = self._move(view)
        raise AssertionError(f"{view.run.id} does not end: {self.moves[-12:]}")

    def _move(self, view: wire.RunView) -> wire.RunView:
        run = view.run
        if view.child:
            self.work(self.demo.view(view.child))
            return self.demo.do(run.id).view
        if view.waits:
            self.demo.advance(self.pause_s)
            return self.demo.do(run.id).view
        step, verbs = run.checklist.step(run.current), view.verbs
        self.moves.append(f"{step.id}:{run.steps[run.current].word}")
        if "plan" in verbs:
            plan = self.demo.do(run.id, "plan").plan
            assert plan is not None
            assert plan.refusals == (), plan.refusals
            return self.demo.do(run.id, "act", op_id=plan.op_id, typed=plan.confirm_with).view
        if "decide" in verbs:
            return self.demo.do(run.id, "decide", option=self._choice(step)).view
        for verb in ("send", "tick"):
            if verb in verbs:
                return self.demo.do(run.id, verb, text="as the script says").view
        return self.demo.do(run.id, "skip", text="nobody else is here").view

    def _choice(self, step: wire.Step) -> str:
        answers = self._asked.setdefault(step.id, iter(self.decisions.get(step.id, step.options[-1].key)))
        return next(answers, self.decisions.get(step.id, step.options[-1].key)[-1])
