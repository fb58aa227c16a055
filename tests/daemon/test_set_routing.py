"""Headers and copies on the command line: what is written reaches the target; what it cannot do is said in words."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from doors import Said, listening, opsconsole
from gated import OLI, SERVICE, Gated, gated

from opsconsole.cli import parser
from opsconsole.commands.release import order_of
from opsconsole.errors import UsageError


@pytest.fixture
def home() -> Iterator[Gated]:
    directory = Path(tempfile.mkdtemp(prefix="ocs-", dir="/tmp"))
    try:
        with gated(directory, evidence_requests=0) as made, listening(made.daemon, OLI):
            yield made
    finally:
        shutil.rmtree(directory)


def release_set(home: Gated, *words: str) -> Said:
    return opsconsole(home.daemon, "release", "set", SERVICE, *words, "--yes-i-mean", SERVICE)


def test_headers_and_copies_are_written_and_shown(home: Gated) -> None:
    words = ("v41=9", "v42=1", "--header", "X-Team: canary=v42", "--header", "X-Team: a=b=v43", "--shadow", "v43=5%")
    planned = opsconsole(home.daemon, "release", "plan", "set", SERVICE, *words)
    assert planned.code == 0, planned
    assert "X-Team: canary → v42; X-Team:" in planned.out
    assert "copied: v43 5%" in " ".join(planned.out.split())
    assert "--header 'X-Team: a=b=v43' --shadow v43=5" in planned.out
    assert "X-Team" not in home.routing.read_text()
    done = release_set(home, *words)
    assert (done.code, done.out[:5]) == (0, "done:"), done
    assert home.routing.read_text() == (
        '# shares\nchat: {v41: 90, v42: 10, v43: 0}\n'
        'routes: {"X-Team: canary": v42, "X-Team: a=b": v43}\ncopies: {v43: 5}\n'
    )  # fmt: skip


def test_what_is_not_named_goes_and_the_plan_shows_it(home: Gated) -> None:
    assert release_set(home, "v41=1", "--header", "X-Team: canary=v42").code == 0
    planned = opsconsole(home.daemon, "release", "plan", "set", SERVICE, "v41=1")
    assert "now         v41 100%; X-Team: canary → v42\nthen        v41 100%\n" in planned.out
    assert "undo        opsconsole release rollback chat" in planned.out
    assert release_set(home, "v41=1").code == 0
    assert 'routes: {"X-Team: canary": null}' in home.routing.read_text()


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["--header", "X-Team: canary=v42"], "this target cannot route by header"),
        (["--shadow", "v42=5"], "this target cannot copy traffic to a version"),
    ],
)
def test_a_target_without_a_place_for_it_refuses_it_in_words(words: list[str], told: str) -> None:
    directory = Path(tempfile.mkdtemp(prefix="ocs-", dir="/tmp"))
    try:
        with gated(directory, options={}) as home, listening(home.daemon, OLI):
            before = home.routing.read_text()
            done = release_set(home, "v41=1", *words)
            assert (done.code, told in done.out) == (10, True), done
            assert home.routing.read_text() == before
    finally:
        shutil.rmtree(directory)


@pytest.mark.parametrize(
    "words",
    [
        ["v41"],
        ["=5"],
        ["v41=-1"],
        ["v41=nan"],
        ["v41=inf"],
        ["v41=1", "--header", "X-Team=v42"],
        ["v41=1", "--header", "X Team: canary=v42"],
        ["v41=1", "--header", "X-Team: canary"],
        ["v41=1", "--header", "X-Team: =v42"],
        ["v41=1", "--header", ": canary=v42"],
        ["v41=1", "--shadow", "v42"],
        ["v41=1", "--shadow", "v42=0"],
        ["v41=1", "--shadow", "v42=101"],
    ],
)
def test_a_word_that_cannot_be_meant_says_how_it_is_written(words: list[str]) -> None:
    arguments = parser().parse_args(["release", "set", SERVICE, *words])
    with pytest.raises(UsageError) as refused:
        order_of(arguments)
    assert refused.value.remedy.startswith("Write ")
