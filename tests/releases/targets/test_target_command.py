"""Command targets in front of programs that end, hang, fail, die and leave children behind."""

from __future__ import annotations

import os
import time
from pathlib import Path

import pytest
from subjects import ROLLED_BACK, SECRET, CommandSubject, built

from opsconsole.errors import ConfigError
from opsconsole.releases.targets.base import (
    Busy,
    Conflict,
    Indeterminate,
    Rejected,
    TargetError,
    Unreachable,
    Unsupported,
)
from opsconsole.wire import Routing


def failing(directory: Path, fault: str, **options: object) -> CommandSubject:
    return CommandSubject(directory, environment={"FAULT": fault}, **options)


@pytest.mark.parametrize(
    ("fault", "expected"),
    [
        ("apply:hang", Indeterminate),
        ("apply:die", Indeterminate),
        ("apply:refuse", Indeterminate),
        ("apply:half:refuse", Indeterminate),
        ("apply:busy", Busy),
        ("apply:rejected", Rejected),
    ],
)
def test_a_change_that_fails_is_told_for_what_it_is_and_made_once(
    fault: str, expected: type[TargetError], tmp_path: Path
) -> None:
    subject = failing(tmp_path, fault, timeout_s=1)
    before = subject.target.read()
    with pytest.raises(TargetError) as caught:
        subject.target.apply(before, ROLLED_BACK, "op-1")
    assert type(caught.value) is expected
    assert SECRET not in str(caught.value)
    assert caught.value.remedy
    assert len(subject.received()) == 1


def test_half_a_change_is_read_back_as_it_is(tmp_path: Path) -> None:
    subject = failing(tmp_path, "apply:half:refuse")
    with pytest.raises(Indeterminate):
        subject.target.apply(subject.target.read(), ROLLED_BACK, "op-1")
    assert subject.target.read().routing.shares == {"v41": 0.5, "v42": 0.5}


@pytest.mark.parametrize(
    ("fault", "expected", "complaint"),
    [
        ("read:hang", Unreachable, "no answer within 1 s"),
        ("read:die", Rejected, "SIGKILL"),
        ("read:refuse", Rejected, r"no such version, says \*\*\*"),
        ("read:busy", Unreachable, "exit 4"),
        ("read:garble", Rejected, "not the JSON"),
        ("read:talk", Rejected, "more than 1,000,000 bytes"),
    ],
)
def test_a_read_that_fails_says_why(fault: str, expected: type[TargetError], complaint: str, tmp_path: Path) -> None:
    with pytest.raises(expected, match=complaint) as caught:
        failing(tmp_path, fault, timeout_s=1).target.read()
    assert type(caught.value) is expected


def test_at_the_deadline_the_whole_group_is_killed(tmp_path: Path) -> None:
    subject = failing(tmp_path, "apply:hang_and_ignore", timeout_s=1)
    before = subject.target.read()
    with pytest.raises(Indeterminate, match="ended at its deadline"):
        subject.target.apply(before, ROLLED_BACK, "op-1")
    assert is_gone(int(subject.path.with_suffix(".child").read_text()))


def is_gone(process: int) -> bool:
    for _ in range(200):
        try:
            state = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[0]
        except (FileNotFoundError, ProcessLookupError):
            return True
        if state == "Z":
            return True
        time.sleep(0.01)
    return False


def test_a_child_that_keeps_the_pipes_open_does_not_hold_up_the_answer(tmp_path: Path) -> None:
    subject = failing(tmp_path, "apply:leave_a_child", timeout_s=4)
    subject.target.apply(subject.target.read(), ROLLED_BACK, "op-1")
    assert subject.target.read().routing.shares["v41"] == 1


def test_the_commands_own_comparison_catches_who_comes_between(tmp_path: Path) -> None:
    before = CommandSubject(tmp_path).target.read()
    stale = tmp_path / "stale.json"
    stale.write_text('{"shares": {"v41": 90, "v42": 10}, "token": "first"}')
    subject = CommandSubject(tmp_path, read=["cat", str(stale)])
    subject.meddle()
    with pytest.raises(Conflict, match="exit 3"):
        subject.target.apply(before, ROLLED_BACK, "op-1")
    assert subject.target.caps.guarding == "cas"


