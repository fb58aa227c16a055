"""From an order to its outcome: ask for a plan, have it confirmed, have it executed.

Always true here: nothing is executed but what ``confirming`` confirmed, once, and nothing is sent a second time; a plan
that comes late, when the person has gone on, is dropped; after a prompt was cancelled, keys that follow it without a
pause reach no view. An execution that was sent goes on whatever the person looks at, and its outcome is said. One thing
at a time is on its way; an answer about another one is said, and closes nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from dataclasses import dataclass, replace
from datetime import timedelta
from functools import partial
from typing import TypeAlias

import msgspec

from opsconsole import wire
from opsconsole.console import confirming
from opsconsole.console.confirming import Confirming
from opsconsole.console.feed import Client
from opsconsole.console.frame import Mode, Refusal
from opsconsole.console.hands import CONSOLE
from opsconsole.console.proceeding import SENT, Proceeding, failed, of_step
from opsconsole.errors import OpsConsoleError

AFTER_S = 0.25
"""After a prompt was cancelled: keys that follow each other faster than this are still of the same burst."""
SETTLE_S = 0.02
"""How much later than due one looks: keys that were pressed before then have arrived by then."""
NOTHING_DONE = "nothing was done"
ARMING_S = 60.0
"""How long the prompt for the environment's name stands."""

BURST_KEYS, BURST_S = 4, 0.08
"""So many characters within so much time are no verbs: something was pasted, or typed for another window."""

Task: TypeAlias = Callable[[], Coroutine[None, None, None]]
Spot: TypeAlias = tuple[str, ...]
"""What the person looks at, and what the cursor is on."""


@dataclass(frozen=True)
class Host:
    """What this may do with the console that it is in."""

    open: Callable[[Mode], None]
    """Open the page of what is on its way, …"""
    close: Callable[[str], None]
    """… and close it if it is open, with a notice."""
    say: Callable[[str], None]
    """A notice, whatever is open."""
    lead: Callable[[str], None]
    """Go to the release view of a service, under the page that is open; where none is named, stay."""
    show: Callable[[], None]
    """Paint, and tell the daemon what is armed."""
    run: Callable[[Task, str], object]
    """Begin something, by name: what was begun under that name before is given up."""
    later: Callable[[float, Callable[[], None]], object]
    """Call something in so many seconds."""
    spot: Callable[[], Spot]
    """Where the person is."""
    permit: Callable[[wire.Permission], None]
    """Take note of what this console may do now."""


