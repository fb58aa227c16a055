"""The console itself: keys change the state, answers change the frame, the surface shows the frame.

Always true here: every key goes through the actions table; every change ends in one ``show``; nothing runs when nothing
changes but one tick a second, which repaints the cells of ages and no others. Only ``run_console`` knows the terminal.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from dataclasses import replace

from textual.app import App, ComposeResult
from textual.events import Key, Paste
from textual.screen import Screen

from opsconsole import wire
from opsconsole.clock import Clock, SystemClock
from opsconsole.console import actions, glyphs, hangup, keyboard, palette
from opsconsole.console.feed import Client, Feed, Question
from opsconsole.console.frame import Frame, Link, State
from opsconsole.console.lines import Line
from opsconsole.console.listing import Listings
from opsconsole.console.place import Place, ViewName
from opsconsole.console.verbs import VERBS
from opsconsole.console.views import screen
from opsconsole.console.views.catalog import BY_NAME
from opsconsole.console.widgets.plot import Scales
from opsconsole.console.widgets.repaint import CellsCompositor
from opsconsole.console.widgets.surface import Surface
from opsconsole.errors import DaemonError, UsageError

FILTER_LIMIT = 60
"""Characters of a filter."""

FOREIGN_REMEDY = "Restart the daemon with `opsconsole daemon stop`, or the console, so that both are of one version."

TICK_S = 1.0
"""How often ages are written anew."""


class Board(Screen[None], inherit_bindings=False):
    """The one screen; it takes no keys for itself."""

    def __init__(self) -> None:
        super().__init__()
        self._compositor = CellsCompositor()


class OpsConsole(App[None], inherit_bindings=False):
    """The console on one daemon."""

    ENABLE_COMMAND_PALETTE = False
    CSS = f"Board {{ background: {palette.BACKGROUND}; }} Board:ansi {{ background: ansi_default; }}"

    def __init__(
        self,
        client: Client,
        *,
        environment: str = "",
        start_window: str = wire.DEFAULT_WINDOW,
        start_service: str = "",
        clock: Clock | None = None,
        glyph_set: glyphs.GlyphSet | None = None,
        colours: palette.ColourMode | None = None,
    ) -> None:
        super().__init__(driver_class=keyboard.Keyboard, watch_css=False)
        self._mode = colours or palette.colour_mode(no_color=self.no_color, color_system=self.console.color_system)
        self._clock = clock or SystemClock()
        self._glyphs = glyph_set or glyphs.choose(os.environ)
        self._environment = environment
        start = Place("service", start_service) if start_service else Place()
        self._state = State(place=start, window=start_window)
        self._link = Link()
        self._answers: dict[ViewName, tuple[wire.Answer, float]] = {}
        self._scales = Scales()
        self._listings = Listings()
        self._keys = actions.bind()
        self._effects: dict[str, Callable[[], None]] = {
            "quit": self.exit,
            "leave": self.exit,
            "give_up": self.exit,
            "repaint": self._repaint,
        }
        self._feed = Feed(client, self._on_answer, self._on_link)
        self._question: Question | None = None
        self._surface = Surface(self._paint, mode=self._mode, is_ascii=self._glyphs.is_ascii)
        self.mismatch: DaemonError | None = None
        """Why this console cannot talk with this daemon at all, once that is known."""

    def get_default_screen(self) -> Board:
        return Board()

    def compose(self) -> ComposeResult:
        yield self._surface

    def on_mount(self) -> None:
        self.ansi_color = self._mode != "truecolor"
        self.animation_level = "none"
        if not self.is_headless:
            hangup.watch(self._leave)
        self.set_interval(TICK_S, self._surface.show)
        self._ask()

    @property
    def frame(self) -> Frame:
        """What is on the screen now."""
        _, received_s = self._answers.get(self._state.view, (None, self._clock.monotonic()))
        told = next((each.environment for each, _ in self._answers.values() if isinstance(each, wire.View)), "")
        return Frame(
            state=self._state,
            link=self._link,
            environment=self._environment or told,
            answers={view: answer for view, (answer, _) in self._answers.items()},
            since_s=self._clock.monotonic() - received_s,
            glyphs=self._glyphs,
            scales=self._scales,
            listings=self._listings,
        )

    def screen_text(self) -> str:
        """The text on the screen, line by line."""
        return self._surface.as_text()

    def on_key(self, event: Key) -> None:
        context: actions.Context = "small" if screen.is_too_small(*self.size) else actions.context_of(self._state)
        printed = event.character if event.character and event.character.isprintable() else None
        key = printed if printed is not None and (context, printed) in self._keys else event.key
        action = self._keys.get((context, key))
        event.stop()
        if action is None:
            if context == "filter" and printed is not None:
                self._type(printed)
            return
        if action.id in self._effects:
            self._effects[action.id]()
            return
        self._become(VERBS[action.id](self._state, key, self.frame))

    def on_paste(self, event: Paste) -> None:
        """Pasted text is only ever text: it goes into an open filter, and runs no verb."""
        event.stop()
        if self._state.mode == "filter":
            self._type("".join(character for character in event.text if character.isprintable()))

    def _type(self, text: str) -> None:
        self._become(replace(self._state, draft=(self._state.draft + text)[:FILTER_LIMIT]))

    def _become(self, state: State) -> None:
        self._state = state
        self._ask()
        self._surface.show()

    def _ask(self) -> None:
        """Let the feed follow what the screen shows now."""
        question = Question(self._state.view, _parameters(self._state))
        if question != self._question:
            self._question = question
            self.run_worker(self._feed.follow(question), group="feed", exclusive=True)

    def _on_answer(self, question: Question, answer: wire.Answer) -> None:
        self._answers[question.view] = (answer, self._clock.monotonic())
        self._surface.show()

    def _on_link(self, link: Link) -> None:
        self._link = link
        if link.word == "foreign":
            self.mismatch = DaemonError(link.message, FOREIGN_REMEDY)
            self.exit(return_code=self.mismatch.exit_code)
        self._surface.show()

    def _paint(self, columns: int, rows: int) -> list[Line]:
        return screen.paint(self.frame, columns, rows)

    def _repaint(self) -> None:
        self._surface.refresh()

    def _leave(self, code: int) -> None:
        self.exit(return_code=code)


def _parameters(state: State) -> tuple[tuple[str, str], ...]:
    """What the daemon is asked about the place."""
    spec, asked = BY_NAME[state.view], dict(BY_NAME[state.view].asks(state.place))
    if spec.is_timed:
        asked["window"] = state.window
        if state.as_of is not None:
            asked["as_of"] = state.as_of.isoformat()
    if spec.scope != "fleet":
        asked["service"] = state.service
    return tuple(sorted(asked.items()))


def run_console(
    client: Client, *, environment: str = "", start_window: str = wire.DEFAULT_WINDOW, start_service: str = ""
) -> int:
    """Run the console on this terminal until the person leaves; returns the exit code.

    Raises UsageError where there is no keyboard to read, and DaemonError when the daemon is of another version.
    """
    if sys.__stdin__ is None or sys.__stdin__.closed or not sys.__stdin__.isatty():
        raise UsageError(
            "the console reads keys, and its standard input is no terminal",
            "Start it in a terminal; `opsconsole status` prints one page instead.",
        )
    keyboard.answer_escape_soon()
    app = OpsConsole(client, environment=environment, start_window=start_window, start_service=start_service)
    app.run(mouse=False)
    if app.mismatch is not None:
        raise app.mismatch
    return app.return_code or 0
