"""``docs/targets.md``, made from the kinds of targets that there are: their options, abilities and hazards.

Always true here: nothing about a kind is written down a second time; a test compares the page with the kinds, reads
each example as the configuration would, and runs the target that the page shows in full.
"""

from __future__ import annotations

import sys
from pathlib import Path

from opsconsole.config import fields
from opsconsole.releases.targets import registry, templates
from opsconsole.releases.targets.answers import Answer
from opsconsole.releases.targets.base import Kind
from opsconsole.wire import Caps

OWN_TARGET = Path(__file__).resolve().parents[4] / "docs" / "examples" / "own_target.py"

INTRODUCTION = """\
# Targets

<!-- Generated from src/opsconsole/releases/targets/ by `make docs`; edit the docstrings there. -->

A target is the system where a release takes effect. A service names its kind and what that needs to know:

```yaml
services:
  chat-assist:
    release:
      target: file
      options: {path: routing.yaml, unit: relative}
```

Whatever the system, a target keeps these promises, and one suite of tests holds all of them to it:

- Reading changes nothing. Planning sends nothing, and shows exactly what would be sent.
- Right before it sends, it reads again, and refuses if the service is not as it was shown (*moved*).
- What it cannot do it refuses as a whole; no share is rounded away to nothing.
- What may have been sent and was not answered is *indeterminate*: it is read back, and never sent again by itself.
- Secrets come from the environment or from a file of mode 0600, and are masked wherever something is shown.

Paths are relative to the home.

## What each can do

`split`: several versions at once, by weight. `headers`: requests with a header go to a version of their own. `shadow`:
a copy of the traffic goes to a version. `dry run`: the system says what it would do. `effect`: whether a change reaches
users (`serving`) or a registry (`metadata`). `writers`: how the system keeps two of them apart: it compares (`cas`),
takes one change at a time (`busy lock`), or does not (`none`). Some abilities have to be configured.
"""

_PLACEHOLDERS = """\
## Placeholders

In the templates of `command` and `http`. A table inside of words reads `v41=0.9,v42=0.1`, and with `_json` at the end
of its name it is JSON. In a command, `{percents...}` as a word of its own is one word a version. In an HTTP body,
`"{percents}"` as a text of its own is the table itself, and `{weights}` is in the unit that the options name. A brace
that is meant as one is written twice. A read knows `{service}` alone.
"""

_COMMAND_ANSWER = """\
What the `read` command prints is JSON, for example `{"shares": {"v41": 90, "v42": 10}}`:
"""

_OWN = """\
## Your own target in 40 lines

A target is an object with the seven members of `opsconsole.releases.targets.base.Target`, and a `Kind` that says how it
is configured. A package brings it by an entry point; one that cannot be loaded is named where its kind is asked for.

```toml
[project.entry-points."opsconsole.targets"]
table = "own_target:KIND"
```

This one is complete. `tests/releases/targets/contract.py` has the promises above as claims; hold yours to them as
`tests/releases/targets/test_own_target.py` does.
"""


def targets_page() -> str:
    """The page, as Markdown."""
    kinds = sorted(registry.built_in().values(), key=lambda kind: kind.name)
    own = f"```python\n{OWN_TARGET.read_text(encoding='utf-8')}```\n"
    return "\n".join([INTRODUCTION, _table(kinds), _placeholders(), *map(_section, kinds), _OWN, own])


def _table(kinds: list[Kind]) -> str:
    rows = [f"| [`{kind.name}`](#{kind.name}) | {' | '.join(_abilities(kind.caps))} |" for kind in kinds]
    heading = "| kind | split | headers | shadow | dry run | effect | writers | tested against |"
    return "\n".join([heading, "|---|---|---|---|---|---|---|---|", *rows, ""])


def _abilities(caps: Caps) -> list[str]:
    able = ["yes" if is_able else "–" for is_able in (caps.split, caps.headers, caps.shadow, caps.dry_run)]
    return [*able, caps.scope, caps.guarding, caps.tested_against]


def _placeholders() -> str:
    rows = [f"| `{{{name}}}` | {meaning} |" for name, meaning in templates.PLACEHOLDERS.items()]
    return "\n".join([_PLACEHOLDERS, "| placeholder | stands for |", "|---|---|", *rows, ""])


def _section(kind: Kind) -> str:
    parts = [f"## {kind.name}", "", kind.about, ""]
    if kind.example:
        lines = [f"      {line}".rstrip() for line in kind.example.splitlines()]
        parts += ["```yaml", "services:", "  chat-assist:", "    release:", *lines, "```", ""]
    parts.append(fields.options(kind.options))
    if kind.name == "command":
        parts += [_COMMAND_ANSWER, fields.table(Answer), ""]
    if kind.hazards:
        parts += ["Hazards:", "", *(f"- {hazard}" for hazard in kind.hazards), ""]
    return "\n".join(parts)


def main(argv: list[str]) -> None:
    """Write the page to the named file."""
    Path(argv[0]).write_text(targets_page(), encoding="utf-8")


if __name__ == "__main__":
    main(sys.argv[1:])
