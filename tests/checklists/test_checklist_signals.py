"""What a check can ask by name, how an answer is judged, and how durations are read."""

from __future__ import annotations

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from opsconsole import wire
from opsconsole.checklists.params import filled, names_in_sql
from opsconsole.checklists.signals import SIGNALS, expression
from opsconsole.checklists.tolerances import judged
from opsconsole.durations import duration, is_duration, spelled


def test_an_expression_says_what_is_asked_compared_and_waited_for() -> None:
    asked = expression("slower_p95($service, 'v42') >= 130% over 10m within 1h")
    assert (asked.name, asked.args) == ("slower_p95", {"service": "$service", "version": "v42"})
    assert (asked.compare, asked.over, asked.within) == (">= 1.3", "10m", "1h")


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("error_rate $service < 1", "is no signal"),
        ("error_rates($service) < 1", "there is no signal 'error_rates'"),
        ("out_of_band($service) < 1", "is a yes or no and compared with nothing"),
        ("not error_rate($service)", "error_rate is no yes or no"),
        ("disk_free(a) > 1%", "takes (), not 1 values"),
        ("error_rate($service) < 1 over ever", "over ever is no duration"),
    ],
)
def test_what_is_no_expression_says_why(text: str, told: str) -> None:
    with pytest.raises(ValueError) as error:
        expression(text)
    message, remedy = error.value.args
    assert told in message
    assert remedy


@pytest.mark.parametrize("name", SIGNALS)
def test_every_signal_can_be_written_down(name: str) -> None:
    signal = SIGNALS[name]
    args = ", ".join(f"${each}" for each in signal.params)
    text = f"not {name}({args})" if signal.is_bool else f"{name}({args}) < 1"
    assert expression(text).signal is signal


@pytest.mark.parametrize(
    ("probe", "rows", "ok"),
    [
        (wire.Probe(sql="x"), [[True]], True),
        (wire.Probe(sql="x"), [[0]], False),
        (wire.Probe(sql="x"), [[None]], None),
        (wire.Probe(sql="x"), [], None),
        (wire.Probe(sql="x", type="range", range=(0, 900)), [[900]], True),
        (wire.Probe(sql="x", type="range", range=(0, 900)), [[900.1]], False),
        (wire.Probe(sql="x", type="range", range=(0, 900)), [["many"]], None),
        (wire.Probe(sql="x", type="regex", regex="^v4"), [["v42"]], True),
        (wire.Probe(sql="x", type="regex", regex="^v5"), [["v42"]], False),
        (wire.Probe(sql="x", type="rows", rows=">= 2"), [[1], [2]], True),
        (wire.Probe(sql="x", type="rows", rows="== 0"), [], True),
        (wire.Probe(sql="x", type="compare", compare="< 1%"), [[0.009]], True),
        (wire.Probe(sql="x", type="compare", compare="< 1%"), [[True]], None),
    ],
)
def test_an_answer_is_judged_by_its_tolerance_and_nothing_is_never_right(
    probe: wire.Probe, rows: list[list[wire.QueryValue]], ok: bool | None
) -> None:
    assert judged(probe, rows)[0] is ok


@given(st.integers(1, 10**7))
def test_a_duration_that_is_spelled_and_one_unit_long_is_read_again(seconds: int) -> None:
    told = spelled(timedelta(seconds=seconds)).replace(" ", "")
    assert is_duration(told)
    off = timedelta(seconds=seconds) - duration(told)
    assert timedelta(0) <= off < max(timedelta(seconds=1), duration(told) / 24)


def test_a_name_is_filled_in_and_one_that_is_not_known_stays() -> None:
    assert filled("$service at ${version}: $5, $else", {"service": "chat", "version": "v1"}) == "chat at v1: $5, $else"


def test_sql_asks_for_the_names_outside_of_its_quoted_texts() -> None:
    assert names_in_sql("SELECT '$no', \"$nor\" FROM recent($service, '5m') -- $never\n WHERE v = $version") == {
        "service",
        "version",
    }
