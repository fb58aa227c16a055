"""The simulated fleet: three worlds, and a target that answers back."""

from __future__ import annotations

from pathlib import Path

import orjson
import pytest
from rehearsing import BACK, SMALL, served, small

from opsconsole.clock import ManualClock
from opsconsole.daemon.drilling.playing import play
from opsconsole.drills.archive import Archive, Run
from opsconsole.drills.cast import Target
from opsconsole.drills.fleet import Fleet
from opsconsole.drills.scenario import Line, Scenario
from opsconsole.drills.target import SimulatedTarget, routing_of
from opsconsole.releases.targets.base import Conflict, Indeterminate, Unreachable
from opsconsole.wire import Routing

START_S = 1_793_588_100.0


def fleet_of(text: str = SMALL) -> tuple[Fleet, Scenario]:
    scenario = small(text).scenario
    return Fleet(scenario, 42, START_S), scenario


def with_effect(effect: str) -> str:
    return SMALL.replace("effect: {errors: {upstream_error: 0.5}}", f"effect: {effect}")


SHARES = {"chat": {"v2": 1.0}, "find": {"v7": 0.9, "v8": 0.1}}


def records(text: str, seconds: int = 60, shares: dict[str, dict[str, float]] = SHARES) -> list[dict[str, object]]:
    """What is logged of the minute after a fault began."""
    fleet, _ = fleet_of(text)
    fleet.begin(shares)
    for at in range(30, 30 + seconds, 10):
        fleet.serve(START_S + at, 10.0, shares)
    return [orjson.loads(line) for line in fleet.logged(START_S + 10_000).get("fleet", [])]


def of_chat(found: list[dict[str, object]]) -> list[dict[str, object]]:
    return [each for each in found if each["service"] == "chat"]


def test_worlds_answer_the_same_requests_of_users(watched: Run) -> None:
    log = watched.log()
    requests = {world: served(log, world, "chat", 0, 240)[0] for world in ("actual", "twin", "worst")}
    assert len(set(requests.values())) == 1
    assert requests["twin"] > 1_000


def test_untouched_drill_is_the_worst_one(watched: Run) -> None:
    log = watched.log()
    assert served(log, "actual", "chat", 0, 240) == served(log, "worst", "chat", 0, 240)
    assert served(log, "twin", "chat", 0, 240)[1] < 20


def test_rollback_brings_the_old_version_back_after_the_lag(worked: Run) -> None:
    log = worked.log()
    while_bad = served(log, "actual", "chat", 30, 60)
    after = served(log, "actual", "chat", 80, 240)
    twin = served(log, "twin", "chat", 80, 240)
    assert while_bad[1] > 0.4 * while_bad[0]
    assert abs(after[1] - twin[1]) <= 2


def test_change_of_what_is_well_does_not_help(mistaken: Run) -> None:
    log = mistaken.log()
    assert served(log, "actual", "chat", 80, 240) == served(log, "worst", "chat", 80, 240)


def test_requests_do_not_depend_on_how_often_they_are_answered() -> None:
    found = []
    for beat in (2, 10):
        fleet, _ = fleet_of()
        for at in range(0, 20, beat):
            fleet.serve(START_S + at, float(beat), SHARES)
        found.append(sorted(fleet.logged(START_S + 10_000)["fleet"]))
    assert found[0] == found[1]


@pytest.mark.parametrize(
    ("effect", "shows"),
    [
        ("{latency: 6}", lambda one: one["latency_ms"] > 8_000),
        ("{errors: {rate_limit: 0.7}}", lambda one: one["status"] == 429),
        ("{errors: {timeout: 0.7}}", lambda one: one["error_type"] == "timeout" and one["latency_ms"] > 29_000),
        ("{cost: 3}", lambda one: one["cost_usd"] is not None and one["cost_usd"] > 0.003),
        ("{output: 5}", lambda one: one["completion_tokens"] is not None and one["completion_tokens"] > 500),
        ("{drift: 0.8}", lambda one: one["features"]["prompt_language"] == "pt"),
        ("{degenerate: 0.8}", lambda one: one["finish_reason"] == "length"),
    ],
)
def test_fault_shows_in_the_records_of_what_it_is_meant_for(effect: str, shows: object) -> None:
    assert callable(shows)
    bad, well = of_chat(records(with_effect(effect))), of_chat(records(SMALL.replace("at: +20s", "at: never")))
    assert sum(map(shows, bad)) > 0.4 * len(bad)
    assert sum(map(shows, well)) < 0.15 * len(well)


