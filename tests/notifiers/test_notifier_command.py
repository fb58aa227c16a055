"""A program is told on its stdin, by no shell, and how it ends says whether it is told again."""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path
from typing import Any

import pytest
from telling import built, notice

from opsconsole.errors import ConfigError
from opsconsole.notifiers.base import (
    AuthFailed,
    Busy,
    Indeterminate,
    Message,
    Notifier,
    OutsideError,
    Rejected,
    Unreachable,
)

MESSAGE = Message(notice(), "3f2a9c01d4e5f607")
KEEP = "import sys, os, json; open('told', 'a').write(json.dumps([sys.stdin.read(), dict(os.environ), sys.argv]))"


def program(directory: Path, code: str, *words: str, **changed: Any) -> Notifier:
    environ = {"PATH": os.environ["PATH"], "OTHER": "not for it", "TOKEN": "hunter2-and-more"}
    return built("command", directory, environ, run=[sys.executable, "-c", code, *words], **changed)


def test_a_program_finds_the_notice_on_its_stdin_and_nothing_of_it_in_its_words(tmp_path: Path) -> None:
    hostile = notice(title="$(touch hacked); `touch hacked` && touch hacked")
    notifier = program(tmp_path, KEEP, "--urgent", secrets={"GATEWAY_TOKEN": {"env": "TOKEN"}})
    assert notifier.send(Message(hostile, "id-1")) == "exit 0"
    given, environment, argv = json.loads((tmp_path / "told").read_text())
    document = json.loads(given)
    assert given.count("\n") == 1
    assert (document["title"], document["id"], document["environment"]) == (hostile.title, "id-1", "prod")
    assert argv[1:] == ["--urgent"]
    assert environment["OPSCONSOLE_NOTICE_ID"] == "id-1"
    assert environment["GATEWAY_TOKEN"] == "hunter2-and-more"
    assert "OTHER" not in environment
    assert not (tmp_path / "hacked").exists()


@pytest.mark.parametrize(
    ("code", "kind"),
    [
        ("raise SystemExit(1)", Indeterminate),
        ("raise SystemExit(65)", Rejected),
        ("raise SystemExit(75)", Busy),
        ("raise SystemExit(77)", AuthFailed),
        ("import os; os.kill(os.getpid(), 9)", Indeterminate),
        ("import time; time.sleep(60)", Indeterminate),
    ],
)
def test_how_it_ends_says_whether_it_is_told_again(code: str, kind: type[OutsideError], tmp_path: Path) -> None:
    with pytest.raises(OutsideError) as caught:
        program(tmp_path, code, timeout_s=0.5).send(MESSAGE)
    assert type(caught.value) is kind


def test_a_program_that_does_not_read_keeps_nobody_waiting(tmp_path: Path) -> None:
    big = notice(body="x" * 1_000_000)
    assert program(tmp_path, "pass").send(Message(big, "1")) == "exit 0"


def test_a_secret_that_it_prints_is_masked(tmp_path: Path) -> None:
    code = "import os, sys; sys.exit(os.environ['T'])"
    with pytest.raises(Indeterminate) as caught:
        program(tmp_path, code, secrets={"T": {"env": "TOKEN"}}).send(MESSAGE)
    assert "hunter2" not in caught.value.message
    assert "***" in caught.value.message


def test_a_program_that_is_not_there_is_said(tmp_path: Path) -> None:
    with pytest.raises(Unreachable, match="cannot be run"):
        built("command", tmp_path, run=["/nowhere/program"]).send(MESSAGE)


def test_a_command_has_words(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="run"):
        built("command", tmp_path, run=[])