class Acting:
    """The one act of this console that is on its way."""

    def __init__(self, client: Client, host: Host, now_s: Callable[[], float], scrolls: frozenset[str]) -> None:
        self._client = client
        self._host = host
        self._now_s = now_s
        self._scrolls = scrolls
        self._deaf_until_s = float("-inf")
        self._characters: tuple[tuple[str, float], ...] = ()
        self._current: Proceeding | Confirming | None = None
        """What is on its way: an act, or the prompt for the environment's name."""

        self.done: dict[str, wire.Plan] = {}
        """Service → what was last sent from here."""

    @property
    def proceeding(self) -> Proceeding | None:
        return self._current if isinstance(self._current, Proceeding) else None

    @property
    def arming(self) -> Confirming | None:
        """The prompt for the environment's name."""
        return self._current if isinstance(self._current, Confirming) else None

    @property
    def armed(self) -> str:
        return self.proceeding.armed if self.proceeding is not None else ""

    @property
    def armed_on(self) -> str:
        """The service that what is armed is about; empty where nothing is."""
        return self.proceeding.order.service if self.proceeding is not None and self.proceeding.armed else ""

    # Keys ---------------------------------------------------------------------------------------------------------

    def swallows(self, key: str, at_s: float) -> bool:
        """Is this key one of a burst, and so meant for nothing here? Or for the plan that is being asked for?"""
        if at_s < self._deaf_until_s:
            self._deaf_until_s = at_s + AFTER_S
            return True
        self._characters = tuple(each for each in self._characters if at_s - each[1] <= BURST_S)
        if len(key) == 1 and key != (self._characters[-1][0] if self._characters else ""):
            self._characters = (*self._characters, (key, at_s))
        if not self._is_planning:
            return False
        if len(self._characters) >= BURST_KEYS:
            self._close(Refusal(f"that was faster than a hand: the plan is given up, {NOTHING_DONE}"))
            self._deaf_until_s = at_s + AFTER_S
            return True
        if key == "escape":
            self._close(f"given up: {NOTHING_DONE}")
            return True
        return False

    @property
    def _is_planning(self) -> bool:
        return self.proceeding is not None and self.proceeding.stage == "planning"

    def press(self, key: str, at_s: float) -> bool:
        """A key while the page is open; whether it may do what the keymap says: scroll, copy, close what was done."""
        if self.arming is not None:
            self._confirm_arming(confirming.pressed(self.arming, key, at_s))
            return False
        going = self.proceeding
        if going is None:
            return False
        if going.confirming is not None and going.stage == "confirming":
            is_scroll = going.confirming.is_scroll(key)
            self._confirm(confirming.pressed(going.confirming, key, at_s))
            return is_scroll and self.proceeding is not None and self.proceeding.stage == "confirming"
        if at_s < going.since_s + confirming.DEAF_S:
            return False
        if going.outcome is not None and going.outcome.word == "moved" and key == going.again:
            self.order(going.order, key, again=key)
            return False
        return True

    def leave(self) -> None:
        """Close the page of an act that is sent or over; the act goes on."""
        if (going := self.proceeding) is not None:
            told = f"{going.phrase}: sent; {going.watched_in} says what comes of it"
            self._close("" if going.stage == "done" else told)

    def paste(self) -> None:
        """A paste into what is open, whatever it holds."""
        self.cancel("pasted text confirms nothing")

    def cancel(self, why: str) -> None:
        """Close what is open, for a reason that is no key of it."""
        if self.arming is not None:
            self._confirm_arming(confirming.cancelled(self.arming, why))
        elif self.proceeding is not None and self.proceeding.confirming is not None:
            self._confirm(confirming.cancelled(self.proceeding.confirming, why))

    def scroll(self, by: int, furthest: int) -> None:
        """Move the page by so many lines, within what there is of it."""
        if self.proceeding is not None:
            self._set(replace(self.proceeding, scroll=max(0, min(furthest, self.proceeding.scroll + by))))

    def look(self) -> None:
        """See whether time alone has changed something; asked now and then, and when something is due."""
        now_s = self._now_s()
        if self.arming is not None:
            self._confirm_arming(confirming.waited(self.arming, now_s))
        elif self.proceeding is not None and self.proceeding.confirming is not None:
            self._confirm(confirming.waited(self.proceeding.confirming, now_s))

    def _look_later(self, prompt: Confirming) -> None:
        """When it begins to listen, or a complete text has stood for long enough."""
        now_s = self._now_s()
        if prompt.is_deaf(now_s) or prompt.complete_s is not None:
            next_s = prompt.deaf_until_s if prompt.complete_s is None else prompt.due_s
            self._host.later(max(0.0, next_s - now_s) + SETTLE_S, self.look)

    # Plans --------------------------------------------------------------------------------------------------------

    def order(self, order: wire.OrderRequest, opener: str, *, again: str = "", note: str = "") -> None:
        """Ask for a plan; when it is there and the person still is, open its page."""
        order = msgspec.structs.replace(order, console=CONSOLE)
        self._ask(Proceeding(order, opener, self._now_s(), again, note))

    def order_step(self, step: wire.StepRequest, order: wire.OrderRequest, opener: str) -> None:
        """The same of a step of a checklist: its run plans it, and does it."""
        self._ask(Proceeding(order, opener, self._now_s(), step=step))

    def _ask(self, going: Proceeding) -> None:
        self._current = going
        self._host.close("")
        self._host.run(partial(self._plan, going, self._host.spot()), "plan")

    async def _planned(self, going: Proceeding) -> wire.Plan:
        if going.step is None:
            return await self._client.plan(going.order)
        reply = await self._client.do("checklist/step", going.step, wire.StepReply)
        if reply.plan is None:
            raise AssertionError("a plan is answered by one")
        return reply.plan

    async def _plan(self, going: Proceeding, spot: Spot) -> None:
        try:
            plan = await self._planned(going)
        except OpsConsoleError as error:
            if self.proceeding is going:
                self._close(Refusal(f"no plan: {error.told}"))
            return
        if self.proceeding is not going:
            return
        if self._host.spot() != spot:
            self._close(Refusal(f"the plan to {going.phrase} came when you had gone on: {NOTHING_DONE}"))
            return
        now_s = self._now_s()
        good_for_s = (plan.expires_at - plan.planned_at) / timedelta(seconds=1)
        prompt = confirming.opened(
            "" if plan.refusals else plan.confirm_with, going.opener, now_s, now_s + good_for_s, self._scrolls
        )
        order = going.order if going.step is None else plan.order
        self._current = replace(going, order=order, stage="confirming", since_s=now_s, plan=plan, confirming=prompt)
        self._host.open("plan")
        self._look_later(prompt)

    def _confirm(self, prompt: Confirming) -> None:
        going = self.proceeding
        if going is None or going.stage != "confirming" or going.plan is None:
            return
        if prompt.word == "cancelled":
            self._deaf_until_s = self._now_s() + AFTER_S
            self._close(_given_up(prompt.why, NOTHING_DONE) if not going.plan.refusals else "")
            return
        if prompt.word == "confirmed":
            self._current = replace(going, confirming=prompt, stage="sent", since_s=self._now_s())
            self._host.lead(going.order.service if going.step is None else "")
            task = partial(self._apply, going.plan, prompt.typed, going.step)
            self._host.run(task, f"apply {going.plan.op_id}")
            return
        self._look_later(prompt)
        self._set(replace(going, confirming=prompt))

    async def _done(self, plan: wire.Plan, typed: str, step: wire.StepRequest | None) -> wire.Outcome:
        if step is None:
            return await self._client.apply(wire.ApplyRequest(op_id=plan.op_id, typed=typed))
        request = msgspec.structs.replace(step, verb="act", op_id=plan.op_id, typed=typed)
        return of_step(plan.op_id, await self._client.do("checklist/step", request, wire.StepReply))

    async def _apply(self, plan: wire.Plan, typed: str, step: wire.StepRequest | None) -> None:
        try:
            outcome = await self._done(plan, typed, step)
        except OpsConsoleError as error:
            outcome = failed(plan.op_id, error)
        if outcome.word in SENT:
            self.done[plan.order.service] = plan
        going = self.proceeding
        if going is not None and going.plan is not None and going.plan.op_id == plan.op_id:
            self._set(replace(going, stage="done", since_s=self._now_s(), outcome=outcome, scroll=0))
        else:
            self._host.say(f"{outcome.word}: {outcome.told}")

    def _set(self, current: Proceeding | Confirming) -> None:
        self._current = current
        self._host.show()

    def _close(self, notice: str) -> None:
        self._current = None
        self._host.close(notice)

    # May this console act? ----------------------------------------------------------------------------------------

    def arm(self, environment: str, opener: str) -> None:
        """Ask for the environment's name, which lets this console act for a while."""
        now_s = self._now_s()
        self._current = prompt = confirming.opened(environment, opener, now_s, now_s + ARMING_S)
        self._host.open("arm")
        self._look_later(prompt)

    def lock(self) -> None:
        """Let this console act no longer."""
        self._host.run(partial(self._arm, wire.ArmRequest(console=CONSOLE, is_locked=True)), "arm")

    def approve(self, op_id: str) -> None:
        """This person's yes to what another one planned."""
        self._host.run(partial(self._approve, op_id), "approve")

    def _confirm_arming(self, prompt: Confirming) -> None:
        if prompt.word == "cancelled":
            self._deaf_until_s = self._now_s() + AFTER_S
            self._close(_given_up(prompt.why, "not armed"))
            return
        if prompt.word == "confirmed":
            self._close("")
            self._host.run(partial(self._arm, wire.ArmRequest(console=CONSOLE, typed=prompt.typed)), "arm")
            return
        self._look_later(prompt)
        self._set(prompt)

    async def _arm(self, request: wire.ArmRequest) -> None:
        try:
            permission = await self._client.arm(request)
        except OpsConsoleError as error:
            self._host.say(Refusal(f"not {'locked' if request.is_locked else 'armed'}: {error.told}"))
            return
        self._host.permit(permission)
        self._host.say("locked: this console only shows" if request.is_locked else "armed")

    async def _approve(self, op_id: str) -> None:
        try:
            approval = await self._client.approve(wire.ApproveRequest(op_id=op_id))
        except OpsConsoleError as error:
            self._host.say(Refusal(f"not approved: {error.told}"))
            return
        self._host.say(f"approved until {approval.expires_at:%H:%M} UTC: {approval.told}")


def _given_up(why: str, told: str) -> str:
    """What is said of a prompt that was given up: no refusal where that was meant."""
    words = f"{why}: {told}"
    return words if why == confirming.CANCELLED else Refusal(words)