def test_lost_records_never_arrive_and_count_as_harm() -> None:
    fleet, _ = fleet_of(with_effect("{lose: 1}"))
    fleet.begin(SHARES)
    served_by = fleet.serve(START_S + 30, 10.0, SHARES)
    logged = [orjson.loads(line) for line in fleet.logged(START_S + 10_000)["fleet"]]
    assert not of_chat(logged)
    assert served_by["actual"]["chat"].bad == served_by["actual"]["chat"].requests > 0


def test_cache_that_is_off_makes_prompts_dearer() -> None:
    without, usual = records(with_effect("{cache: 0}")), records(SMALL.replace("at: +20s", "at: never"))
    assert all(not each["cached_tokens"] for each in of_chat(without))
    assert any(each["cached_tokens"] for each in of_chat(usual))


def test_retries_bring_more_requests_while_something_fails() -> None:
    stormy = of_chat(records(with_effect("{errors: {overloaded: 0.8}, retries: 2}")))
    usual = of_chat(records(SMALL))
    assert len(stormy) > 1.8 * len(usual)


def test_noisy_neighbour_comes_with_its_own_key() -> None:
    noisy = of_chat(records(with_effect("{extra: {rate: 20, key: stolen, region: ap-south-1}}")))
    mine = [each for each in noisy if each["api_key_alias"] == "stolen"]
    assert len(mine) > 800
    assert {each["region"] for each in mine} == {"ap-south-1"}


def test_fault_of_a_provider_hits_every_service_that_uses_it() -> None:
    text = SMALL.replace("service: chat, version: v2, effect", "provider: harbor, effect")
    found = records(text)
    failed = {each["service"] for each in found if each["error_type"] == "upstream_error" and each["status"] == 502}
    assert failed == {"chat", "find"}


def test_fault_grows_as_long_as_it_ramps() -> None:
    text = SMALL.replace("at: +20s", "at: +20s, ramp: 60s")
    early, late = of_chat(records(text, 10)), of_chat(records(text.replace("+20s", "-40s"), 10))
    shares = [sum(each["status"] == 502 for each in found) / len(found) for found in (early, late)]
    assert shares[0] < 0.25 < 0.4 < shares[1]


def target_with(**traits: object) -> tuple[SimulatedTarget, ManualClock, Routing]:
    clock = ManualClock(small().scenario.clock.start)
    behaviour = Target(**traits)  # type: ignore[arg-type]
    target = SimulatedTarget("chat", routing_of({"v1": 1}), behaviour, clock)
    target.begin()
    return target, clock, routing_of({"v2": 1})


def test_target_serves_what_it_said_after_its_lag() -> None:
    target, clock, after = target_with(lag="20s")
    target.apply(target.read(), after, "1")
    assert target.read().routing == after
    clock.advance(19)
    assert target.serving().shares == {"v1": 1}
    clock.advance(1)
    assert target.serving().shares == {"v2": 1}


def test_target_that_lies_says_so_and_serves_as_before() -> None:
    target, clock, after = target_with(lie_first=1)
    target.apply(target.read(), after, "1")
    clock.advance(600)
    assert target.read().routing == after
    assert target.serving().shares == {"v1": 1}


def test_target_refuses_its_first_changes_and_takes_the_next() -> None:
    target, _, after = target_with(fail_first=1)
    with pytest.raises(Unreachable):
        target.apply(target.read(), after, "1")
    target.apply(target.read(), after, "2")
    assert target.read().routing == after


def test_target_that_does_not_answer_has_taken_the_change() -> None:
    target, _, after = target_with(lose_first=1)
    with pytest.raises(Indeterminate):
        target.apply(target.read(), after, "1")
    assert target.read().routing == after


def test_target_that_somebody_else_changed_refuses() -> None:
    target, _, after = target_with()
    before = target.read()
    target.changed_elsewhere(routing_of({"v1": 1, "v3": 1}))
    with pytest.raises(Conflict):
        target.apply(before, after, "1")


def test_target_that_refused_once_is_tried_again_and_then_helps(room: Path) -> None:
    text = SMALL.replace("target: {lag: 10s}", "target: {lag: 10s, fail_first: 1}")
    again = Line(at="+70s", by="bob", run=BACK.run)
    file, run = small(text), Archive(room / "refused").new("small")
    done = play(file, run, (BACK, again), seed=42)
    assert [each["exit_code"] for each in done.spoken] == [10]
    told = [each.data["told"] for each in run.log() if each.kind == "drill.effective"]
    assert told[-2:] == ["refused a change", "serves v1 100 % in 10 s"]
