"""Releases through the whole daemon: over the API, on a real routing file, judged by the records that arrive."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path

import duckdb
import pytest
from calls import write_calls
from gated import ADA, AMY, OLI, OTTO, SERVICE, VERA, Gated, gated
from msgspec.structs import replace

from opsconsole import wire
from opsconsole.client import AsyncClient
from opsconsole.config.settings import AnalysisSetting, StepSetting
from opsconsole.errors import JournalError, ReleaseError, ReleaseRefused, RequestRefused, StoreError, UsageError
from opsconsole.releases.access import Person
from opsconsole.store import baselines


@pytest.fixture
def demo(tmp_path: Path) -> Iterator[Gated]:
    with gated(tmp_path, evidence_requests=0) as made:
        yield made


def rules(told: wire.Plan | wire.Outcome) -> list[str]:
    return [each.rule for each in told.refusals]


# Who may --------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("person", "word"),
    [(None, "done"), (OLI, "done"), (OTTO, "done"), (ADA, "done"), (VERA, "refused"), (AMY, "refused")],
    ids=["owner", "operator", "operator by group", "admin", "viewer", "approver"],
)
def test_operators_release_and_all_others_are_told_the_rule(demo: Gated, person: Person | None, word: str) -> None:
    plan = demo.plan("promote", "v42", person)
    outcome = demo.apply(plan, person)
    assert outcome.word == word
    assert ("role" in rules(plan)) == (word == "refused")
    assert demo.shares == ({"v42": 1.0} if word == "done" else {"v41": 0.9, "v42": 0.1})
    assert ("release.started" in demo.kinds) == (word == "done")


def test_a_high_risk_takes_the_yes_of_somebody_else_to_exactly_this_change(tmp_path: Path) -> None:
    with gated(tmp_path, risk="high", evidence_requests=0) as home:
        plan = home.plan("promote", "v42", OLI)
        assert (rules(plan), plan.confirm_with) == (["approval"], SERVICE)
        for person, told in ((OLI, "may not approve"), (VERA, "may not approve")):
            with pytest.raises(ReleaseRefused, match=told):
                home.approve(plan, person)
        approval = home.approve(plan, AMY, note="looked at the evaluation")
        assert (approval.by, approval.service) == ("amy", SERVICE)
        assert [each.told for each in home.view().approvals] == ["promote: v41 90 %, v42 10 % → v42 100 %"]
        assert home.do("promote", "v43", OLI).word == "refused"
        assert home.do("promote", "v42", OLI).word == "done"


def test_only_admins_freeze_and_a_freeze_says_who_until_when_and_why(demo: Gated) -> None:
    for person in (OLI, AMY, VERA):
        with pytest.raises(ReleaseRefused, match="may not freeze"):
            demo.freeze(person, reason="launch")
    until = demo.daemon.clock.now() + timedelta(hours=2)
    demo.freeze(ADA, until=until, reason="launch")
    (refusal,) = demo.plan("promote", "v42", OLI).refusals
    assert (refusal.rule, refusal.why) == ("freeze", f"chat is frozen until {until:%Y-%m-%d %H:%M} UTC: launch (ada)")
    assert [each.reason for each in demo.view().freezes] == ["launch"]
    assert demo.do("rollback", person=OLI).word == "done", "going back is never frozen"
    demo.freeze(ADA, is_lifted=True)
    assert demo.view().freezes == ()


@pytest.mark.parametrize(
    ("fields", "told"),
    [
        ({"service": "chatt"}, "'chatt' has no target"),
        ({"service": "chat\x1b[2J"}, "cannot be printed"),
        ({"reason": "r" * 501}, "longer than 500"),
        ({"reason": "a\nb"}, "cannot be printed"),
        ({"until": "over"}, "is over"),
    ],
)
def test_a_freeze_that_means_nothing_is_refused_in_words(demo: Gated, fields: dict[str, object], told: str) -> None:
    if fields.get("until") == "over":
        fields = {"until": demo.daemon.clock.now()}
    with pytest.raises(UsageError, match=told):
        demo.freeze(ADA, **fields)
    assert "freeze.set" not in demo.kinds


def test_a_freeze_until_a_moment_without_a_zone_is_of_utc_and_harms_no_plan(demo: Gated) -> None:
    until = demo.daemon.clock.now() + timedelta(hours=1)
    demo.freeze(ADA, until=until.replace(tzinfo=None), reason="launch")
    assert demo.view().freezes[0].until == until
    assert rules(demo.plan("promote", "v42", OLI)) == ["freeze"]


def test_a_roll_back_needs_no_store_and_a_promotion_does(demo: Gated, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken() -> None:
        raise duckdb.IOException("could not read from file")

    monkeypatch.setattr(demo.daemon.engine, "reader", broken)
    with pytest.raises(StoreError, match="could not read from file"):
        demo.plan("promote", "v42", OLI)
    plan = demo.plan("rollback", person=OLI)
    assert any("is not known: the store does not answer" in each for each in plan.warnings)
    assert (demo.apply(plan, OLI).word, demo.shares) == ("done", {"v41": 1.0})


# What a client may say ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("via", ["key", "palette", "cli", "api", "checklist", "automation", "drill"])
def test_whatever_door_a_client_names_it_needs_the_approval(tmp_path: Path, via: str) -> None:
    with gated(tmp_path, approvals=1, evidence_requests=0) as home:
        plan = home.plan("promote", "v42", OLI, via=via)
        assert rules(plan) == ["approval"]
        assert plan.order.via == ("api" if via in ("automation", "drill") else via)
        assert home.apply(plan, OLI).word == "refused"
        assert home.shares == {"v41": 0.9, "v42": 0.1}


def test_an_account_that_is_called_like_automation_is_an_account(tmp_path: Path) -> None:
    called = Person(name="rollout", uid=4010, groups=("ops",))
    with gated(tmp_path, approvals=1, evidence_requests=0) as home:
        assert rules(home.plan("promote", "v42", called, via="automation")) == ["approval"]


def test_somebody_elses_plan_cannot_be_executed(demo: Gated) -> None:
    plan = demo.plan("promote", "v42", OLI)
    for person in (OTTO, VERA, ADA, None):
        outcome = demo.apply(plan, person)
        assert (outcome.word, rules(outcome), outcome.told) == ("refused", ["person"], "this plan is oli's")
    assert "release.started" not in demo.kinds
    assert demo.apply(plan, OLI).word == "done"


def test_two_people_behind_one_account_do_not_execute_each_others_plans(demo: Gated) -> None:
    first, second = (
        Person(name="deploy", uid=4011, groups=("ops",), key=f"SHA256:{letter * 43}", called=called)
        for letter, called in (("a", "ann"), ("b", "bea"))
    )
    assert rules(demo.apply(demo.plan("promote", "v42", first), second)) == ["person"]


def test_a_console_that_somebody_else_armed_lends_nothing(tmp_path: Path) -> None:
    with gated(tmp_path, environment="eu-prod", evidence_requests=0) as home:
        home.arm(OLI, "console-of-oli", "eu-prod")
        for person in (OTTO, VERA):
            plan = home.plan("rollback", person=person, console="console-of-oli")
            assert "read-only" in rules(plan)
            assert home.apply(plan, person).word == "refused"
        assert home.do("rollback", person=OLI, console="another of oli's").word == "refused"
        assert "release.started" not in home.kinds
        assert home.do("rollback", person=OLI, console="console-of-oli").word == "done"


@pytest.mark.parametrize(
    ("order", "told"),
    [
        ({"service": "nobody"}, "'nobody' has no target"),
        ({"service": "chat\x1b]0;owned\x07"}, r"the service holds characters that cannot be printed: 'chat\\x1b"),
        ({"service": "c" * 10_000}, "the service is longer than 200"),
        ({"version": "v42\nv43"}, "the version holds characters that cannot be printed"),
        ({"version": "v" * 201}, "the version is longer than 200"),
        ({"version": "\u202ev42"}, "cannot be printed"),
        ({"version": "--force"}, "no version begins with a dash"),
        ({"console": "c" * 201}, "the console's name is longer than 200"),
        ({"override_reason": "because " * 100}, "the reason is longer than 500"),
        ({"override_reason": "because\x9b31m"}, "the reason holds characters that cannot be printed"),
        ({"act": "set", "routing": wire.Routing(shares={"v41": 1.0}, headers={"X-A: b\r\nX-C: d": "v42"})}, "a header"),
        ({"act": "set", "routing": wire.Routing(shares={"v41": 1.0}, headers={"X-A: " + "b" * 500: "v42"})}, "500"),
        ({"act": "set", "routing": wire.Routing(shares={"v41": 1.0}, headers={"X-A: b": "v\x00"})}, "a version"),
        ({"act": "set", "routing": wire.Routing(shares={"v": 1.0}, headers={f"X: {i}": "v" for i in range(33)})}, "32"),
        ({"act": "set", "routing": wire.Routing(shares={f"v{i}": 1.0 for i in range(65)})}, "at most 64 versions"),
        ({"act": "set", "routing": wire.Routing(shares={"v41": 1.0}, shadow={"v42": 1.5})}, "a copy of 150 %"),
        ({"act": "set", "routing": wire.Routing(shares={"v41": -1.0})}, "not a number from 0 up"),
        ({"act": "set", "routing": wire.Routing(shares={})}, "no routing is given"),
        ({"act": "set", "routing": wire.Routing(shares={"": 1.0})}, "a version has no name"),
    ],
)  # fmt: skip
def test_an_order_that_cannot_be_meant_is_refused_in_words(demo: Gated, order: dict[str, object], told: str) -> None:
    with pytest.raises(UsageError, match=told) as refused:
        demo.plan(**{"act": "promote", "person": OLI, **order})  # type: ignore[arg-type]
    assert "\x1b" not in str(refused.value)
    assert len(refused.value.message) < 400
    assert set(demo.kinds) <= {"release.observed"}


def test_a_note_of_an_approval_is_bounded(tmp_path: Path) -> None:
    with gated(tmp_path, approvals=1) as home:
        plan = home.plan("promote", "v42", OLI)
        for note in ("n" * 2_001, "a\x1b[2J"):
            with pytest.raises(UsageError, match="the note"):
                home.approve(plan, AMY, note=note)
        assert "release.approved" not in home.kinds


def test_a_console_keeps_its_place_whoever_else_takes_its_name(demo: Gated) -> None:
    demo.present(OLI, "c1", service=SERVICE, armed="promote v42")
    demo.present(VERA, "c1", service="", armed="")
    assert demo.plan("rollback", person=OTTO, console="c2").others == ("oli (): promote v42",)


# What is shown --------------------------------------------------------------------------------------------------------


def test_the_release_view_says_what_is_deployed_before_and_after(demo: Gated) -> None:
    demo.serve(400, {"v41": 0.9, "v42": 0.1}, over_s=600)
    demo.look()
    before = demo.view(VERA)
    assert (before.target, before.pinned, before.trouble) == ("file routing.yaml", "v41", "")
    assert [(each.version, each.role, each.share) for each in before.deployments][:2] == [
        ("v41", "stable", 0.9),
        ("v42", "canary", 0.1),
    ]
    assert before.deployments[1].observed_share == pytest.approx(0.1, abs=0.02)
    assert [entry.act for entry in before.history] == ["observed"]

    demo.daemon.clock.advance(10)
    outcome = demo.do("promote", "v42", OLI)
    after = demo.view(VERA)
    assert outcome.verdict is not None
    assert outcome.verdict.effect == "pending"
    assert [(each.version, each.role, each.share, each.by) for each in after.deployments][:2] == [
        ("v42", "stable", 1.0, "oli"),
        ("v41", "previous", 0.0, ""),
    ]
    assert after.pinned == "v41"
    assert after.watch is not None
    assert (after.watch.op_id, after.watch.undo.shares["v41"]) == (outcome.op_id, 0.9)
    assert [(entry.act, entry.actor, entry.word) for entry in after.history] == [
        ("promote", "oli", "done"),
        ("observed", "opsconsole", "done"),
    ]
    demo.daemon.clock.advance(15 * 60)
    demo.look()
    assert demo.view().watch is None, "it is watched for fifteen minutes"


def test_a_change_out_of_band_shows_in_the_view_and_on_the_timeline(demo: Gated) -> None:
    demo.serve(60, {"v41": 1.0}, over_s=300)
    demo.look()
    demo.routing.write_text(demo.routing.read_text().replace("v41: 90, v42: 10", "v41: 50, v42: 50"))
    demo.look(2)
    demo.serve(10, {"v41": 1.0}, over_s=1)
    view = demo.view()
    told = "the target says v41 50 %, v42 50 %, not v41 90 %, v42 10 %"
    assert view.out_of_band == told
    assert (view.history[0].act, view.history[0].after) == ("out of band", {"v41": 0.5, "v42": 0.5, "v43": 0.0})
    assert any(told in line for line in demo.timeline()), demo.timeline()
    assert rules(demo.plan("promote", "v42", OLI)) == ["out of band"]
    assert demo.do("promote", "v42", OLI, override_reason="that was me, by hand").word == "done"
    assert demo.view().out_of_band == ""


def test_a_target_that_cannot_be_read_says_so_everywhere(demo: Gated) -> None:
    demo.look()
    demo.routing.unlink()
    demo.look(2)
    view = demo.view()
    assert view.state is None
    assert "No such file" in view.trouble
    assert [each.share for each in view.deployments] == [None] * len(view.deployments)
    with pytest.raises(ReleaseError, match=r"file routing\.yaml cannot be read"):
        demo.plan("rollback", person=OLI)


def test_presence_carries_what_a_console_may_do_and_how_releases_stand(tmp_path: Path) -> None:
    with gated(tmp_path, environment="eu-prod", evidence_requests=0) as home:
        here = home.present(VERA, "v")
        assert here.permission == wire.Permission(
            actor="vera", roles=("viewer",), is_read_only=True, environment="eu-prod"
        )
        assert here.releases == (wire.ReleaseBrief(service=SERVICE, target="file routing.yaml"),)
        assert home.present(OLI, "o").permission.is_read_only  # type: ignore[union-attr]
        home.arm(OLI, "o", "eu-prod")
        allowed = home.present(OLI, "o").permission
        assert allowed is not None
        assert (allowed.is_read_only, allowed.armed_until) == (False, home.daemon.clock.now() + timedelta(minutes=15))
        assert home.present(OLI, "another").permission.is_read_only  # type: ignore[union-attr]
        home.do("start", "v43", OLI, console="o")
        (brief,) = home.present(VERA, "v").releases or ()
        assert (brief.rollout, brief.version) == ("running", "v43")
        home.daemon.clock.advance(15 * 60)
        assert home.present(OLI, "o").permission.is_read_only, "it locks itself"  # type: ignore[union-attr]
        with pytest.raises(RequestRefused, match="vera may not arm"):
            home.arm(VERA, "v", "eu-prod")


def test_what_the_journal_cannot_take_is_not_done(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*of: object) -> None:
        raise JournalError("no space left on the device")

    with gated(tmp_path, environment="eu-prod") as home:
        home.serve(60, {"v41": 1.0}, over_s=60)
        daemon, other = home.daemon, tmp_path / "other.jsonl"
        write_calls(other, daemon.clock.now(), range(5))
        monkeypatch.setattr(daemon.engine.journal, "append", full)
        monkeypatch.setattr(daemon.desk.releasing.book, "_append", full)
        with pytest.raises(JournalError):
            home.arm(OLI, "o", "eu-prod")
        assert home.present(OLI, "o").permission.is_read_only  # type: ignore[union-attr]
        attach = wire.AttachRequest(paths=(str(other),), follow=True)
        sources = daemon.desk.sources()
        with pytest.raises(JournalError):
            daemon.ask("POST", "/v1/attach", wire.Attached, attach, person=OLI)
        assert [each.path for each in daemon.desk.sources()] == [each.path for each in sources]
        baseline = wire.BaselineRequest(service=SERVICE, version="v41")
        with pytest.raises(JournalError):
            daemon.ask("POST", "/v1/baseline", wire.BaselineReply, baseline, person=OLI)
        assert baselines.pinned(daemon.engine.database.writer, SERVICE) is None


def test_a_refused_arming_is_written_down_without_what_was_typed(tmp_path: Path) -> None:
    with gated(tmp_path, environment="eu-prod") as home:
        with pytest.raises(RequestRefused, match="not the name of this environment"):
            home.arm(OLI, "o", "s3cret")
        (event,) = (event for event in home.daemon.engine.journal.events() if event.kind == "request.refused")
        assert (event.actor, event.data["why"]) == ("oli", "what was typed is not the name of this environment")


# Did it work? ---------------------------------------------------------------------------------------------------------


def test_records_that_arrive_turn_pending_into_effective(demo: Gated) -> None:
    demo.serve(60, {"v41": 0.9, "v42": 0.1}, over_s=60)
    demo.do("rollback", person=OLI)
    demo.look(2)
    assert effect(demo) == "pending"
    demo.daemon.clock.advance(10)
    demo.serve(19, {"v41": 1.0}, over_s=5)
    demo.look()
    assert effect(demo) == "pending", "nineteen are too few"
    watch = demo.view().watch
    assert watch is not None
    assert watch.verdict is not None
    assert (watch.verdict.n_observed, watch.verdict.why) == (
        19,
        "the target says v41 100 %; 100% of 19 records are of v41",
    )
    demo.serve(1, {"v41": 1.0}, over_s=1)
    demo.look()
    assert effect(demo) == "effective"
    assert demo.view().history[0].effect == "effective"
    assert "effective: the target says v41 100 %, and so do 20 records" in "\n".join(demo.timeline())


def test_records_of_the_old_version_contradict_what_the_target_says(demo: Gated) -> None:
    demo.serve(60, {"v42": 1.0}, over_s=60)
    demo.do("rollback", person=OLI)
    demo.daemon.clock.advance(30)
    demo.serve(100, {"v42": 1.0}, over_s=20)
    demo.look()
    assert effect(demo) == "pending", "so soon they may have been on their way"
    demo.daemon.clock.advance(40)
    demo.look()
    view = demo.view()
    assert effect(demo) == "diverged"
    assert view.watch is not None
    assert view.watch.verdict is not None
    assert view.watch.verdict.why == "the target says v41 100 %, but 100% of 100 records are of v42"
    demo.serve(2_000, {"v41": 1.0}, over_s=20)
    demo.look(1)
    assert effect(demo) == "diverged", "hundred of the old version are still too many"
    demo.look(25)
    assert effect(demo) == "effective", "the last minute is of the new one alone"


def test_a_tail_is_told_once_there_are_enough_requests_and_the_slow_ones_have_ended(demo: Gated) -> None:
    demo.serve(200, {"v41": 0.9, "v42": 0.1}, over_s=60)
    demo.do("rollback", person=OLI)
    demo.daemon.clock.advance(30)
    demo.serve(200, {"v41": 1.0}, over_s=20)
    assert tail(demo) == (200, None), "those that are slow are still under way"
    demo.daemon.clock.advance(40)
    n, p99_ms = tail(demo)
    assert n == 200
    assert p99_ms == pytest.approx(122, abs=1)
    demo.do("promote", "v42", person=OLI)
    demo.daemon.clock.advance(90)
    demo.serve(99, {"v42": 1.0}, over_s=20)
    assert tail(demo) == (99, None)


def tail(home: Gated) -> tuple[int, float | None]:
    """Of the version that serves, since the change."""
    watch = home.view().watch
    assert watch is not None
    return watch.now[0].n, watch.now[0].p99_ms


def effect(home: Gated) -> str:
    watch = home.view().watch
    assert watch is not None
    assert watch.verdict is not None
    return watch.verdict.effect


# Rollouts -------------------------------------------------------------------------------------------------------------

STEPS = (
    StepSetting(share=0.3, minutes=3, requests=40, gate="time"),
    StepSetting(share=0.5, minutes=3, requests=40, gate="analysis"),
)
QUICK = AnalysisSetting(slower=0.5, dearer=0.5, failing=3.0)


def test_a_rollout_goes_on_with_records_and_never_without(tmp_path: Path) -> None:
    with gated(tmp_path, steps=STEPS, analysis=QUICK, evidence_requests=0) as home:
        home.minutes(3, {"v41": 0.9, "v42": 0.1})
        home.do("rollback", person=OLI)
        home.do("start", "v42", OLI)
        assert home.shares == {"v41": 0.7, "v42": 0.3}
        rollout = home.view().rollout
        assert rollout is not None
        assert (rollout.phase, rollout.step, rollout.steps, rollout.waiting_for) == ("running", 0, (0.3, 0.5, 1.0), "")
        for _ in range(10):
            home.look(60)
        assert home.view().rollout.step == 0, "ten minutes without a request"  # type: ignore[union-attr]
        assert home.view().rollout.waiting_for.startswith("0 of 40 requests of v42")  # type: ignore[union-attr]
        home.minutes(3, {"v41": 0.7, "v42": 0.3}, **natural())
        assert home.shares == {"v41": 0.5, "v42": 0.5}
        home.minutes(5, {"v41": 0.5, "v42": 0.5}, rate=1_000, **natural())
        view = home.view()
        assert view.rollout is not None
        assert (view.rollout.phase, home.shares) == ("passed", {"v42": 1.0}), view.rollout
        assert [(entry.act, entry.actor) for entry in view.history][:3] == [
            ("advance", "rollout"),
            ("advance", "rollout"),
            ("start", "oli"),
        ]
        assert view.pinned == "v41"
        ended = next(event for event in home.daemon.engine.journal.events() if event.kind == "rollout.ended")
        assert "no worse (errors" in ended.data["why"]


def natural() -> dict[str, Callable[[int], object]]:
    """Latencies with a tail, and three failures in a hundred, whatever the version."""
    chance = random.Random(5)
    return {
        "latency_ms": lambda i: chance.lognormvariate(4.6, 0.4),
        "status": lambda i: 500 if chance.random() < 0.03 else 200,
    }


def test_a_bad_canary_is_taken_back_by_itself_and_the_view_says_by_which_reading(tmp_path: Path) -> None:
    with gated(tmp_path, steps=STEPS, analysis=QUICK, approvals=1, evidence_requests=0) as home:
        home.minutes(5, {"v41": 1.0})
        home.do("rollback", person=OLI)
        plan = home.plan("start", "v42", OLI)
        home.approve(plan, AMY)
        assert home.apply(plan, OLI).word == "done"
        readings = []
        for _ in range(60):
            home.minutes(
                1,
                {"v41": 0.7, "v42": 0.3},
                rate=100,
                status=lambda i: 500 if (i * 37) % 100 >= 70 and i % 2 else 200,
            )
            rollout = home.view().rollout
            assert rollout is not None
            if rollout.phase != "running":
                break
            readings.append(rollout.reading)
        assert (rollout.phase, home.shares) == ("failed", {"v41": 1.0})
        assert any(reading is not None and reading.minutes > 0 for reading in readings)
        assert "errors 50% beside 0%" in rollout.waiting_for
        last = home.view().history[0]
        assert (last.act, last.actor, last.word) == ("rollback", "rollout", "done")
        finished = [event for event in home.daemon.engine.journal.events() if event.kind == "rollout.ended"]
        assert [event.data["phase"] for event in finished] == ["failed"]
        assert rules(home.plan("rollback", person=OLI))[:1] == ["nowhere to go"], "v42 was left, nobody is led back"


def test_hold_resume_and_abort_over_the_api(tmp_path: Path) -> None:
    with gated(tmp_path, steps=STEPS, evidence_requests=0) as home:
        home.do("rollback", person=OLI)
        home.do("start", "v43", OLI)
        held = home.do("hold", person=OTTO)
        assert (held.word, held.receipt) == ("done", None)
        assert home.view().rollout.phase == "held"  # type: ignore[union-attr]
        assert home.do("resume", person=OLI).word == "done"
        assert home.do("abort", person=OTTO).word == "done"
        view = home.view()
        assert view.rollout is not None
        assert (view.rollout.phase, home.shares) == ("aborted", {"v41": 1.0})


# Afterwards -----------------------------------------------------------------------------------------------------------


def test_a_daemon_that_was_started_anew_in_the_middle_knows_everything(tmp_path: Path) -> None:
    with gated(tmp_path, environment="eu-prod", steps=STEPS, analysis=QUICK, approvals=1, evidence_requests=0) as home:
        home.minutes(5, {"v41": 1.0})
        home.arm(OLI, "c", "eu-prod")
        home.do("rollback", person=OLI, console="c")
        plan = home.plan("start", "v42", OLI, console="c")
        home.approve(plan, AMY)
        assert home.apply(plan, OLI).word == "done"
        home.minutes(8, {"v41": 0.7, "v42": 0.3}, rate=100)
        home.approve(home.plan("promote", "v43", OLI), AMY)
        home.freeze(ADA, reason="launch", until=home.daemon.clock.now() + timedelta(hours=1))
        home.look()
        before = home.view()
        home.restart()
        home.look()
        after = home.view()
        for part in ("believed", "pinned", "history", "freezes", "approvals", "out_of_band", "state", "deployments"):
            assert getattr(after, part) == getattr(before, part), part
        assert before.rollout is not None
        assert after.rollout is not None
        assert replace(after.rollout, reading=None) == replace(before.rollout, reading=None)
        old, new = before.rollout.reading, after.rollout.reading
        assert old is not None
        assert new is not None
        assert (new.word, new.minutes, new.why) == (old.word, old.minutes, old.why)
        assert new.minutes > 0
        assert [each.e for each in new.streams] == pytest.approx([each.e for each in old.streams])
        assert home.present(OLI, "c").permission.is_read_only, "nobody is armed by a start"  # type: ignore[union-attr]
        assert home.apply(plan, OLI).told == "no such plan, or it is too old", "and nothing is sent again"


def test_what_was_sent_when_the_daemon_died_is_read_back_by_the_next_one(demo: Gated) -> None:
    class Died(BaseException):
        pass

    def die(*_: object) -> None:
        raise Died

    plan = demo.plan("promote", "v42", OLI)
    target = demo.daemon.desk.releasing.around.target(SERVICE)
    applied = type(target).apply
    target.apply = lambda *given: (applied(target, *given), die())  # type: ignore[method-assign,assignment,func-returns-value]
    with pytest.raises(Died):
        demo.apply(plan, OLI)
    del target.apply  # type: ignore[method-assign]
    demo.restart()
    assert demo.daemon.desk.releasing.book.of(SERVICE).is_pending
    assert rules(demo.plan("promote", "v43", OLI)) == ["busy"]
    demo.look(3)
    view = demo.view()
    assert (view.history[0].act, view.history[0].actor, view.history[0].word) == ("promote", "oli", "done")
    assert (view.out_of_band, demo.kinds.count("release.started")) == ("", 1)


def test_two_clients_who_confirm_the_same_promotion_at_once_execute_it_once(demo: Gated) -> None:
    async def both(version: str) -> list[tuple[str, wire.Outcome]]:
        clients = [(person, AsyncClient(demo.daemon.home, demo.daemon.transport(person))) for person in (OLI, OTTO)]
        try:
            plans = [await client.plan(demo.order("promote", version)) for _, client in clients]
            requests = [wire.ApplyRequest(op_id=plan.op_id, typed=plan.confirm_with) for plan in plans]
            outcomes = await asyncio.gather(
                *(client.apply(request) for (_, client), request in zip(clients, requests, strict=True))
            )
        finally:
            for _, client in clients:
                await client.close()
        return [(person.actor, outcome) for (person, _), outcome in zip(clients, outcomes, strict=True)]

    winners = set()
    for i in range(100):
        demo.daemon.clock.advance(1)
        version = ("v42", "v41")[i % 2]
        outcomes = asyncio.run(both(version))
        assert sorted(outcome.word for _, outcome in outcomes) == ["done", "moved"], outcomes
        winner = next(actor for actor, outcome in outcomes if outcome.word == "done")
        loser = next(outcome for _, outcome in outcomes if outcome.word == "moved")
        assert loser.told == (
            f"chat is {version} 100 % now: {winner} did (promote) at {demo.daemon.clock.now():%H:%M:%S} UTC"
        )
        assert demo.shares == {version: 1.0}
        winners.add(winner)
    assert demo.kinds.count("release.started") == demo.kinds.count("release.finished") == 100


def test_who_moved_it_is_named_when_only_headers_were_changed(demo: Gated) -> None:
    plan = demo.plan("promote", "v42", OTTO)
    routing = wire.Routing(shares={"v41": 0.9, "v42": 0.1}, headers={"X-Team: canary": "v42"})
    assert demo.do("set", person=OLI, routing=routing).word == "done"
    outcome = demo.apply(plan, OTTO)
    assert (outcome.word, "oli did (set)" in outcome.told) == ("moved", True), outcome.told


def test_a_change_of_headers_and_copies_is_set_and_undone_by_the_command_that_the_plan_names(demo: Gated) -> None:
    first = wire.Routing(shares={"v41": 1.0}, headers={"X-Team: canary": "v42"}, shadow={"v43": 0.05})
    assert demo.do("set", person=OLI, routing=first).word == "done"
    state = demo.view().state
    assert state is not None
    assert (state.routing.headers, state.routing.shadow) == ({"X-Team: canary": "v42"}, {"v43": 0.05})
    plan = demo.plan("set", person=OLI, routing=wire.Routing(shares={"v41": 1.0}, headers={"X-Team: a=b": "v43"}))
    assert plan.command.endswith("v41=100 --header 'X-Team: a=b=v43' --yes-i-mean chat")
    watch = demo.view().watch
    assert watch is not None
    assert demo.do("set", person=OLI, routing=watch.undo).word == "done"
    assert demo.view().state.routing.headers == {}  # type: ignore[union-attr]
