"""The console itself: keys change the state, answers change the frame, the surface shows the frame.

Always true here: every key goes through the actions table; every change ends in one ``show``; nothing runs when nothing
changes but one tick a second, which repaints the cells of ages and no others. Only ``run_console`` knows the terminal.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import partial

from textual.app import App, ComposeResult
from textual.events import Key, Paste
from textual.worker import Worker

from opsconsole import wire
from opsconsole.clock import Clock, SystemClock
from opsconsole.config.settings import ConsoleSetting
from opsconsole.console import doctor, glyphs, hands, hangup, keyboard, palette
from opsconsole.console.acting import Task
from opsconsole.console.asking import asked
from opsconsole.console.attending import EVERY_S
from opsconsole.console.board import Board
from opsconsole.console.commanding import Commands, Host
from opsconsole.console.exports import command_of
from opsconsole.console.feed import Client, Feed, Question
from opsconsole.console.frame import Frame, Link, Refusal, State
from opsconsole.console.governor import Governor
from opsconsole.console.grammar import orders, verbs
from opsconsole.console.grammar.actions import Action
from opsconsole.console.grammar.contexts import COMMAND_LIMIT, CONTEXTS, LIMITS, TYPED, Context, context_of
from opsconsole.console.grammar.keymap import Keymap
from opsconsole.console.helm import PROMPTS, Console, Helm
from opsconsole.console.lines import Line
from opsconsole.console.listing import Listings
from opsconsole.console.memory import Memory
from opsconsole.console.own_cpu import OwnCpu
from opsconsole.console.place import Place, ViewName
from opsconsole.console.tempo import FEED, RealTime, Tempo
from opsconsole.console.views import screen
from opsconsole.console.widgets.listed import JUMP_LETTERS
from opsconsole.console.widgets.plot import Scales
from opsconsole.console.widgets.repaint import CellsCompositor
from opsconsole.console.widgets.surface import Surface
from opsconsole.console.working import Desk, Working
from opsconsole.errors import DaemonError

FOREIGN_REMEDY = "Restart the daemon with `opsconsole daemon stop`, or the console, so that both are of one version."

TICK_S = 1.0
"""How often ages are written anew."""


class OpsConsole(App[None], inherit_bindings=False):
    """The console on one daemon."""

    ENABLE_COMMAND_PALETTE = False
    CSS = "Board { background: ansi_default; }"

    def __init__(
        self,
        client: Client,
        *,
        environment: str = "",
        home: str = "",
        start_window: str = wire.DEFAULT_WINDOW,
        start_service: str = "",
        clock: Clock | None = None,
        glyph_set: glyphs.GlyphSet | None = None,
        colours: palette.ColourMode | None = None,
        setting: ConsoleSetting | None = None,
        keymap: Keymap | None = None,
        memory: Memory | None = None,
        greeting: str = "",
        tempo: Tempo | None = None,
        environ: Mapping[str, str] = os.environ,
    ) -> None:
        """``home``: its directory, where commands do not look at it by themselves; ``greeting`` stands in the last line
        until a key is pressed."""
        super().__init__(driver_class=keyboard.Keyboard, watch_css=False, ansi_color=True)
        self._setting = setting = setting or ConsoleSetting()
        self.governor = Governor()
        self._own_cpu = OwnCpu()
        self._mode = colours or palette.colour_mode(
            no_color=self.no_color, color_system=self.console.color_system, wanted=setting.colours
        )
        self._clock = clock or SystemClock()
        self._tempo = tempo or RealTime()
        self._environ = environ
        self._glyphs = glyph_set or glyphs.choose(environ, setting.glyphs)
        self._environment, self._home = environment, home
        start = Place("service", start_service) if start_service else Place()
        self._memory = memory or Memory()
        notice = self._memory.trouble or greeting
        self._state = State(place=self._memory.as_left(start), window=start_window, notice=notice)
        self._link = Link()
        self._answers: dict[ViewName, tuple[wire.Answer, float]] = {}
        self._scales = Scales()
        self._listings = Listings()
        self._grammar = keymap or Keymap()
        self._effects: dict[str, Callable[[], None]] = {
            "quit": self.exit,
            "leave": self.exit,
            "give_up": self.exit,
            "repaint": self._resend,
            "copy": self._copy,
            "copy_command": self._copy_command,
            "copy_text": lambda: self._become(self._copied("\n".join(self._state.page))),
            "write": lambda: self._become(hands.suggestion(self._state, self._clock)),
        }
        """What an action does beside the state: by its id."""
        self._client = client
        self._feed = Feed(client, self._on_answer, self._on_link, pause=self._tempo.pause)
        self._helm = Helm(
            client,
            Console(
                state=lambda: self._state,
                frame=lambda: self.frame,
                become=self._become,
                show=lambda: self._surface.show(is_answer=True),
                copied=self._copied,
                run=self._begin,
                later=partial(self._tempo.later, self),
                write=self._write,
            ),
            self._grammar,
            self._clock,
            self._tempo.now_s,
            environ,
        )
        desk = Desk(
            lambda: self._state,
            lambda: self.frame,
            self._become,
            self._helm.acting.order_step,
            self._helm.tell,
            self._begin,
            partial(self._tempo.later, self),
            lambda event: self.on_key(event) if isinstance(event, Key) else self.on_paste(event),
            self._helm.now_s,
        )
        self._working = Working(client, desk)
        host = Host(
            lambda: self._state,
            lambda: self.frame,
            self._become,
            self._run,
            self._helm.command,
            {**self._helm.words, **self._working.words},
            self.screen_text,
            partial(self.export_screenshot, title="opsconsole"),
        )
        self._effects |= Commands(host, self._grammar).effects
        self._acts = {**self._helm.effects, **self._working.effects}
        """The same for actions that order something, or belong to a prompt."""
        self._question: Question | None = None
        self._cells = CellsCompositor()
        self._surface = Surface(
            self._paint,
            mode=self._mode,
            is_ascii=self._glyphs.is_ascii,
            theme=setting.theme,
            governor=self.governor,
            cells=self._cells,
        )
        self.mismatch: DaemonError | None = None
        """Why this console cannot talk with this daemon at all, once that is known."""

    def get_default_screen(self) -> Board:
        return Board(self._cells)

    def compose(self) -> ComposeResult:
        yield self._surface

    def on_mount(self) -> None:
        self.animation_level = "none"
        if not self.is_headless:
            hangup.watch(self._leave)
        self._tempo.every(self, TICK_S, self._tick)
        self._tempo.every(self, EVERY_S, self._tell_presence)
        self._tell_presence()
        self._ask()

    def on_unmount(self) -> None:
        self._memory.note(self._state.place, self._state.window)
        self._memory.keep()

    @property
    def frame(self) -> Frame:
        """What is on the screen now."""
        _, received_s = self._answers.get(self._state.view, (None, self._clock.monotonic()))
        told = next((each.environment for each, _ in self._answers.values() if isinstance(each, wire.View)), "")
        return Frame(
            state=self._state,
            link=self._link,
            environment=self._environment or told,
            environment_kinds=self._setting.environments,
            keys=self._grammar.names,
            room=(self.size.width, self.size.height - screen.BAR_ROWS),
            terminal_words=" · ".join(filter(None, (self.governor.words, self._own_cpu.words))),
            is_numbers_only=self.governor.is_numbers_only,
            answers={view: answer for view, (answer, _) in self._answers.items()},
            since_s=self._clock.monotonic() - received_s,
            present=self._helm.attending.others,
            permission=self._helm.attending.permission,
            releases=self._helm.attending.releases,
            on_call=self._helm.attending.on_call,
            armed_s=self._helm.attending.armed_s,
            proceeding=self._helm.acting.proceeding,
            done=self._helm.acting.done,
            arming=self._helm.acting.arming,
            now_s=self._helm.now_s(),
            glyphs=self._glyphs,
            scales=self._scales,
            listings=self._listings,
        )

    def on_drained(self) -> None:
        """The terminal has taken what was sent: what had to wait may go."""
        self._surface.settle()

    def on_entered(self) -> None:
        """The terminal's screen is empty: this console has just come to it, or back to it."""
        self._resend()

    def screen_text(self) -> str:
        """The text on the screen, line by line."""
        return self._surface.as_text()

    def on_key(self, event: Key) -> None:
        event.stop()
        self.press(event)

    def press(self, event: Key) -> bool:
        """What a key does; whether it means anything here."""
        printed = event.character if event.character and event.character.isprintable() else None
        if self._state.mode == "browse" and self._helm.acting.swallows(printed or event.key, event.time):
            return False
        if self._state.notice and self._state.mode != "text":
            self._state = replace(self._state, notice="")
        is_small = screen.is_too_small(*self.size)
        context = CONTEXTS["small"] if is_small else context_of(self._state)
        if is_small:
            self._helm.acting.cancel("the prompt was out of sight")
        elif self._state.mode in PROMPTS:
            is_over, going = self._state.mode == "outcome", self._helm.acting.proceeding
            beside = self._helm.prompted(printed or event.key, event.time)
            if beside is not None:
                self._run(beside, event.key)
            return beside is not None or not is_over or self._helm.acting.proceeding is not going
        key = printed if printed is not None and self._grammar.action(context, printed) else event.key
        if context.name == "keys" and key != "ctrl+c":
            self._become(doctor.shown(event, self._state))
            return True
        action = self._grammar.action(context, key)
        if self._working.keeps(event, action.id if action else ""):
            return True
        if context.name == "run" and self._working.takes(key, action.id if action else "", event.time):
            return True
        if action is not None:
            self._run(action, key)
            return True
        return printed is not None and self._typed(context, printed)

    def _run(self, action: Action, key: str) -> None:
        if reason := orders.unavailable(action, self._state, self.frame):
            self._become(replace(self._state, notice=Refusal(reason)))
        elif action.id in self._effects:
            self._effects[action.id]()
        elif action.id in self._acts:
            self._acts[action.id](key)
        else:
            self._become(verbs.verb_of(action)(self._state, key, self.frame, action))

    def _typed(self, context: Context, printed: str) -> bool:
        if context.name in TYPED:
            self._type(printed)
        elif context.name == "jump":
            self._jump(printed)
        else:
            self._surface.show(is_answer=True)
            return False
        return True

    def on_paste(self, event: Paste) -> None:
        """Pasted text is only ever text: it goes into what is being typed, and runs no verb."""
        event.stop()
        if self._state.mode in PROMPTS:
            self._helm.acting.paste()
        elif self._state.mode in ("filter", "command", "form"):
            if self._working.keeps_text(event):
                return
            lines = " ".join(event.text.splitlines())
            self._type("".join(character for character in lines if character.isprintable()))

    def _type(self, text: str) -> None:
        limit = LIMITS.get(self._state.mode, COMMAND_LIMIT)
        is_offered = self._state.mode == "form" and self._state.is_offered
        before = "" if is_offered and text.strip() else self._state.draft
        typed = text.strip() if is_offered else text
        self._become(replace(self._state, draft=(before + typed)[:limit], is_offered=False, choice=0))

    def _jump(self, letter: str) -> None:
        """Move the cursor to the row of this letter."""
        items = verbs.items_of(self._state, self.frame)
        at = JUMP_LETTERS.find(letter)
        rows = self._listings.page
        if 0 <= at < len(rows) and rows.start + at < len(items):
            self._state = self._state.at(cursor=items[rows.start + at].key)
        self._become(replace(self._state, mode="browse"))

    def _become(self, state: State) -> None:
        if state.place.view != self._state.place.view or state.place.service != self._state.place.service:
            self._memory.note(self._state.place, self._state.window)
            if not state.place.cursor:
                state = replace(state, place=self._memory.as_left(state.place))
        self._state = state
        self._ask()
        self._surface.show(is_answer=True)

    # Copies -------------------------------------------------------------------------------------------------------

    def _copy(self) -> None:
        self._become(self._copied(hands.value_of(self._state, self.frame)))

    def _copy_command(self) -> None:
        self._become(self._copied(command_of(self._state, self._home)))

    def _copied(self, text: str) -> State:
        return hands.copy(text, self._state, self._write, self._environ)

    def _write(self, sequence: str) -> None:
        if self._driver is not None:
            self._driver.write(sequence)

    # The daemon ---------------------------------------------------------------------------------------------------

    def _begin(self, task: Task, name: str) -> Worker[None]:
        """In the background; what was begun under that name before is given up."""
        return self.run_worker(self._tempo.begun(task, name), group=name, exclusive=True)

    def _tick(self) -> None:
        self._helm.acting.look()
        self._surface.show()

    def _tell_presence(self) -> None:
        self._memory.keep()
        self._helm.tell()

    def _ask(self) -> None:
        """Let the feed follow what the screen shows now."""
        question = Question(
            self._state.view, tuple(asked(self._state.place, self._state.window, self._state.as_of).items())
        )
        if question != self._question:
            self._question = question
            self._begin(partial(self._feed.follow, question), FEED)

    def _on_answer(self, question: Question, answer: wire.Answer) -> None:
        before = self.frame
        self._answers[question.view] = (answer, self._clock.monotonic())
        self._state = verbs.stayed(self._state, before, self.frame)
        self._working.hear(answer, self._helm.now_s())
        self._surface.show()

    def _on_link(self, link: Link) -> None:
        self._link = link
        if link.word == "foreign":
            self.mismatch = DaemonError(link.message, FOREIGN_REMEDY)
            self.exit(return_code=self.mismatch.exit_code)
        self._surface.show()

    def _paint(self, columns: int, rows: int) -> list[Line]:
        return screen.paint(self.frame, self._grammar, columns, rows)

    def _resend(self) -> None:
        for board in self.screen_stack:
            if isinstance(board, Board):
                board.resend()

    def _leave(self, code: int) -> None:
        self.exit(return_code=code)
