"""``docs/keys.md``, made from the tables of the grammar; CI fails when the page is stale."""

from __future__ import annotations

import inspect
import sys
from collections.abc import Callable
from pathlib import Path

from opsconsole import search
from opsconsole.console.grammar import command
from opsconsole.console.grammar.actions import ACTIONS, RESERVED, Action, written
from opsconsole.console.views.catalog import VIEWS, ViewSpec

INTRODUCTION = """\
# Keys

<!-- Generated from src/opsconsole/console/grammar by `make docs`. -->

`?` lists what works where you are, finds it while you type, and runs it. Every default can be changed in
`opsconsole.yaml`:

```yaml
console:
  keys:
    window: W          # action: its key, or several with a blank between
    mark: space m
```

Two actions on one key in one place are refused when the console starts, with both places. No default needs a function
key, Alt or the mouse. Keys that terminals, tmux or screen take for themselves cannot be bound: RESERVED.
"""


def _titles(wanted: Callable[[ViewSpec], bool]) -> str:
    return ", ".join(spec.title for spec in VIEWS if wanted(spec))


SECTIONS: dict[str, str] = {
    "list": "In a list",
    "timed": "Where there is a time axis",
    "panels": "Where there are panels",
    "acts": "Where releases are acted on: " + _titles(lambda spec: spec.acts),
    **{
        f"of:{what}": f"Of {told}: " + _titles(lambda spec, what=what: spec.deals_with == what)  # type: ignore[misc]
        for what, told in (
            ("alert", "an alert"),
            ("incident", "an incident"),
            ("checklist", "a checklist"),
            ("run", "the step of a run"),
            ("drill", "a drill"),
        )
    },
    "of:alert": "Where there is an alert",
    "of:incident": "Where there is an incident",
    "of:checklist": "Where there is a checklist",
    "of:run": "In a checklist's run",
    "of:drill": "In a drill",
    "small": "In a terminal that is too small",
}
"""Trait of a context → the heading of the actions that need it."""


def keys_page() -> str:
    """The whole page, in Markdown."""
    reserved = ", ".join(f"`{written((key,))}`" for key in sorted(RESERVED))
    parts = [INTRODUCTION.replace("RESERVED", reserved)]
    parts.append("## Anywhere in a view\n\n" + _table([each for each in ACTIONS if each.needs <= {"view"}]))
    for trait, title in SECTIONS.items():
        parts.append(f"## {title}\n\n" + _table([each for each in ACTIONS if trait in each.needs]))
    for spec in VIEWS:
        own = [each for each in ACTIONS if f"view:{spec.name}" in each.needs]
        if own:
            parts.append(f"## Only in {spec.title}\n\n" + _table(own))
    typed = [each for each in ACTIONS if any(need.startswith("mode:") for need in each.needs)]
    parts.append("## While something is open\n\n" + _table(typed, with_mode=True))
    parts.append("## The words of a filter\n\n" + _block(search.__doc__))
    parts.append("## The command line\n\n" + _block(command.__doc__))
    return "\n".join(parts)


def _table(actions: list[Action], *, with_mode: bool = False) -> str:
    head = "| key | action | what it does |\n|---|---|---|\n"
    rows = []
    for each in actions:
        mode = next((need[5:] for need in sorted(each.needs) if need.startswith("mode:")), "")
        told = f"{mode}: {each.help}" if with_mode else each.help
        rows.append(f"| {_keys(each)} | `{each.id}` | {told} |\n")
    return head + "".join(rows)


def _keys(action: Action) -> str:
    return " ".join(f"`{part}`" if part != "|" else "`\\|`" for part in written(action.keys).split(" "))


def _block(document: str | None) -> str:
    """The examples of a module's page: what stands indented in it."""
    lines = inspect.cleandoc(document or "").split("\n")
    shown = [line[4:] for line in lines if line.startswith("    ")]
    return "```\n" + "\n".join(shown) + "\n```\n"


def main(words: list[str]) -> None:
    """Write the page to the named file."""
    Path(words[0]).write_text(keys_page(), encoding="utf-8")


if __name__ == "__main__":
    main(sys.argv[1:])
