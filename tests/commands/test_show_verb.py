"""``show`` prints what the console shows of any view, as text or as JSON, and says what a view is of."""

from __future__ import annotations

from pathlib import Path

import pytest
from commandline import opsconsole

from opsconsole import wire
from opsconsole.console.views.catalog import VIEWS

OF_ONE = [spec.name for spec in VIEWS if spec.scope == "service"]


@pytest.mark.parametrize(
    "spec", [spec for spec in VIEWS if spec.name != "request" and not spec.keyed], ids=lambda spec: spec.name
)
def test_every_view_is_printed_and_given_as_json(full_home: Path, spec) -> None:  # type: ignore[no-untyped-def]
    words = [spec.name, *(["chat"] if spec.scope != "fleet" else []), "--home", full_home]
    if spec.is_timed:
        words += ["--window", "all"]
    page = opsconsole("show", *words)
    assert (page.code, page.err) == (0, "")
    assert len(page.out.splitlines()) >= 3
    answer = opsconsole("show", *words, "--json").decoded(wire.ANSWERS[spec.name])
    assert answer.revision > 0


def test_a_page_for_a_pipe_has_no_escape_and_no_trailing_blanks(full_home: Path) -> None:
    out = opsconsole("show", "service", "chat", "--window", "all", "--home", full_home).out
    assert "\x1b" not in out
    assert all(line == line.rstrip() for line in out.splitlines())
    assert "chat" in out


def test_a_filter_leaves_only_what_it_says(full_home: Path) -> None:
    out = opsconsole("show", "fleet", "--filter", "!chat", "--window", "all", "--home", full_home).out
    assert "no service matches" in out


def test_a_view_as_of_a_moment_ends_there(full_home: Path) -> None:
    view = opsconsole(
        "show", "service", "chat", "--as-of", "2026-11-20T10:05", "--window", "15m", "--json", "--home", full_home
    ).decoded(wire.ServiceView)
    assert view.as_of is not None
    assert view.end == view.as_of
    assert 250 <= view.total.requests <= 300


@pytest.mark.parametrize("view", OF_ONE)
def test_a_view_of_one_service_says_that_it_needs_one(full_home: Path, view: str) -> None:
    outcome = opsconsole("show", view, "--home", full_home)
    assert outcome.code == 2
    assert f"opsconsole show {view} SERVICE" in outcome.err


def test_a_view_of_all_services_takes_none(full_home: Path) -> None:
    outcome = opsconsole("show", "fleet", "chat", "--home", full_home)
    assert outcome.code == 2
    assert "Leave 'chat' out" in outcome.err


def test_a_choice_without_a_value_says_how_to_write_one(full_home: Path) -> None:
    outcome = opsconsole("show", "service", "chat", "--choose", "order", "--home", full_home)
    assert outcome.code == 2
    assert "NAME=VALUE" in outcome.err
