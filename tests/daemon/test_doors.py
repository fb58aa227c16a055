"""Nobody who may not act acts, by whichever door they come; and who may does, by each of them.

Every act, for everybody who may only look: viewers, operators in a production environment that is not armed, and those
whose arming is over. Doors are the console's keys, its command line, the command line, and the API under any name.
"""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, get_args

import pytest
from doors import Hands, at_a_console, listening, opsconsole
from gated import OLI, SERVICE, VERA, Gated, gated

from opsconsole import wire
from opsconsole.config.settings import StepSetting
from opsconsole.console.hands import CONSOLE
from opsconsole.errors import RequestRefused
from opsconsole.releases.access import Person
from opsconsole.releases.confirmation import confirm_with

PROD = "eu-prod"
ACTS: tuple[wire.Act, ...] = get_args(wire.Act)
DOORS = ("key", "palette", "cli", "api", "checklist", "automation", "drill")
"""What an order may say of the door that it came by."""
STEPS = tuple(StepSetting(share=share, minutes=5, gate="person") for share in (0.1, 0.5))
SETTING: dict[str, Any] = {"steps": STEPS, "evidence_requests": 0}

WORDS: dict[wire.Act, tuple[str, ...]] = {
    "start": ("start", SERVICE, "v43"),
    "advance": ("advance", SERVICE),
    "promote": ("promote", SERVICE, "v43"),
    "rollback": ("rollback", SERVICE),
    "abort": ("abort", SERVICE),
    "hold": ("pause", SERVICE),
    "resume": ("resume", SERVICE),
    "set": ("set", SERVICE, "v41=50", "v42=50"),
}
"""Act → the words of the command line."""
COMMANDS: dict[wire.Act, str] = {
    "start": "start chat v43",
    "advance": "advance chat",
    "promote": "promote chat v43",
    "rollback": "rollback chat",
    "abort": "abort chat",
    "hold": "hold chat",
    "resume": "resume chat",
}
"""Act → the command of the console; shares are set on the command line alone."""
KEYS: dict[wire.Act, str] = {"promote": "p", "rollback": "b", "abort": "a", "hold": "h", "resume": "h"}
IN_A_ROLLOUT: frozenset[wire.Act] = frozenset({"advance", "abort", "hold", "resume"})


@dataclass
class Staged:
    """A home in which an armed operator could do one act now."""

    home: Gated
    act: wire.Act
    applied: int = 0
    """Times that the target was told to change something."""

    def order(self, **more: Any) -> wire.OrderRequest:
        routing = wire.Routing(shares={"v41": 0.5, "v42": 0.5}) if self.act == "set" else None
        version = "v43" if self.act in ("start", "promote") else ""
        return self.home.order(self.act, version, routing=routing, **more)

    def plan(self, person: Person, **more: Any) -> wire.Plan:
        return self.home.daemon.ask("POST", "/v1/release/plan", wire.Plan, self.order(**more), person=person)

    @property
    def effects(self) -> tuple[object, ...]:
        """All that an act could leave behind."""
        file = self.home.routing.stat()
        events = [kind for kind in self.home.kinds if kind.startswith(("release.started", "release.fin", "rollout."))]
        return self.home.routing.read_bytes(), file.st_mtime_ns, file.st_ino, self.applied, events

    @contextmanager
    def without_effect(self) -> Iterator[None]:
        before = self.effects
        yield
        assert self.effects == before


@contextmanager
def staged(act: wire.Act) -> Iterator[Staged]:
    directory = Path(tempfile.mkdtemp(prefix="ocd-", dir="/tmp"))
    try:
        with gated(directory, environment=PROD, **SETTING) as home:
            home.serve(200, {"v41": 0.8, "v42": 0.1, "v43": 0.1}, over_s=300)
            stage = Staged(home, act)
            owner = home.daemon.owner
            home.arm(owner, "stage", PROD)
            if act in IN_A_ROLLOUT:
                home.do("rollback", person=owner, console="stage")
                assert home.do("start", "v43", owner, console="stage").word == "done"
            if act == "resume":
                assert home.do("hold", person=owner, console="stage").word == "done"
            home.look()
            target: Any = home.daemon.desk.releasing.around.target(SERVICE)
            applying = target.apply

            def counted(*given: Any) -> wire.Receipt:
                stage.applied += 1
                return applying(*given)

            target.apply = counted
            yield stage
    finally:
        shutil.rmtree(directory)


