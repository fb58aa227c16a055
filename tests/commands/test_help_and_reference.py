"""Every verb explains itself with examples, and the reference page says what the parser says today."""

from __future__ import annotations

import shlex
from pathlib import Path

import pytest
from commandline import opsconsole

from opsconsole import __version__, errors
from opsconsole.cli import parser
from opsconsole.commands.reference import cli_page, with_actions

PAGE = Path(__file__).resolve().parents[2] / "docs" / "cli.md"
VERBS = [words.prog.split()[1:] for words in with_actions(parser())]


@pytest.mark.parametrize("verb", VERBS, ids=" ".join)
def test_help_of_every_verb_ends_in_examples(verb: list[str]) -> None:
    outcome = opsconsole(*verb, "--help")
    assert (outcome.code, outcome.err) == (0, "")
    _, examples = outcome.out.split("\nexamples:\n")
    assert all(line.startswith("  opsconsole") for line in examples.splitlines())


def examples() -> list[str]:
    return [line.strip() for words in with_actions(parser()) for line in (words.epilog or "").splitlines()[1:]]


@pytest.mark.parametrize("example", sorted(set(examples())))
def test_every_example_is_understood_by_the_parser(example: str) -> None:
    command = example.split("   ")[0].split(" | ")[0].split(" > ")[0]
    parser().parse_args(shlex.split(command)[1:])


def test_home_may_stand_before_or_after_the_verb() -> None:
    for words in (["--home", "/x", "status"], ["status", "--home", "/x"]):
        assert parser().parse_args(words).home == Path("/x")


def test_version_is_printed() -> None:
    outcome = opsconsole("--version")
    assert (outcome.code, outcome.out) == (0, f"opsconsole {__version__}\n")


def test_unknown_verb_is_a_usage_error() -> None:
    outcome = opsconsole("wach")
    assert (outcome.code, outcome.out) == (2, "")
    assert "watch" in outcome.err


def test_committed_reference_is_current() -> None:
    assert PAGE.read_text(encoding="utf-8") == cli_page(), "run `make docs` and commit what changed"


@pytest.mark.parametrize("kind", errors.BY_NAME.values())
def test_every_exit_code_is_in_the_reference(kind: type[errors.OpsConsoleError]) -> None:
    assert f"| {kind.exit_code} | `{kind.__name__}` |" in cli_page()
