"""The reference page of the command line, from the very parser that reads it; CI fails when the page is stale."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator
from pathlib import Path

from opsconsole import errors
from opsconsole.cli import parser

_INTRODUCTION = """\
# The command line

Generated from the parser by `make docs`. Answers go to stdout and everything said beside them to stderr, so what a pipe
receives is data alone. `--home` and `--help` work with every verb.
"""
_OF_EVERY_VERB = {"home", "help"}
_EXIT_CODES = """\
## Exit codes

| code | error | meaning |
|---|---|---|
| 0 | | it was done; for `doctor`: nothing is wrong |
| 1 | `OpsConsoleError` | anything without a code of its own; for `doctor`: something is wrong; \
for `version reproduce --strict`: something is missing; for `incident list --overdue`: something is; \
for `drill replay`: it went otherwise |
"""
_MEANINGS: dict[type[errors.OpsConsoleError], str] = {
    errors.UsageError: "the command's words are off",
    errors.ConfigError: "`opsconsole.yaml` or a mapping cannot be read as it is",
    errors.InputError: "a log is missing or cannot be understood, or one of several that were named",
    errors.DaemonError: "the daemon cannot be started or reached",
    errors.RequestRefused: "the daemon answered, and said no",
    errors.QueryError: "SQL that is refused, or that is not read-only",
    errors.StoreError: "the store cannot be opened, or is of a version that cannot be migrated",
    errors.JournalError: "the journal's chain is broken",
    errors.ChecklistError: "a checklist has errors, a rule of it said no, or a step failed",
    errors.NotDelivered: "somebody could not be told",
    errors.ReleaseRefused: "a rule said no, and nothing was sent or written",
    errors.WorldMoved: "the target is not as it was shown, and nothing was sent",
    errors.ReleaseIndeterminate: "it was sent, and what became of it cannot be read back yet",
    errors.NotEffective: "it was sent, and the target or the traffic says otherwise",
    errors.ReleaseError: "a release's target cannot be read, or failed",
}


def cli_page() -> str:
    """The whole page, in Markdown."""
    return "\n".join([_INTRODUCTION, *(_section(words) for words in with_actions(parser())), _exit_codes()])


def with_actions(words: argparse.ArgumentParser) -> Iterator[argparse.ArgumentParser]:
    """A parser and those of its verbs and their actions, in the order of the help."""
    yield words
    for group in _verbs(words):
        for each in group.choices.values():
            yield from with_actions(each)


def _verbs(words: argparse.ArgumentParser) -> list[argparse._SubParsersAction[argparse.ArgumentParser]]:
    return [action for action in words._actions if isinstance(action, argparse._SubParsersAction)]


def _section(words: argparse.ArgumentParser) -> str:
    lines = [f"## `{words.prog}`", "", words.description or "", "", "```", _usage(words), "```", ""]
    for group in _verbs(words):
        lines += [f"| {str(group.metavar).lower()} | what it does |", "|---|---|"]
        lines += [f"| `{choice.dest}` | {_cell(choice.help)} |" for choice in group._choices_actions]
        lines.append("")
    if options := list(_options(words)):
        lines += ["| option | default | meaning |", "|---|---|---|", *options, ""]
    examples = (words.epilog or "").removeprefix("examples:\n")
    return "\n".join([*lines, "```", *(line.removeprefix("  ") for line in examples.splitlines()), "```", ""])


def _usage(words: argparse.ArgumentParser) -> str:
    parts = [words.prog]
    for action in words._actions:
        if isinstance(action, argparse._SubParsersAction):
            parts.append(str(action.metavar) if action.required else f"[{action.metavar}]")
        elif not action.option_strings:
            parts.append(f"{_metavar(action)} …" if action.nargs == "+" else _metavar(action))
    return " ".join([*parts, "[option …]"])


def _options(words: argparse.ArgumentParser) -> Iterator[str]:
    is_whole = " " not in words.prog
    for action in words._actions:
        if isinstance(action, argparse._SubParsersAction) or (action.dest in _OF_EVERY_VERB and not is_whole):
            continue
        names = ", ".join(action.option_strings) or _metavar(action)
        if action.option_strings and action.nargs != 0:
            names = f"{names} {_metavar(action)}"
        meaning, _, default = (action.help or "").partition(" (default: ")
        yield f"| `{_cell(names)}` | {_cell(default.removesuffix(')'))} | {_cell(meaning)} |"


def _metavar(action: argparse.Action) -> str:
    if action.choices is not None:
        return "{" + ",".join(str(choice) for choice in action.choices) + "}"
    return str(action.metavar or action.dest.upper())


def _cell(text: str | None) -> str:
    return (text or "").replace("|", "\\|")


def _exit_codes() -> str:
    rows = (f"| {kind.exit_code} | `{kind.__name__}` | {meaning} |\n" for kind, meaning in _MEANINGS.items())
    return _EXIT_CODES + "".join(rows) + "| 130 | | Ctrl+C |\n"


def main(words: list[str]) -> None:
    """Write the page to the named file."""
    Path(words[0]).write_text(cli_page(), encoding="utf-8")


if __name__ == "__main__":
    main(sys.argv[1:])
