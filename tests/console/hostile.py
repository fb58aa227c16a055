"""Data that want to be obeyed: every free text of every answer begins with something a terminal must never get to see.

``python -m tests.console.hostile 80x24`` walks the console through every view on such data, and leaves by itself.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from itertools import count
from pathlib import Path
from typing import Any, Literal, get_args, get_origin, get_type_hints

import msgspec

if __name__ == "__main__":
    sys.path.insert(0, str(Path(__file__).parent))

from fleet import FakeClient, fleet_view

from opsconsole import wire
from opsconsole.console.app import OpsConsole
from opsconsole.console.place import Place
from opsconsole.console.views.catalog import VIEWS, ViewSpec

PAYLOADS: dict[str, str] = {
    "osc 52 bell": "\x1b]52;c;aGFja2Vk\x07",
    "osc 52 st": "\x1b]52;p;aGFja2Vk\x1b\\",
    "osc 52 question": "\x1b]52;c;?\x07",
    "osc 0 title": "\x1b]0;owned\x07",
    "osc 2 title": "\x1b]2;owned\x1b\\",
    "osc 4 palette": "\x1b]4;1;rgb:00/00/00\x07",
    "osc 7 directory": "\x1b]7;file:///etc\x07",
    "osc 8 link": "\x1b]8;;http://evil\x1b\\link\x1b]8;;\x1b\\",
    "osc 9 notice": "\x1b]9;owned\x07",
    "osc 10 colour": "\x1b]10;#000000\x07",
    "osc 133 prompt": "\x1b]133;A\x07",
    "osc 777 notice": "\x1b]777;notify;a;b\x07",
    "osc 1337 file": "\x1b]1337;File=name=eA==:eA==\x07",
    "osc open": "\x1b]52;c;",
    "csi clear": "\x1b[2J\x1b[H",
    "csi scroll back": "\x1b[3J",
    "csi move": "\x1b[999;999H",
    "csi colour": "\x1b[31;7mred",
    "csi blink hidden": "\x1b[5;8m",
    "csi scroll region": "\x1b[5;6r",
    "csi insert lines": "\x1b[20L",
    "csi repeat": "x\x1b[999999b",
    "csi mode alternate": "\x1b[?1049l",
    "csi mode mouse": "\x1b[?1003h",
    "csi mode paste": "\x1b[?2004l",
    "csi window report": "\x1b[21t",
    "csi open": "\x1b[",
    "dsr cursor": "\x1b[6n",
    "dsr status": "\x1b[5n",
    "device attributes": "\x1b[c\x1b[>c\x1b[=c",
    "decrqss": "\x1bP$qm\x1b\\",
    "dcs sixel": "\x1bPq#0;2;0;0;0#0~~@@vv\x1b\\",
    "dcs tmux": "\x1bPtmux;\x1b\x1b]52;c;QQ==\x07\x1b\\",
    "apc kitty": "\x1b_Ga=T,f=24,s=1,v=1;AAAA\x1b\\",
    "pm and sos": "\x1b^pm\x1b\\\x1bXsos\x1b\\",
    "reset": "\x1bc",
    "charset": "\x1b(0\x0e",
    "save and restore": "\x1b7\x1b8",
    "keypad": "\x1b=\x1b>",
    "lone escape": "\x1b",
    "c1 csi": "\x9b31mred\x9b6n",
    "c1 osc": "\x9d52;c;QQ==\x9c",
    "c1 dcs": "\x90$qm\x9c",
    "c1 others": "\x84\x85\x88\x8d\x8e\x8f\x98\x9e\x9f",
    "carriage return": "good\rbad",
    "line feeds": "two\nlines\x0b\x0c",
    "backspace": "good\x08\x08\x08\x08evil",
    "tab and bell": "a\tb\x07",
    "null and delete": "a\x00b\x7f",
    "shift out": "\x0e\x0f\x11\x13\x18\x1a",
    "line separators": "a\u2028b\u2029c",
    "right to left": "abc\u202egnp.exe",
    "embeddings": "\u202aa\u202bb\u202cc\u202d",
    "isolates": "\u2066x\u2067y\u2068z\u2069",
    "marks": "\u200eL\u200fR\u061c",
    "zero width": "pay\u200bpal\u200c\u200d\ufeff\u2060",
    "invisible": "a\u00ad\u180e\u2061\u2064b",
    "tags": "a\U000e0041\U000e007f",
    "surrogate": "a\ud800b",
    "noncharacter": "a\ufffe\U0010ffff",
    "private": "\ue0b0\U000f0000",
    "zalgo": "z" + "\u0301\u0336" * 100,
    "selector": "✔\ufe0f\ufe0e",
    "keycap": "1\ufe0f\u20e3",
    "flag": "🇩🇪🇩",
    "family": "👨\u200d👩\u200d👧\u200d👦",
    "skin": "👍🏽",
    "jamo": "\u1100\u1161\u11a8",
    "wide": "漢字カタカナ" * 30,
    "overlong": "x" * 10_000,
    "rich markup": "[bold red]x[/bold red][/nope]",
    "rich link": "[link=http://evil]x[/link]",
    "textual action": "[@click=app.quit]x[/]",
    "textual variable": "[$primary on $error]x",
    "emoji code": ":skull:",
}

KEYS = {"alert": "A-3", "incident": "INC-7", "checklist": "error-spike", "run": "RUN-3"}
"""View of one thing → its id."""
_KEPT = frozenset({"window", "metric", "order", "unit", "scale", "dimension"})
"""Texts that the console looks up in tables of its own; the daemon cannot send others."""


@dataclass
class HostileClient(FakeClient):
    """Serves what the fake client serves, with poisoned texts, and takes them back in questions."""

    originals: dict[str, str] = field(default_factory=dict)
    poisoned: dict[str, str] = field(default_factory=dict)
    numbers: Iterator[int] = field(default_factory=count)

    def answer(self, kind: str, parameters: Mapping[str, str]) -> wire.Answer:
        asked = {name: self.originals.get(value, value) for name, value in parameters.items()}
        answer = super().answer(kind, asked)
        return self._walk(answer)

    def place(self, spec: ViewSpec) -> Place:
        """Where a view of poisoned data is."""
        place = Place(spec.name, "" if spec.scope == "fleet" else self.name("chat-assist"))
        if spec.keyed:
            return place.choosing(key=self.name(KEYS[spec.name]))
        if spec.name != "request":
            return place
        requests = self.answer("requests", {"service": place.service, "window": "1h"})
        assert isinstance(requests, wire.RequestsView)
        return place.choosing(key=requests.rows[0].key)

    def of(self, spec: ViewSpec) -> wire.Answer:
        """The answer that the console would get there."""
        place = self.place(spec)
        service = {"service": place.service} if place.service else {}
        return self.answer(spec.name, {"window": "1h", **service, **spec.asks(place)})

    def name(self, text: str) -> str:
        """The text behind the next payload; the same for the same text, so that places and answers still meet."""
        if not text:
            return text
        if text not in self.poisoned:
            payloads = list(PAYLOADS.values())
            self.poisoned[text] = payloads[next(self.numbers) % len(payloads)] + text
            self.originals[self.poisoned[text]] = text
        return self.poisoned[text]

    def _walk(self, struct: Any) -> Any:
        hints = get_type_hints(type(struct))
        changed = {
            name: self._value(getattr(struct, name), hints[name])
            for name in struct.__struct_fields__
            if name not in _KEPT
        }
        return msgspec.structs.replace(struct, **changed)

    def _value(self, value: Any, hint: Any) -> Any:
        if get_origin(hint) is Literal:
            return value
        arguments = get_args(hint)
        if isinstance(value, str):
            return value if any(get_origin(each) is Literal for each in arguments) else self.name(value)
        if isinstance(value, msgspec.Struct):
            return self._walk(value)
        if isinstance(value, tuple):
            inner = [each for each in arguments if each is not Ellipsis] or [Any]
            return tuple(self._value(each, inner[min(i, len(inner) - 1)]) for i, each in enumerate(value))
        if isinstance(value, dict):
            kinds = arguments if len(arguments) == 2 else (Any, Any)
            return {self._value(key, kinds[0]): self._value(each, kinds[1]) for key, each in value.items()}
        return value


class Tour(OpsConsole):
    """The console, walking through its views by itself: a new one whenever the last was painted."""

    def on_mount(self) -> None:
        super().on_mount()
        self._places = iter(self.places())
        self.set_timer(1.0, self._next)

    def places(self) -> Iterator[Place]:
        client = self._client
        assert isinstance(client, HostileClient)
        for spec in VIEWS:
            place = client.place(spec)
            yield place
            for panel in range(1, len(spec.panels) + 1):
                yield place.changed(panel=panel)
            if spec.has_list:
                yield place.changed(filter=PAYLOADS["csi colour"])

    def _next(self) -> None:
        place = next(self._places, None)
        if place is None:
            self.exit()
            return
        self._become(replace(self._state, place=place))
        self.set_timer(0.08, self._next)


def client() -> HostileClient:
    """Every payload reaches some text: the order in which texts are met decides which."""
    return HostileClient(fleet_answer=lambda window: fleet_view(window, names=("chat-assist", "lora-gateway")))


if __name__ == "__main__":
    tour = Tour(client(), environment=PAYLOADS["osc 0 title"])
    tour.run(mouse=False)
    sys.exit(tour.return_code)
