"""Acts as the console has them: which key orders what, where its page opens, and what is told to the others meanwhile.

Always true here: while a page is open its keys are the prompt's, and the rows below keep their order; what is armed is
told at once, not with the next word of presence.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import partial

from opsconsole import wire
from opsconsole.clock import Clock
from opsconsole.console.acting import Acting, Host, Spot, Task
from opsconsole.console.attending import Attending
from opsconsole.console.feed import Client
from opsconsole.console.frame import Frame, Mode, Refusal, State
from opsconsole.console.grammar import orders, verbs
from opsconsole.console.grammar.actions import Action
from opsconsole.console.grammar.keymap import Keymap
from opsconsole.console.place import Place
from opsconsole.console.proceeding import Proceeding
from opsconsole.console.views import plan
from opsconsole.errors import UsageError

PROMPTS: frozenset[Mode] = frozenset({"plan", "outcome", "arm"})
"""Modes in which keys belong to what is on its way."""


@dataclass(frozen=True)
class Console:
    """What the acts need of the console that they are in."""

    state: Callable[[], State]
    frame: Callable[[], Frame]
    become: Callable[[State], None]
    show: Callable[[], None]
    """Paint what changed."""
    copied: Callable[[str], State]
    """The state after this text was copied."""
    run: Callable[[Task, str], object]
    """Begin something, by name: what was begun under that name before is given up."""
    later: Callable[[float, Callable[[], None]], object]
    """Call something in so many seconds."""
    write: Callable[[str], None]
    """Put a sequence on the terminal, between two frames."""


class Helm:
    """The acts of one console, and its place among the others."""

    def __init__(
        self,
        client: Client,
        console: Console,
        keymap: Keymap,
        clock: Clock,
        now_s: Callable[[], float],
        environ: Mapping[str, str],
    ) -> None:
        self._console = console
        self._keymap = keymap
        self.now_s = now_s
        """The clock of the prompts: that of the keys' own moments."""
        self.attending = Attending(
            client,
            clock,
            lambda task: console.run(task, "presence"),
            console.show,
            console.write,
            self._say,
            environ,
        )
        host = Host(
            self._open,
            self._close,
            self._say,
            self._lead,
            self._show,
            console.run,
            console.later,
            self._spot,
            self._permit,
        )
        self.acting = Acting(client, host, now_s, keymap.keys_of(*BESIDE))

    @property
    def effects(self) -> Mapping[str, Callable[[str], None]]:
        """Action → what it does, given the key."""
        return {
            **{name: partial(self._order, name) for name in orders.BY_KEY},
            **{name: partial(self._scroll, by) for name, by in SCROLLS.items()},
            "copy_plan": partial(self._copy, lambda going: going.plan.command if going.plan is not None else ""),
            "copy_undo": partial(self._copy, lambda going: going.undo_command),
            "close_outcome": lambda key: self.acting.leave(),
            "arm": self._arm_or_lock,
        }

    @property
    def words(self) -> Mapping[str, Callable[[str], None]]:
        """Word of the command line → what it does, given the rest of the command."""
        return {
            "approve": self._approve,
            "lock": lambda rest: self.acting.lock(),
            "arm": lambda rest: self._arm("enter"),
        }

    def prompted(self, key: str, at_s: float) -> Action | None:
        """A key while a prompt is open: the prompt has it first; the action that it runs beside that, if any."""
        action = self._keymap.action_in(self._console.state().mode, key)
        return action if self.acting.press(key, at_s) else None

    def command(self, order: wire.OrderRequest) -> None:
        """Ask for the plan of what was typed as a command."""
        key = next(iter(sorted(self._keymap.keys_of(order.act))), "")
        self.acting.order(order, "enter", again=key)

    def tell(self) -> None:
        """Say where this console is, and hear who else is."""
        self.attending.tell(self._console.state(), self.acting.armed, self.acting.armed_on)

    def _order(self, name: str, key: str) -> None:
        """Ask for the plan of what an action orders here."""
        state, frame = self._console.state(), self._console.frame()
        try:
            order = orders.BY_KEY[name](verbs.service_here(state, frame), state, frame)
        except UsageError as error:
            self._console.become(replace(state, notice=Refusal(error.told)))
            return
        self.acting.order(order, key, again=key, note=orders.note(state, frame))

    def _scroll(self, by: int, key: str) -> None:
        frame = self._console.frame()
        self.acting.scroll(by, plan.furthest(frame, *frame.room))

    def _copy(self, command: Callable[[Proceeding], str], key: str) -> None:
        """A command of the act, which stands on its page for those whose terminal takes no copies."""
        going = self.acting.proceeding
        if going is not None:
            mode = self._console.state().mode
            self._console.become(replace(self._console.copied(command(going)), mode=mode, page=()))

    def _arm_or_lock(self, key: str) -> None:
        if (self.attending.armed_s or 0) > 0:
            self.acting.lock()
        else:
            self._arm(key)

    def _arm(self, key: str) -> None:
        state, permission = self._console.state(), self.attending.permission
        environment = (permission.environment if permission is not None else "") or self._console.frame().environment
        if permission is not None and not permission.is_read_only and permission.armed_until is None:
            self._console.become(replace(state, notice=Refusal("this console may act already: it need not be armed")))
        elif reason := orders.being_planned(self._console.frame()):
            self._console.become(replace(state, notice=Refusal(reason)))
        elif not environment:
            self._console.become(
                replace(state, notice=Refusal("the environment has no name: there is nothing to type"))
            )
        else:
            self.acting.arm(environment, key)

    def _approve(self, op_id: str) -> None:
        if not op_id:
            raise UsageError("approve needs the id of a plan", "It stands on the plan's page, and in what was refused.")
        self.acting.approve(op_id)

    def _permit(self, permission: wire.Permission) -> None:
        """What was said before, and may still be on its way, is out of date."""
        self.attending.permit(permission)
        self.tell()

    # What the flow does with the console --------------------------------------------------------------------------

    def _open(self, mode: Mode) -> None:
        """Open the page of an act; while it is open the rows keep their order."""
        state = self._console.state()
        held = state.held or tuple(item.key for item in verbs.items_of(state, self._console.frame()))
        self._console.become(replace(state, mode=mode, held=held, notice=""))
        self._tell_armed()

    def _close(self, notice: str) -> None:
        """Close that page; what else is open stays."""
        state = self._console.state()
        mode: Mode = "browse" if state.mode in PROMPTS else state.mode
        self._console.become(replace(state, mode=mode, held=state.held if state.marks else (), notice=notice))
        self._tell_armed()

    def _say(self, notice: str) -> None:
        self._console.become(replace(self._console.state(), notice=notice))

    def _lead(self, service: str) -> None:
        """To the release view, under the page that is open; without a service it stays where it is."""
        state = self._console.state()
        state = verbs.went(state, Place("release", service), self._console.frame()) if service else state
        self._console.become(replace(state, mode="outcome"))
        self._tell_armed()

    def _show(self) -> None:
        self._console.show()
        self._tell_armed()

    def _tell_armed(self) -> None:
        self.attending.tell_armed(self._console.state(), self.acting.armed, self.acting.armed_on)

    def _spot(self) -> Spot:
        state = self._console.state()
        return state.mode, state.view, verbs.service_here(state, self._console.frame())


SCROLLS: dict[str, int] = {
    f"{page}_{name}": by
    for page in ("plan", "outcome")
    for name, by in (("down", 1), ("up", -1), ("page_down", verbs.PAGE_ROWS), ("page_up", -verbs.PAGE_ROWS))
}
"""Action → lines by which it moves the page of an act."""
BESIDE: tuple[str, ...] = (*(name for name in SCROLLS if name.startswith("plan_")), "copy_plan")
"""Actions that a prompt lets pass, because they only move or copy what it shows."""
