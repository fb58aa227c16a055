"""Why spending changed: so many dollars of volume, mix, tokens, cache and price, which add up to the change.

Always true here: the terms of a key add up to that key's change and all terms to the whole change, with no residual;
nothing is said of a key whose cost is not known in either period.

A key (a model, a user with a model, …) costs, per class of tokens j,
``volume · mix · tokens per request · share of the class · price per token``, and the logarithmic mean Divisia index
splits a change of such a product exactly (Ang 2005, "The LMDI approach to decomposition analysis: a practical guide",
Energy Policy 33:867-871, additive LMDI-I): ``Δ_x = Σ L(C1, C0) · ln(x1/x0)`` with ``L(a, b) = (a − b) / ln(a/b)``.
Zeros take the limits of Ang & Liu 2007 ("Handling zero values in the logarithmic mean Divisia index decomposition
approach", Energy Policy 35:238-246): where a class costs nothing in one period, the factor that is zero then has the
whole change, several share it alike, and a factor that is not defined there (a price without tokens) has none of it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from math import log, log1p
from typing import Literal

Term = Literal["volume", "mix", "tokens", "cache", "price"]
TERMS: tuple[Term, ...] = ("volume", "mix", "tokens", "cache", "price")
"""More or fewer requests; which keys they went to; tokens a request; prompt tokens read from and written to the cache;
USD a token (of a key without tokens: a request)."""

PROMPT = ("input_tokens", "cached_tokens", "cache_write_tokens")
GENERATED = ("output_tokens", "reasoning_tokens")
ALL_TOKENS = "tokens"
"""The one class of a key of which no prices are known: its cache is then within its price."""
BY_REQUEST = "requests"
"""The one class of a key without tokens."""


@dataclass(frozen=True)
class Spent:
    """What one key cost in one period."""

    requests: int
    usd: float | None
    """None: not known."""
    tokens: Mapping[str, int] = field(default_factory=dict)
    """Class of records.py → tokens."""
    rates: Mapping[str, float] = field(default_factory=dict)
    """Class → USD a token of the price list: how the cost is divided among the classes. What was really paid beside
    that (a discount) belongs to the price. Without them the cost is not divided."""

    def __post_init__(self) -> None:
        if self.usd and not self.requests:
            raise ValueError(f"${self.usd} were spent on no request")


NOTHING = Spent(0, 0.0)


@dataclass(frozen=True)
class Attribution:
    """Of a change of cost."""

    before_usd: float
    after_usd: float
    terms: dict[Term, float]
    """USD; their sum is the change."""
    by_key: dict[str, dict[Term, float]]
    """Likewise of each key, the largest change first."""
    left_out: tuple[str, ...] = ()
    """Keys whose cost is not known: they are in no number here, but in the volume and the mix."""


def attribute(before: Mapping[str, Spent], after: Mapping[str, Spent]) -> Attribution:
    """Split the change from ``before`` to ``after``, per key."""
    volumes = [sum(each.requests for each in period.values()) for period in (before, after)]
    by_key: dict[str, dict[Term, float]] = {}
    totals = [0.0, 0.0]
    left_out = []
    for key in sorted({*before, *after}):
        old, new = before.get(key, NOTHING), after.get(key, NOTHING)
        if old.usd is None or new.usd is None:
            left_out.append(key)
            continue
        totals = [totals[0] + old.usd, totals[1] + new.usd]
        by_key[key] = _split(old, new, volumes[0], volumes[1])
    ranked = sorted(by_key, key=lambda key: -abs(sum(by_key[key].values())))
    return Attribution(
        before_usd=totals[0],
        after_usd=totals[1],
        terms={term: sum(terms[term] for terms in by_key.values()) for term in TERMS},
        by_key={key: by_key[key] for key in ranked},
        left_out=tuple(left_out),
    )


@dataclass(frozen=True)
class _Cell:
    """One class of tokens of one key in one period: its cost, and the factors whose product it is."""

    usd: float
    factors: dict[Term, float | None]
    """None: not defined, as the price of what was not used."""


def _split(old: Spent, new: Spent, old_volume: int, new_volume: int) -> dict[Term, float]:
    classes = _classes(old, new)
    cells = zip(_cells(old, old_volume, classes), _cells(new, new_volume, classes), strict=True)
    terms: dict[Term, float] = dict.fromkeys(TERMS, 0.0)
    for cell_0, cell_1 in cells:
        for term, usd in _terms(cell_0, cell_1):
            terms[term] += usd
    return terms


def _classes(old: Spent, new: Spent) -> tuple[str, ...]:
    """The classes that both periods can be divided into."""
    used = {name for spent in (old, new) for name, n in spent.tokens.items() if n}
    if not all(_is_divisible(spent) for spent in (old, new)):
        has_tokens = all(not spent.usd or any(spent.tokens.values()) for spent in (old, new))
        return (ALL_TOKENS,) if has_tokens and used else (BY_REQUEST,)
    return tuple(name for name in (*PROMPT, *GENERATED) if name in used) or (BY_REQUEST,)


def _is_divisible(spent: Spent) -> bool:
    """Is there a price for every class in use, and does it explain a cost that is not zero?"""
    known = all(name in spent.rates for name, n in spent.tokens.items() if n)
    listed = sum(n * spent.rates.get(name, 0.0) for name, n in spent.tokens.items())
    return known and (listed > 0 or not spent.usd)


def _cells(spent: Spent, volume: int, classes: tuple[str, ...]) -> Iterator[_Cell]:
    usd = spent.usd or 0.0
    mix = spent.requests / volume if volume else None
    tokens = dict(spent.tokens)
    if classes == (BY_REQUEST,):
        yield _Cell(usd, {"volume": volume, "mix": mix, "price": _over(usd, spent.requests)})
        return
    if classes == (ALL_TOKENS,):
        tokens = {ALL_TOKENS: sum(tokens.values())}
    prompt = sum(tokens.get(name, 0) for name in PROMPT)
    listed = {name: tokens.get(name, 0) * spent.rates.get(name, 0.0) for name in classes}
    whole = sum(listed.values())
    for name in classes:
        n = tokens.get(name, 0)
        cost = usd if len(classes) == 1 else usd * listed[name] / whole if whole else 0.0
        held = prompt if name in PROMPT else n
        yield _Cell(
            cost,
            {
                "volume": volume,
                "mix": mix,
                "tokens": _over(held, spent.requests),
                "cache": _over(n, prompt) if name in PROMPT else None,
                "price": _over(cost, n),
            },
        )


def _over(above: float, below: float) -> float | None:
    return above / below if below else None


def _terms(old: _Cell, new: _Cell) -> Iterator[tuple[Term, float]]:
    change = new.usd - old.usd
    if change == 0 and (old.usd == 0 or old.factors == new.factors):
        return
    if old.usd > 0 and new.usd > 0:
        weight = logarithmic_mean(new.usd, old.usd)
        for term in TERMS:
            one, other = old.factors.get(term), new.factors.get(term)
            if one and other:
                yield term, weight * log(other / one)
        return
    empty = old if old.usd == 0 else new
    zeros = [term for term in TERMS if empty.factors.get(term) == 0]
    for term in zeros:
        yield term, change / len(zeros)


def logarithmic_mean(a: float, b: float) -> float:
    """``(a − b) / ln(a/b)`` of two positive numbers; a where they are equal."""
    if a == b:
        return a
    relative = (a - b) / b
    return (a - b) / (log1p(relative) if abs(relative) < 0.5 else log(a / b))