def armed(home: Gated, *consoles: str) -> Person:
    for console in consoles:
        home.arm(OLI, console, PROD)
    return OLI


def expired(home: Gated, *consoles: str) -> Person:
    """The arming is over: by the clock, and by nothing that was told to anybody."""
    armed(home, *consoles)
    home.daemon.clock.advance(15 * 60)
    return OLI


WHO: dict[str, tuple[Callable[..., Person], str]] = {
    "viewer": (lambda home, *consoles: VERA, "role"),
    "unarmed": (lambda home, *consoles: OLI, "read-only"),
    "expired": (expired, "read-only"),
}
"""Who may only look → how they come to be so, and the rule that they are told."""

whoever = pytest.mark.parametrize("who", WHO)
every_act = pytest.mark.parametrize("act", ACTS)


# The API --------------------------------------------------------------------------------------------------------------


@every_act
def test_the_api_does_nothing_for_them_whatever_they_claim(act: wire.Act) -> None:
    with staged(act) as stage:
        for who, rule in WHO.values():
            person = who(stage.home, "c")
            for via in DOORS:
                with stage.without_effect():
                    plan = stage.plan(person, via=via, console="c", override_reason="the fix for INC-7")
                    assert rule in [each.rule for each in plan.refusals], (via, plan.refusals)
                    outcome = stage.home.apply(plan, person)
                    assert (outcome.word, outcome.receipt) == ("refused", None)
                    assert stage.home.apply(plan, person).word == "refused", "nor at the second time"


@every_act
def test_the_api_does_it_for_an_armed_operator(act: wire.Act) -> None:
    with staged(act) as stage:
        person = armed(stage.home, "c")
        before = stage.effects
        outcome = stage.home.apply(stage.plan(person, console="c"), person)
        assert outcome.word == "done", outcome
        assert stage.effects != before
        assert stage.applied == (act not in ("hold", "resume"))


@every_act
def test_what_was_planned_while_armed_is_not_done_once_that_is_over(act: wire.Act) -> None:
    with staged(act) as stage:
        person = armed(stage.home, "c")
        stage.home.daemon.clock.advance(15 * 60 - 1)
        plan = stage.plan(person, console="c")
        assert plan.refusals == ()
        stage.home.daemon.clock.advance(1)
        with stage.without_effect():
            assert [each.rule for each in stage.home.apply(plan, person).refusals] == ["read-only"]


@every_act
def test_a_typed_text_that_is_not_the_one_asked_for_does_nothing(act: wire.Act) -> None:
    with staged(act) as stage:
        person = armed(stage.home, "c")
        plan = stage.plan(person, console="c")
        for typed in ("", "y" if plan.confirm_with != "y" else "n", plan.confirm_with.upper(), f"{plan.confirm_with} "):
            with stage.without_effect():
                assert stage.home.apply(plan, person, typed).refusals[0].rule == "confirmation"


# The command line -----------------------------------------------------------------------------------------------------


@every_act
def test_the_command_line_does_nothing_for_them_and_exits_with_10(act: wire.Act) -> None:
    with staged(act) as stage:
        daemon = stage.home.daemon
        for who, rule in WHO.values():
            with listening(daemon, who(stage.home)), stage.without_effect():
                done = opsconsole(daemon, "release", *WORDS[act], "--yes-i-mean", SERVICE)
                assert (done.code, f"{rule} " in done.out) == (10, True), done
                planned = opsconsole(daemon, "release", "plan", *WORDS[act])
                assert (planned.code, f"REFUSED     {rule}" in planned.out) == (10, True), planned
        with listening(daemon, VERA), stage.without_effect():
            done = opsconsole(daemon, "release", *WORDS[act], "--yes-i-mean", SERVICE, "--arm", PROD)
            assert (done.code, "vera may not arm a console" in done.err) == (6, True), done
        with listening(daemon, OLI), stage.without_effect():
            done = opsconsole(daemon, "release", *WORDS[act], "--yes-i-mean", SERVICE, "--arm", "eu-pro")
            assert (done.code, "is not the name of this environment" in done.err) == (6, True), done
            done = opsconsole(daemon, "release", *WORDS[act], "--yes-i-mean", "chatt", "--arm", PROD)
            assert (done.code, "--yes-i-mean chatt is not chat" in done.err) == (2, True), done
            done = opsconsole(daemon, "release", *WORDS[act], "--arm", PROD)
            assert (done.code, "nobody can be asked here" in done.err) == (10, True), done


