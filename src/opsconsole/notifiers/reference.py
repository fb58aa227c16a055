"""``docs/notifiers.md``, made from the kinds of notifiers that there are: their options and hazards.

Always true here: nothing about a kind is written down a second time; a test compares the page with the kinds, and reads
each example as the configuration would.
"""

from __future__ import annotations

import sys
from pathlib import Path

from opsconsole.config import fields
from opsconsole.notifiers import backoff, registry
from opsconsole.notifiers.base import Kind
from opsconsole.notifiers.command import ENDINGS
from opsconsole.notifiers.pace import LONGEST_REST_S, MOST_WAITING

INTRODUCTION = f"""\
# Notifiers

<!-- Generated from src/opsconsole/notifiers/ by `make docs`; edit the docstrings there. -->

A notifier is one way to tell people. Each has a name, which alerts, escalations and status updates call it by:

```yaml
notifiers:
  on-call:
    kind: pagerduty
    options: {{routing_key: {{env: PAGERDUTY_ROUTING_KEY}}}}
    severities: [page]
  team:
    kind: slack
    options: {{url: {{file: slack.url}}}}
    services: [chat-assist, doc-search]
```

`opsconsole notify test NAME` tries the way there, `opsconsole notify list` says how each does, and
`opsconsole notify deliveries` who was told what, when, by what. Paths are relative to the home.

Whatever the kind, a notifier keeps these promises:

- **At least once.** What is to be said is in the journal before it is sent. A daemon that was killed sends it again
  after its next start; an answer that got lost means another attempt. Where the other side can tell two attempts to be
  one, it can.
- **In order.** Of one thing one message is under way at a time; that it is over never overtakes that it began, and goes
  to whoever was told that it began.
- **Nobody is told twice** that the same thing fires, unless it became more or less severe.
- **Nobody waits.** Each notifier has a thread of its own; one that hangs delays no other, and nothing else.
- **Tried again** after {backoff.FIRST_S:g} s, 2 s, 4 s … up to {backoff.LONGEST_S / 60:g} minutes, with chance in it.
  What the other side asks for (`Retry-After`) is granted, up to an hour. A notifier that is down is looked at once in
  {LONGEST_REST_S:g} s, not once a message.
- **Given up** at once if the other side refuses the message itself; else after `give_up_hours` and
  {backoff.LEAST_ATTEMPTS} attempts; and, where more than {MOST_WAITING} wait, the least important. `opsconsole doctor`
  says so for a day, and the journal for good.
- **Secrets** come from the environment of the daemon or from a file of mode 0600 that is read at every use, and are
  masked wherever something is shown.
- **Text from data is text.** It mentions nobody, links to nothing and moves no cursor.

If the journal cannot be written, for example because the disk is full, people are told nevertheless.

## Kinds

"""

_OWN = """\
## Your own

A notifier is an object with the members of `opsconsole.notifiers.base.Notifier`, and a `Kind` that says how it is
configured. A package brings it by an entry point; one that cannot be loaded is named where its kind is asked for.

```toml
[project.entry-points."opsconsole.notifiers"]
pager = "my_package:KIND"
```
"""


def notifiers_page() -> str:
    """The page, as Markdown."""
    kinds = sorted(registry.KINDS.built_in.values(), key=lambda kind: kind.name)
    return "\n".join([INTRODUCTION + _table(kinds), *map(_section, kinds), _OWN])


def _table(kinds: list[Kind]) -> str:
    rows = [f"| [`{kind.name}`](#{kind.name}) | {kind.about} | {kind.tested_against} |" for kind in kinds]
    return "\n".join(["| kind | what it is | tested against |", "|---|---|---|", *rows, ""])


def _section(kind: Kind) -> str:
    lines = [f"    {line}".rstrip() for line in kind.example.splitlines()]
    parts = [f"## {kind.name}", "", kind.about, "", "```yaml", "notifiers:", "  on-call:", *lines, "```", ""]
    parts.append(fields.options(kind.options))
    if kind.name == "command":
        meanings = [f"| {code} | {failure.__name__}: {remedy} |" for code, (failure, remedy) in ENDINGS.items()]
        parts += ["| exit code | meaning |", "|---|---|", "| 0 | It is told. |", *meanings, ""]
    if kind.hazards:
        parts += ["Hazards:", "", *(f"- {hazard}" for hazard in kind.hazards), ""]
    return "\n".join(parts)


def main(argv: list[str]) -> None:
    """Write the page to the named file."""
    Path(argv[0]).write_text(notifiers_page(), encoding="utf-8")


if __name__ == "__main__":
    main(sys.argv[1:])
