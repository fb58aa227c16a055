"""Answers about a drill: a team's as its facilitator and as a player see it, one that is over, and none at all."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import msgspec
from answers_charts import frame_of
from fleet import NOW

from opsconsole import wire


def met(name: str, title: str, word: wire.ExpectationWord, points: float, **changes: Any) -> wire.ExpectationScore:
    base = wire.ExpectationScore(id=name, title=title, objective="stop", points=points, earned=0.0, word=word)
    return msgspec.structs.replace(base, **changes)


EXPECTATIONS = (
    met("ack", "The page is taken", "met", 10, earned=10, t=72, by="ann", what="acknowledges A-1: looking at it"),
    met("told", "People are told that somebody is at it", "late", 10, earned=5, t=174, by="ann", what="tells internal"),
    met("back", "The key is revoked", "missed", 40),
    met("words", "They say what they are about to do", "not judged", 10),
    met("calm", "A clear report: conditions, actions, needs", "met", 10, earned=5, t=190, by="eve", what="judges"),
)
EXPECTED = (
    wire.DrillExpected(id="ack", match="ack", after="", within="2m", is_judged=False),
    wire.DrillExpected(id="told", match="comms", after="", within="1m", is_judged=False),
    wire.DrillExpected(id="back", match="step(revoke)", after="ack", within="5m", is_judged=False),
    wire.DrillExpected(id="words", match="", after="", within="", is_judged=True),
    wire.DrillExpected(id="calm", match="", after="", within="", is_judged=True, quality=0.5),
)
SCORE = wire.DrillScore(
    scenario="leaked-key", version=1, title="A stranger has a key", seed=42, beat_s=2, scenario_sha256="0" * 64,
    log_sha256="1" * 64, app_version="0.1.0", score=32.5, earned=28.0, lost=5.0, possible=70.0, length_s=780,
    checklists=("key-leak",), expectations=EXPECTATIONS,
    lapses=(wire.LapseScore(id="hint", title="A hint was taken", points=5, t=150, by="ben", what="takes hint 1"),),
    objectives=(), people=(), durations=wire.DrillDurations(),
    harm=wire.HarmScore(requests=1_204, bad=61, bad_twin=4, bad_worst=240, usd=3.1, usd_twin=1.2, usd_worst=9.8,
                        saved=0.4, points=20, earned=8),
    steps=wire.StepTally(), cadence=wire.CadenceScore(every_s=300, kept=1, due=2, points=5, earned=2.5),
)  # fmt: skip
NOW_OF_IT = wire.DrillNow(
    t=252, length_s=780, speed=4, is_paused=False, is_over=False, run="drill-3", facilitators=("eve",),
    brief="You are on call for chat-assist and search-api. It is a quiet night, and nothing was released since noon.",
    messages=(
        wire.DrillMessage(t=40, sender="support", via="chat", text="Customers ask why their bill grows."),
        wire.DrillMessage(t=186, sender="security", via="page", text="A key of ours is on a paste site."),
    ),
    hints=1, hint_cost=10, hinted=(wire.DrillHint(text="Who spends the money? Look at the keys.", cost=5),),
)  # fmt: skip
PLAN = wire.DrillPlan(
    now=NOW_OF_IT, scenario="leaked-key", title="A stranger has a key", score=SCORE,
    guide="Watch whether they revoke the key before they talk about whose it is.",
    faults=(
        wire.DrillFault(id="stranger", about="somebody uses the key of nightly-batch", at="+20s",
                        until="step(revoke)", is_decoy=False, level=0.62, word="there", since_t=20),
        wire.DrillFault(id="slow", about="a slow minute that means nothing", at="+1m", until="+2m", is_decoy=True,
                        level=0.0, word="over", since_t=120),
        wire.DrillFault(id="second", about="the other key is used", at="never", until="", is_decoy=False, level=0.0),
    ),
    injects=(
        wire.DrillInject(id="bill", when="+40s", via="chat", sender="support", is_told=True, told_t=40,
                         text="Customers ask why their bill grows."),
        wire.DrillInject(id="paste", when="manual", via="page", sender="security", is_told=True, told_t=186,
                         text="A key of ours is on a paste site."),
        wire.DrillInject(id="boss", when="manual", via="chat", sender="director", is_told=False,
                         text="How much money is gone? I have to tell the board in ten minutes, so be quick."),
        wire.DrillInject(id="late", when="not done(back) and t > 6m", via="chat", sender="security", is_told=False,
                         text="Did anybody revoke it?", cost=5, is_contingency=True),
    ),
    reactions=(
        wire.DrillReaction(when="step(revoke)", starts=("second",), clears=("stranger",), by="gateway",
                           says="key nightly-batch is refused", is_set_off=False),
    ),
    expected=EXPECTED, consoles=(), notes=("ben said what he was about to do; ann did not answer",),
)  # fmt: skip
HERE = tuple(
    wire.Presence(console=f"c{i}", user=user, origin=f"10.0.0.{i}", view=view, service=service, since=NOW)
    for i, (user, view, service) in enumerate(
        (("ann", "incident", "INC-1"), ("ben", "cost", "chat-assist"), ("eve", "drill", ""))
    )
)


def leading(**changes: Any) -> wire.DrillView:
    """As eve sees it."""
    view = wire.DrillView(drill=NOW_OF_IT, plan=PLAN, is_facilitator=True, here=HERE, **frame_of({}))
    return msgspec.structs.replace(view, **changes)


def playing(**changes: Any) -> wire.DrillView:
    """As ann and ben see it."""
    return leading(**{"plan": None, "is_facilitator": False, **changes})


def alone(**changes: Any) -> wire.DrillView:
    """As somebody who plays without a facilitator sees it."""
    now = msgspec.structs.replace(NOW_OF_IT, facilitators=(), players_stop=True, **changes)
    return playing(drill=now, here=HERE[:1])


def over() -> wire.DrillView:
    """As everybody sees it afterwards."""
    now = msgspec.structs.replace(NOW_OF_IT, t=561, is_over=True, hints=0, hint_cost=None)
    return playing(drill=now, plan=msgspec.structs.replace(PLAN, now=now))


def live() -> wire.DrillView:
    """On a home that is no drill's."""
    return playing(drill=None, here=())


def answers() -> dict[str, Callable[[Mapping[str, str]], wire.Answer]]:
    return {"drill": lambda parameters: leading(**frame_of(parameters))}
