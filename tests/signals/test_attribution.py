"""Why spending changed: terms that add up, each to what it is called."""

from __future__ import annotations

from math import log

import pytest
from hypothesis import given
from hypothesis import strategies as st

from opsconsole.signals.attribution import TERMS, Attribution, Spent, attribute, logarithmic_mean

RATES = {"input_tokens": 3e-6, "cached_tokens": 3e-7, "output_tokens": 15e-6}


def spent(requests: int, input_: int, cached: int, output: int, by: float = 1.0) -> Spent:
    tokens = {"input_tokens": input_, "cached_tokens": cached, "output_tokens": output}
    usd = by * sum(n * RATES[name] for name, n in tokens.items())
    return Spent(requests, usd, tokens, RATES)


def only(found: Attribution) -> dict[str, float]:
    """The terms that are not nothing."""
    return {term: usd for term, usd in found.terms.items() if abs(usd) > 1e-12}


BEFORE = {"gpt": spent(100, 50_000, 50_000, 20_000), "mini": spent(300, 90_000, 0, 30_000)}


def test_twice_the_requests_are_volume() -> None:
    after = {"gpt": spent(200, 100_000, 100_000, 40_000), "mini": spent(600, 180_000, 0, 60_000)}
    found = attribute(BEFORE, after)
    assert only(found) == {"volume": pytest.approx(found.before_usd)}


def test_longer_answers_are_tokens() -> None:
    found = attribute(BEFORE, BEFORE | {"mini": spent(300, 90_000, 0, 60_000)})
    assert only(found) == {"tokens": pytest.approx(30_000 * 15e-6)}


def test_a_lost_cache_is_the_cache() -> None:
    found = attribute(BEFORE, BEFORE | {"gpt": spent(100, 100_000, 0, 20_000)})
    assert only(found) == {"cache": pytest.approx(50_000 * (3e-6 - 3e-7))}


def test_a_dearer_provider_is_price() -> None:
    found = attribute(BEFORE, BEFORE | {"gpt": spent(100, 50_000, 50_000, 20_000, by=1.5)})
    assert only(found) == {"price": pytest.approx(0.5 * (BEFORE["gpt"].usd or 0))}
    assert list(found.by_key) == ["gpt", "mini"]


def test_traffic_that_moves_to_the_dear_model_is_mix() -> None:
    after = {"gpt": spent(200, 100_000, 100_000, 40_000), "mini": spent(200, 60_000, 0, 20_000)}
    found = attribute(BEFORE, after)
    assert only(found) == {"mix": pytest.approx(found.after_usd - found.before_usd)}
    assert found.by_key["gpt"]["mix"] > 0 > found.by_key["mini"]["mix"]


def test_a_new_model_is_mix_and_a_service_that_was_not_there_is_volume() -> None:
    new = {"opus": spent(100, 1_000, 0, 1_000)}
    found = attribute(BEFORE, BEFORE | new)
    assert found.by_key["opus"] == {**dict.fromkeys(TERMS, 0.0), "mix": pytest.approx(new["opus"].usd)}
    assert only(attribute({}, BEFORE)) == {"volume": pytest.approx(attribute({}, BEFORE).after_usd)}


def test_the_terms_are_those_of_the_formula() -> None:
    one, other = Spent(10, 4.0, {"output_tokens": 100}), Spent(20, 12.0, {"output_tokens": 500})
    weight = (12 - 4) / log(12 / 4)
    found = attribute({"m": one}, {"m": other})
    assert only(found) == {
        "volume": pytest.approx(weight * log(2)),
        "tokens": pytest.approx(weight * log(2.5)),
        "price": pytest.approx(weight * log((12 / 500) / (4 / 100))),
    }


def test_without_prices_the_cache_is_within_the_price() -> None:
    one = Spent(10, 4.0, {"input_tokens": 50, "cached_tokens": 50})
    other = Spent(10, 7.0, {"input_tokens": 100, "cached_tokens": 0})
    assert only(attribute({"m": one}, {"m": other})) == {"price": pytest.approx(3.0)}


def test_without_tokens_a_request_has_a_price() -> None:
    found = attribute({"image": Spent(10, 4.0)}, {"image": Spent(20, 12.0)})
    assert set(only(found)) == {"volume", "price"}
    assert sum(found.terms.values()) == pytest.approx(8.0)


def test_a_key_of_unknown_cost_is_named_and_in_no_number() -> None:
    found = attribute(BEFORE, BEFORE | {"local": Spent(50, None), "gpt": spent(100, 50_000, 50_000, 20_000)})
    assert found.left_out == ("local",)
    assert "local" not in found.by_key
    assert sum(found.terms.values()) == pytest.approx(0.0, abs=1e-15)


def test_dollars_without_a_request_are_refused() -> None:
    with pytest.raises(ValueError, match="no request"):
        Spent(0, 1.0)


NAMES = ("input_tokens", "cached_tokens", "cache_write_tokens", "output_tokens", "reasoning_tokens")


@st.composite
def periods(draw: st.DrawFn) -> Spent:
    requests = draw(st.integers(0, 1_000))
    if not requests:
        return Spent(0, 0.0)
    tokens = draw(st.dictionaries(st.sampled_from(NAMES), st.one_of(st.just(0), st.integers(1, 10**7))))
    rates = draw(st.dictionaries(st.sampled_from(NAMES), st.one_of(st.just(0.0), st.floats(1e-8, 1e-3))))
    usd = draw(st.one_of(st.none(), st.just(0.0), st.floats(1e-6, 1e5)))
    return Spent(requests, usd, tokens, rates)


KEYED = st.dictionaries(st.sampled_from("abcd"), periods())


@given(KEYED, KEYED)
def test_terms_add_up_to_the_change_of_every_key_and_of_all(before: dict[str, Spent], after: dict[str, Spent]) -> None:
    found = attribute(before, after)
    size = 1e-9 * max(found.before_usd, found.after_usd, 1e-9)
    assert sum(found.terms.values()) == pytest.approx(found.after_usd - found.before_usd, abs=size)
    for key, terms in found.by_key.items():
        old = before[key].usd if key in before else 0.0
        new = after[key].usd if key in after else 0.0
        assert old is not None
        assert new is not None
        assert sum(terms.values()) == pytest.approx(new - old, abs=1e-9 * max(old, new, 1e-9))


@given(KEYED, KEYED)
def test_going_back_undoes_every_term(before: dict[str, Spent], after: dict[str, Spent]) -> None:
    there, back = attribute(before, after), attribute(after, before)
    for term in TERMS:
        assert there.terms[term] == pytest.approx(
            -back.terms[term], abs=1e-9 * max(there.before_usd, there.after_usd, 1)
        )


@given(st.floats(1e-9, 1e9), st.floats(1e-9, 1e9))
def test_the_logarithmic_mean_lies_between_the_geometric_and_the_arithmetic(a: float, b: float) -> None:
    mean = logarithmic_mean(a, b)
    assert (a * b) ** 0.5 * (1 - 1e-9) <= mean <= (a + b) / 2 * (1 + 1e-9)
    assert mean == pytest.approx(logarithmic_mean(b, a), rel=1e-9)
