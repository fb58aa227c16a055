"""A console that may act was armed by its person, by name, and not long ago."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Literal

import pytest

from opsconsole.clock import ManualClock
from opsconsole.config.settings import AccessSetting
from opsconsole.environment import environment_kind
from opsconsole.errors import RequestRefused, UsageError
from opsconsole.releases import arming
from opsconsole.releases.access import Access, Person
from opsconsole.releases.arming import Arms

NOW = datetime(2026, 2, 3, 12, tzinfo=UTC)
ANN = Person(name="ann", uid=1000)
BOB = Person(name="bob", uid=1001)
EVE = Person(name="eve", uid=1002)


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock(NOW)


def arms(
    clock: ManualClock, environment: str = "eu-prod-2", read_only: Literal["auto", "never", "always"] = "auto"
) -> Arms:
    setting = AccessSetting(operators=("ann", "bob"), read_only=read_only, arm_minutes=15)
    return Arms(Access(setting, 1), clock, environment, environment_kind(environment))


@pytest.mark.parametrize(
    ("environment", "read_only", "must_arm"),
    [
        ("eu-prod-2", "auto", True),
        ("staging", "auto", False),
        ("", "auto", False),
        ("eu-prod-2", "never", False),
        ("staging", "always", True),
    ],
)
def test_where_a_console_has_to_be_armed(
    clock: ManualClock, environment: str, read_only: Literal["auto", "never", "always"], must_arm: bool
) -> None:
    these = arms(clock, environment, read_only)
    assert these.is_read_only(ANN, "a") is must_arm
    assert these.is_read_only(EVE, "a")


def test_an_armed_console_acts_until_its_time_is_over_and_no_other_does(clock: ManualClock) -> None:
    these = arms(clock)
    permission = these.arm(ANN, "a", "eu-prod-2")
    assert (permission.actor, permission.roles, permission.is_read_only) == ("ann", ("viewer", "operator"), False)
    assert (permission.armed_until, permission.environment) == (NOW + timedelta(minutes=15), "eu-prod-2")
    assert these.is_armed(ANN, "a")
    assert not these.is_armed(ANN, "b")
    assert not these.is_armed(BOB, "a")
    clock.advance(15 * 60 - 1)
    assert not these.is_read_only(ANN, "a")
    clock.advance(1)
    assert these.is_read_only(ANN, "a")
    assert these.permission(ANN, "a").armed_until is None


def test_arming_again_begins_anew(clock: ManualClock) -> None:
    these = arms(clock)
    these.arm(ANN, "a", "eu-prod-2")
    clock.advance(600)
    assert these.arm(ANN, "a", "eu-prod-2").armed_until == NOW + timedelta(minutes=25)


def test_a_console_that_is_locked_is_locked_at_once_and_says_whether_it_was_armed(clock: ManualClock) -> None:
    these = arms(clock)
    these.arm(ANN, "a", "eu-prod-2")
    assert not these.lock(BOB, "a")
    assert these.lock(ANN, "a")
    assert not these.is_armed(ANN, "a")
    assert not these.lock(ANN, "a")


def test_a_console_that_locked_itself_is_told_once(clock: ManualClock) -> None:
    these = arms(clock)
    these.arm(ANN, "a", "eu-prod-2")
    clock.advance(60)
    these.arm(BOB, "b", "eu-prod-2")
    assert these.expired() == ()
    clock.advance(14 * 60)
    assert [(each.person, each.console) for each in these.expired()] == [(ANN, "a")]
    assert these.expired() == ()
    assert these.is_armed(BOB, "b")


@pytest.mark.parametrize("typed", ["", "eu-prod", "EU-PROD-2", "eu-prod-2 ", "y"])
def test_other_words_than_the_environments_name_arm_nothing(clock: ManualClock, typed: str) -> None:
    these = arms(clock)
    with pytest.raises(RequestRefused, match="is not the name of this environment") as refused:
        these.arm(ANN, "a", typed)
    assert refused.value.remedy == "Type eu-prod-2."
    assert not these.is_armed(ANN, "a")


def test_a_viewer_arms_nothing_whatever_they_type(clock: ManualClock) -> None:
    with pytest.raises(RequestRefused, match=r"eve may not arm a console: `access\.operators`"):
        arms(clock).arm(EVE, "a", "eu-prod-2")


def test_an_environment_without_a_name_cannot_be_armed_and_says_what_to_do(clock: ManualClock) -> None:
    with pytest.raises(RequestRefused, match="this one has none") as refused:
        arms(clock, "", "always").arm(ANN, "a", "")
    assert "environment: prod" in refused.value.remedy


def test_people_behind_one_account_do_not_arm_each_others_consoles(clock: ManualClock) -> None:
    setting = AccessSetting(operators=("ops",))
    these = Arms(Access(setting, 1), clock, "prod", "prod")
    ann = Person(name="ops", uid=5, key="SHA256:a", called="ann")
    these.arm(ann, "a", "prod")
    assert not these.is_armed(Person(name="ops", uid=5, key="SHA256:b", called="bob"), "a")


def test_names_and_numbers_of_consoles_are_bounded(clock: ManualClock, monkeypatch: pytest.MonkeyPatch) -> None:
    these = arms(clock)
    for console in ("", "x" * 201):
        with pytest.raises(UsageError, match="200 characters"):
            these.arm(ANN, console, "eu-prod-2")
    monkeypatch.setattr(arming, "MOST_ARMED", 2)
    these.arm(ANN, "a", "eu-prod-2")
    these.arm(ANN, "b", "eu-prod-2")
    with pytest.raises(RequestRefused, match="2 consoles are armed already"):
        these.arm(ANN, "c", "eu-prod-2")
    these.arm(ANN, "b", "eu-prod-2")
    clock.advance(3600)
    these.arm(ANN, "c", "eu-prod-2")
