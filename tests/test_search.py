"""The words of a filter mean what search.py's page says."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from opsconsole.errors import UsageError
from opsconsole.search import Value, matches, parse, word

ROW: dict[str, Value] = {
    "service": "chat", "status": 503, "latency_ms": 2_140.0, "error_type": None, "route": "/v1/chat", "cost_usd": 0.02,
}  # fmt: skip


@pytest.mark.parametrize(
    "text",
    [
        "chat", "CHAT", "~v1ct", "status=503", "status!=200", "!status=200", "latency_ms>2s", "latency_ms<=2140ms",
        "route=/v1/*", "error_type=", "!timeout", "cost_usd>=$0.02", "chat status>=500 !~zzz", "", "!", '"v1/chat"',
    ],
)  # fmt: skip
def test_words_that_hold(text: str) -> None:
    assert matches(parse(text), ROW)


@pytest.mark.parametrize(
    "text",
    ["~ctv1", "status=50", "status=200", "latency_ms<2s", "route=/v2/*", "error_type!=", "!chat", "cost_usd>5",
     "error_type>1", "chat timeout", "nothing=1", '"chat 503"'],
)  # fmt: skip
def test_words_that_do_not(text: str) -> None:
    assert not matches(parse(text), ROW)


def test_a_column_that_is_not_there_is_named() -> None:
    with pytest.raises(UsageError, match=r"no column 'sttus' in 'sttus=5'"):
        parse("ok sttus=5", ROW)


def test_a_comparison_with_no_number_says_how_to_write_one() -> None:
    with pytest.raises(UsageError, match="'fast' in 'latency_ms>fast' is no number"):
        parse("latency_ms>fast")


@given(st.text(max_size=30))
def test_whatever_is_typed_is_understood_or_refused_in_words(text: str) -> None:
    try:
        terms = parse(text)
    except UsageError:
        return
    for term in terms:
        assert matches((term,), ROW) is not matches((replace(term, is_inverse=not term.is_inverse),), ROW)


@given(st.text(max_size=12), st.text(max_size=12))
def test_a_word_made_of_a_value_leaves_that_value_and_no_other(value: str, other: str) -> None:
    (term,) = parse(word("route", value))
    assert matches((term,), {"route": value})
    assert matches((term,), {"route": other}) == (other.lower() == value.lower())


def test_words_of_values_with_blanks_and_quotes_stand_beside_others() -> None:
    text = " ".join((word("route", 'say "a b"'), word("version", "v42"), word("error_type", "")))
    assert text == r'route="say \"a b\"" version=v42 error_type='
    assert matches(parse(text), {"route": 'say "a b"', "version": "v42", "error_type": None})
    assert not matches(parse(text), {"route": "say", "version": "v42", "error_type": None})


def test_a_quote_that_is_not_closed_yet_is_taken_as_far_as_it_goes() -> None:
    assert matches(parse('route="/v1/chat'), ROW)