def test_no_shell_reads_what_a_version_is_called(tmp_path: Path) -> None:
    subject = CommandSubject(tmp_path)
    bad = f"v42; touch {tmp_path}/owned; $(touch {tmp_path}/owned)"
    subject.target.apply(subject.target.read(), Routing(shares={bad: 1.0}), "op-1")
    assert subject.target.read().routing.shares == {bad: 1.0}
    assert not (tmp_path / "owned").exists()


@pytest.mark.parametrize("version", ["--force", "v1\0"])
def test_a_version_that_a_program_would_take_for_an_option_is_refused(version: str, tmp_path: Path) -> None:
    subject = CommandSubject(tmp_path)
    with pytest.raises(Unsupported, match="cannot stand for"):
        subject.target.apply(subject.target.read(), Routing(shares={version: 1.0}), "op-1")
    assert subject.received() == []


def test_a_program_gets_a_bare_environment_and_the_secrets_that_are_named(tmp_path: Path) -> None:
    subject = CommandSubject(tmp_path, environment={"REGION": "eu"})
    subject.target.apply(subject.target.read(), ROLLED_BACK, "op-1")
    environment = subject.log()[-1]["environment"]
    assert environment.pop("LC_CTYPE", "C.UTF-8") == "C.UTF-8"
    assert environment == {
        "PATH": "/usr/bin:/bin",
        "LANG": "C.UTF-8",
        "REGION": "eu",
        "ROUTER_TOKEN": SECRET,
        "OPSCONSOLE_OP_ID": "op-1",
    }
    assert os.environ.keys() - environment.keys()


def test_a_program_that_is_not_there_was_not_started(tmp_path: Path) -> None:
    target = built("command", tmp_path, read=["no-such-program"], apply=["no-such-program"])
    with pytest.raises(Unreachable, match="cannot be run"):
        target.read()


def test_what_has_no_dry_run_says_so(tmp_path: Path) -> None:
    subject = CommandSubject(tmp_path, dry_run=[])
    assert not subject.target.caps.dry_run
    with pytest.raises(Unsupported, match="no dry run"):
        subject.target.rehearse(subject.target.read(), ROLLED_BACK)


GOOD = {"read": ["r"], "apply": ["w"]}


@pytest.mark.parametrize(
    ("options", "complaint", "remedy"),
    [
        ({"apply": ["w", "{weights}"]}, "no placeholder {weights}", "Known here"),
        ({"apply": ["w", "{shares_jsn}"]}, "no placeholder {shares_jsn}", "`shares_json`"),
        ({"apply": ["w", "--to={shares...}"]}, "a word of its own", "Split it"),
        ({"apply": ["w", "{version!r}"]}, "more than a name", "twice"),
        ({"apply": ["w", "{"]}, "'{'", "twice"),
        ({"read": ["r", "{version}"]}, "no placeholder {version}", "service"),
        ({"apply": "w --to {version}"}, "Expected `array`", "docs/targets.md"),
        ({"apply": []}, "length >= 1", "docs/targets.md"),
        ({"exits": {0: "busy"}}, "Expected `int` >= 1", "docs/targets.md"),
        ({"exits": {1: "fine"}}, "Invalid enum value", "docs/targets.md"),
        ({"secrets": {"T": "hunter2"}}, "options.secrets[...]", "A secret never stands in this file"),
        ({"secrets": {"T": {"env": "A", "file": "b"}}}, "either `{env: NAME}`", "A secret never stands"),
    ],
)
def test_options_that_cannot_be_right_are_refused_when_they_are_read(
    options: dict[str, object], complaint: str, remedy: str, tmp_path: Path
) -> None:
    with pytest.raises(ConfigError) as caught:
        built("command", tmp_path, **(GOOD | options))
    assert complaint in caught.value.message
    assert "hunter2" not in str(caught.value)
    assert remedy in caught.value.remedy
