"""A rollout's analysis: no pass without data, no more false alarms than promised, every harm found and named."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from datetime import timedelta
from math import log

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from rolling import START, Serving, minutes
from scipy import stats

from opsconsole import wire
from opsconsole.config.settings import AnalysisSetting
from opsconsole.minutes import Minute, Moments, Side
from opsconsole.signals.canary import Analysis, after, begun, counts, judged, read
from opsconsole.signals.canary.stakes import Stakes

USUAL = Serving()
STRICT = AnalysisSetting(slower=0.0, dearer=0.0, failing=0.0)
TOLERANT = AnalysisSetting()


def fed(setting: AnalysisSetting, some: Iterable[Minute], *, until_worse: bool = False) -> Analysis:
    analysis = begun(setting)
    for minute in some:
        analysis = after(analysis, minute)
        if until_worse and analysis.is_worse():
            break
    return analysis


def told(
    setting: AnalysisSetting, canary: Serving, n: int, *, seed: int = 1, baseline: Serving = USUAL
) -> wire.CanaryReading:
    return read(fed(setting, minutes(seed, n, baseline, canary)), "v41", "v42")


def stream(reading: wire.CanaryReading, name: str) -> wire.StreamReading:
    return next(each for each in reading.streams if each.name == name)


# Nothing is passed without data ------------------------------------------------------------------------------------


def test_before_the_first_minute_there_is_no_data() -> None:
    reading = read(begun(TOLERANT), "v41", "v42")
    assert (reading.word, reading.e, reading.threshold, reading.minutes) == ("no data", 1.0, 100.0, 0)
    assert reading.why == "no minute yet in which both v41 and v42 answered"
    assert all(each.ratio is None for each in reading.streams)


@given(st.lists(st.sampled_from(["none", "baseline", "canary"]), max_size=40))
@settings(max_examples=25, deadline=None)
def test_versions_that_never_serve_together_are_no_data(kinds: list[str]) -> None:
    busy = list(minutes(2, len(kinds), USUAL, USUAL))
    seen = [
        replace(
            minute,
            baseline=minute.baseline if kind == "baseline" else Side(),
            canary=minute.canary if kind == "canary" else Side(),
        )
        for minute, kind in zip(busy, kinds, strict=True)
        if kind != "canary" or "baseline" not in kinds
    ]
    assert read(fed(TOLERANT, seen)).word == "no data"


def test_requests_that_log_nothing_are_no_data() -> None:
    silent = Serving(usd=None, tokens=None, reasons={}, logs_latency=False, logs_status=False)
    reading = told(TOLERANT, silent, 30, baseline=silent)
    assert reading.word == "no data"
    assert reading.minutes == 30


def test_what_one_version_does_not_log_is_never_passed() -> None:
    many = Serving(a_minute=1000, error_rate=0.05)
    reading = told(TOLERANT, replace(many, usd=None), 40, baseline=many)
    assert reading.word == "undecided"
    assert "cost not logged by v42" in reading.why
    assert stream(reading, "cost").e == 1.0


def test_a_stream_that_was_never_logged_has_no_say_and_is_named() -> None:
    many = Serving(a_minute=1000, error_rate=0.05, usd=None, tokens=None, reasons={})
    reading = told(TOLERANT, many, 60, baseline=many)
    assert reading.word == "no worse"
    assert "never logged: cost, outputs" in reading.why
    heard = [stream(reading, name).e for name in ("errors", "tail", "latency")]
    assert reading.e == pytest.approx(sum(heard) / 3)


def test_outputs_alone_pass_nothing() -> None:
    quiet = Serving(a_minute=500, usd=None, logs_latency=False, logs_status=False)
    reading = told(TOLERANT, quiet, 60, baseline=quiet)
    assert (reading.word, reading.minutes_to_decide) == ("undecided", None)
    assert "nothing is logged that decides" in reading.why


# Validity ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("setting", "canary"),
    [
        (STRICT, USUAL),
        (STRICT, Serving(a_minute=3)),
        (TOLERANT, Serving(slower=1.08, error_rate=0.012, usd=0.0108)),
        (TOLERANT, Serving(tokens=220)),
    ],
    ids=["the same", "the same, one request in twenty", "all within tolerance", "answers a little longer"],
)
def test_a_canary_within_tolerance_is_rolled_back_no_more_often_than_promised(
    setting: AnalysisSetting, canary: Serving
) -> None:
    loose = AnalysisSetting(alpha=0.1, slower=setting.slower, dearer=setting.dearer, failing=setting.failing)
    reps = 25
    false = sum(fed(loose, minutes(100 + i, 60, USUAL, canary), until_worse=True).is_worse() for i in range(reps))
    assert stats.binomtest(false, reps, 0.1, "greater").pvalue > 0.01


@pytest.mark.parametrize("canary", [{"slower": 1.15}, {"error_rate": 0.07}, {"usd": 0.0115}, {"slow_share": 0.05}])
def test_a_canary_beyond_tolerance_is_never_passed(canary: dict[str, float]) -> None:
    many = Serving(a_minute=300, error_rate=0.05)
    analysis = begun(TOLERANT)
    for i, minute in enumerate(minutes(7, 90, many, replace(many, **canary))):
        analysis = after(analysis, minute)
        if i % 10 == 9:
            assert read(analysis).word != "no worse"


# What is found -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("canary", "name", "words"),
    [
        (Serving(slower=1.4), "latency", "latency ×1.3"),
        (Serving(slow_share=0.12), "tail", "p95 latency ×"),
        (Serving(error_rate=0.08), "errors", "errors 8"),
        (Serving(usd=0.014), "cost", "cost ×1.3"),
        (Serving(reasons={"stop": 0.5, "length": 0.5}), "outputs", "finish_reason"),
        (Serving(tokens=80), "outputs", "output tokens ×0."),
        (Serving(reasons={"stop": 0.6, "content_filter": 0.4}), "outputs", "finish_reason"),
    ],
)
def test_every_harm_is_found_and_named(canary: Serving, name: str, words: str) -> None:
    reading = told(TOLERANT, canary, 90)
    assert reading.word == "worse"
    assert reading.e >= reading.threshold
    assert max(reading.streams, key=lambda each: each.e).name == name
    assert words in reading.why.split(";")[0]
    assert "E " not in reading.why
    assert reading.e < 10 * reading.threshold or "evidence > 1,000 of 100 needed" in reading.why
    assert f"(n {stream(reading, name).n_canary:,})" in reading.why.split(";")[0]


def test_the_worse_the_canary_the_larger_the_evidence() -> None:
    for field, values in {
        "slower": (1.0, 1.2, 1.5),
        "error_rate": (0.01, 0.03, 0.10),
        "usd": (0.01, 0.013, 0.02),
        "slow_share": (0.0, 0.06, 0.2),
    }.items():
        found = [fed(TOLERANT, minutes(3, 40, USUAL, replace(USUAL, **{field: value}))).log_e() for value in values]
        assert found == sorted(found), field


def test_a_canary_of_a_few_dozen_requests_an_hour_is_judged_all_the_same() -> None:
    baseline, canary = Serving(a_minute=100, error_rate=0.01), Serving(a_minute=0.6, error_rate=0.3)
    reading = told(TOLERANT, canary, 120, baseline=baseline)
    assert reading.word == "worse"
    assert stream(reading, "errors").n_canary < 120
    assert reading.why.startswith("it fails more, errors ")


def test_two_trickles_meet_although_hardly_ever_in_one_minute() -> None:
    trickle = Serving(a_minute=0.2)
    reading = told(TOLERANT, trickle, 600, baseline=trickle)
    assert stream(reading, "errors").n_canary > 60
    assert stream(reading, "latency").ratio == pytest.approx(1, abs=0.4)


def test_the_same_version_passes_and_says_with_what_numbers() -> None:
    many = Serving(a_minute=1000, error_rate=0.05)
    reading = told(TOLERANT, many, 60, baseline=many)
    assert reading.word == "no worse"
    assert reading.why.endswith("within tolerance")
    for name, most in (("errors", 1.25), ("tail", 1.1), ("latency", 1.1), ("cost", 1.1)):
        each = stream(reading, name)
        assert each.ratio_low is not None
        assert each.ratio_high is not None
        assert each.ratio_low < 1 < each.ratio_high < most
    assert reading.aa_estimate == pytest.approx(1.02, abs=0.05)


def test_what_is_undecided_says_what_it_waits_for() -> None:
    reading = told(TOLERANT, USUAL, 20)
    assert reading.word == "undecided"
    assert "errors" in reading.why
    assert "not surely below ×1.25" in reading.why


# Awkward traffic ---------------------------------------------------------------------------------------------------


def test_a_service_without_any_error_passes_once_that_is_sure() -> None:
    clean = Serving(a_minute=200, error_rate=0.0)
    early, later = (told(TOLERANT, clean, n, baseline=clean) for n in (20, 60))
    assert early.word == "undecided"
    assert later.word == "no worse"
    assert "errors 0% beside 0%, surely under 0.1%" in later.why
    assert stream(later, "errors").ratio is None


def test_a_price_that_never_varies_is_judged() -> None:
    fixed = Serving(a_minute=200, error_rate=0.0, usd_spread=0.0)
    assert told(TOLERANT, fixed, 60, baseline=fixed).word == "no worse"
    dearer = told(TOLERANT, replace(fixed, usd=0.013), 20, baseline=fixed)
    assert dearer.word == "worse"
    assert dearer.why.startswith("it costs more, cost ×1.30")


def test_what_costs_nothing_stands_in_nobodys_way() -> None:
    free = Serving(a_minute=200, error_rate=0.0, usd=0.0)
    reading = told(TOLERANT, free, 60, baseline=free)
    assert reading.word == "no worse"
    assert "no request costs anything" in reading.why


def test_what_was_free_and_now_costs_is_found() -> None:
    free = Serving(usd=0.0)
    assert told(TOLERANT, USUAL, 30, baseline=free).why.startswith("it costs more, cost ")


@given(st.lists(st.integers(0, 29), max_size=12))
@settings(max_examples=10, deadline=None)
def test_minutes_without_requests_change_nothing(places: list[int]) -> None:
    whole = list(minutes(5, 30, USUAL, Serving(a_minute=2)))
    sparse = list(whole)
    for place in places:
        sparse.insert(place, Minute(START))
    one, other = read(fed(TOLERANT, whole)), read(fed(TOLERANT, sparse))
    assert (one.e, one.streams, one.why) == (other.e, other.streams, other.why)
    assert other.minutes == one.minutes + len(places)


# In time -----------------------------------------------------------------------------------------------------------


def test_minute_by_minute_is_the_same_as_all_at_once() -> None:
    some = list(minutes(6, 20, USUAL, USUAL))
    steps = [START - timedelta(minutes=1)]
    assert read(judged(TOLERANT, some, steps)) == read(fed(TOLERANT, some))


def test_minutes_before_the_rollout_and_of_a_warm_up_are_no_evidence() -> None:
    first, second = START + timedelta(minutes=10, seconds=20), START + timedelta(minutes=30)
    counted = [i for i in range(40) if counts(START + timedelta(minutes=i), [second, first], 3)]
    assert counted == [*range(14, 30), *range(34, 40)]
    assert not counts(START, [], 0)
    cold = [
        minute if i > 15 else replace(minute, canary=Side(requests=50, answered=50, errors=50))
        for i, minute in enumerate(minutes(8, 40, USUAL, USUAL))
    ]
    setting = AnalysisSetting(warm_up_minutes=15)
    reading = read(judged(setting, cold, [START]))
    assert reading.word == "undecided"
    assert reading.minutes == 24
    assert read(judged(TOLERANT, cold, [START])).word == "worse"


def test_the_minutes_before_tell_what_is_usual_and_nothing_else() -> None:
    before = [replace(minute, canary=Side()) for minute in minutes(9, 30, USUAL, USUAL)]
    analysis = begun(TOLERANT)
    for minute in before:
        analysis = after(analysis, minute, counted=False)
    assert read(analysis).word == "no data"
    assert analysis.past.latency.thresholds([0.95])[0] is not None


def test_what_was_once_worse_stays_so_and_says_when() -> None:
    analysis = fed(STRICT, minutes(10, 15, USUAL, Serving(slower=1.3)))
    assert analysis.is_worse()
    at = analysis.highest_at
    for minute in minutes(11, 200, USUAL, Serving(slower=0.8)):
        analysis = after(analysis, minute)
    reading = read(analysis)
    assert reading.word == "worse"
    assert reading.e < reading.threshold
    assert at is not None
    assert f"at {at:%H:%M}" in reading.why


def test_the_forecast_comes_true_within_a_factor_of_two() -> None:
    some = list(minutes(12, 200, USUAL, Serving(slower=1.2)))
    early = fed(TOLERANT, some[:25])
    foretold = read(early).minutes_to_decide
    analysis, took = early, 0
    while not analysis.is_worse():
        analysis, took = after(analysis, some[25 + took]), took + 1
    assert foretold is not None
    assert took / 2 <= foretold <= took * 2


def test_nothing_is_foretold_where_the_present_would_never_decide() -> None:
    silent = Serving(a_minute=1, usd=None, tokens=None, reasons={}, logs_latency=False, error_rate=0.0)
    few = told(TOLERANT, silent, 3, baseline=silent)
    assert few.minutes_to_decide is None


def test_nothing_is_foretold_once_the_canary_has_stopped_answering() -> None:
    some = [*minutes(13, 20, USUAL, USUAL), *minutes(14, 400, USUAL, Serving(a_minute=0))]
    ended = [replace(minute, at=START + i * timedelta(minutes=1)) for i, minute in enumerate(some)]
    assert read(fed(TOLERANT, ended[:20])).minutes_to_decide is not None
    reading = read(fed(TOLERANT, ended))
    assert (reading.word, reading.minutes_to_decide) == ("undecided", None)


def test_a_stream_that_joins_late_never_raises_the_whole() -> None:
    for stand in (log(0.01), 0.0, log(50.0)):
        one = Stakes().joined(["errors"], {"errors": 0.0})
        both = one.joined(["cost"], {"errors": stand, "cost": 0.0})
        assert both.log_e({"errors": stand, "cost": 0.0}) <= max(one.log_e({"errors": stand}), 0.0) + 1e-12
        assert both.log_e({"errors": stand, "cost": 0.0}) <= one.log_e({"errors": stand}) + 1e-12
    together = Stakes().joined(["errors", "cost"], {})
    assert together.log_e({"errors": log(3.0), "cost": log(5.0)}) == pytest.approx(log(4.0))


def test_too_little_traffic_tells_nothing_of_the_baseline_against_itself() -> None:
    thin = Minute(START, Side(requests=2, log_latency=Moments(2, 10.0, 50.0)), Side(requests=2))
    assert read(fed(TOLERANT, [thin] * 4)).aa_estimate is None