@every_act
def test_the_command_line_does_it_for_an_operator_who_arms_it_and_only_for_that_call(act: wire.Act) -> None:
    with staged(act) as stage, listening(stage.home.daemon, OLI):
        done = opsconsole(stage.home.daemon, "release", *WORDS[act], "--yes-i-mean", SERVICE, "--arm", PROD)
        assert (done.code, done.out.startswith("done: ")) == (0, True), done
        assert stage.applied == (act not in ("hold", "resume"))
        with stage.without_effect():
            again = opsconsole(stage.home.daemon, "release", "rollback", SERVICE, "--yes-i-mean", SERVICE)
            assert (again.code, "read-only" in again.out) == (10, True), again
        assert stage.home.kinds[-2:] == ["console.locked", "release.refused"]


# The console ----------------------------------------------------------------------------------------------------------

READ_ONLY = (
    "may look and not act",
    "read-only: R arms",
    "no rollout of chat",
    "which version?",
    "✖ role",
    "✖ read-only",
)
"""What a console says instead; of three versions `p` means none."""


@pytest.mark.parametrize(
    ("act", "is_unwarned"),
    [("promote", True), ("resume", True), ("resume", False)],
    ids=["steady and not told", "in a rollout and not told", "in a rollout"],
)
@whoever
def test_no_key_and_no_command_of_the_console_does_anything_for_them(
    act: wire.Act, who: str, is_unwarned: bool
) -> None:
    with staged(act) as stage:
        person = WHO[who][0](stage.home, CONSOLE)

        async def scenario(hands: Hands) -> None:
            await hands.until("v41 80%")
            if not is_unwarned:
                await hands.until("read-only ")
            for key in sorted(set(KEYS.values())):
                await tried(hands, hands.press, key)
            for command in COMMANDS.values():
                await tried(hands, hands.command, command)

        async def tried(hands: Hands, ask: Callable[[str], Awaitable[None]], what: str) -> None:
            with stage.without_effect():
                await ask(what)
                await hands.until(*READ_ONLY)
                if is_unwarned:
                    await hands.read()
                await hands.press("c", "h", "escape", "escape", "escape")
                await hands.until("1 service")
                await hands.rest()

        at_a_console(stage.home.daemon, person, scenario, is_unwarned=is_unwarned)
        assert stage.home.kinds.count("release.started") == (act == "resume") * 3


@pytest.mark.parametrize("act", KEYS)
def test_a_key_and_the_text_that_it_asks_for_do_it_for_an_armed_operator(act: wire.Act) -> None:
    with staged(act) as stage:
        person = armed(stage.home, CONSOLE)

        async def scenario(hands: Hands) -> None:
            await hands.until("ARMED")
            await hands.until("v41 80%")
            if act == "promote":  # which of three versions is said by the cursor
                await hands.command("versions chat")
                await hands.until("v43 against v41")
                await hands.press("G")
            await hands.press(KEYS[act])
            await hands.until("type ")
            await hands.type_in(confirm_with(SERVICE, act, "medium"))
            await hands.until("done")

        at_a_console(stage.home.daemon, person, scenario)
        assert stage.applied == (act not in ("hold", "resume"))


@pytest.mark.parametrize("act", COMMANDS)
def test_a_command_and_the_text_that_it_asks_for_do_it_for_an_armed_operator(act: wire.Act) -> None:
    with staged(act) as stage:
        person = armed(stage.home, CONSOLE)

        async def scenario(hands: Hands) -> None:
            await hands.until("ARMED")
            await hands.until("v41 80%")
            await hands.command(COMMANDS[act])
            await hands.until("type ")
            await hands.type_in(confirm_with(SERVICE, act, "medium"))
            await hands.until("done")

        at_a_console(stage.home.daemon, person, scenario)
        assert stage.applied == (act not in ("hold", "resume"))


def test_nobody_arms_by_another_name_of_the_environment_and_no_viewer_by_the_right_one() -> None:
    with staged("rollback") as stage:
        for person, typed in ((OLI, "prod"), (OLI, ""), (OLI, "EU-PROD"), (VERA, PROD)):
            with pytest.raises(RequestRefused):
                stage.home.arm(person, "c", typed)
        assert "console.armed" not in stage.home.kinds[2:]
