"""Answered requests as the lines that a gateway would log.

Always true here: a line is due when its request has ended; what nobody can know of a failed request is null; a record
that a fault loses is not written at all.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import orjson
import scipy
from numpy.typing import NDArray

from opsconsole.drills.cast import Service
from opsconsole.drills.draws import Draws, Floats, categories
from opsconsole.drills.pools import Pool
from opsconsole.drills.shapes import REGIONS, SHAPES, Category, Number, Shape
from opsconsole.drills.worlds import ERRORS, RECORDED, Answers

Values = NDArray[Any]
_REGIONS = np.array(list(REGIONS), dtype=object)
_ERRORS = np.array([None, *ERRORS], dtype=object)


def lines(
    name: str, service: Service, draws: Draws, answers: Answers, keys: Sequence[str], pool: Pool | None = None
) -> tuple[Floats, list[bytes]]:
    """When each line is due (seconds since the epoch), and the lines."""
    columns = _who(name, service, draws, answers, keys)
    columns |= _of_shape(service, draws, answers) if pool is None else _of_pool(service, pool, draws, answers)
    kept = np.flatnonzero(answers.is_logged)
    due_s = (draws.at_s + answers.latency_ms / 1000)[kept]
    names = list(columns)
    rows = zip(*(columns[each][kept].tolist() for each in names), strict=True)
    return due_s, [orjson.dumps(dict(zip(names, row, strict=True))) + b"\n" for row in rows]


def _who(name: str, service: Service, draws: Draws, answers: Answers, keys: Sequence[str]) -> dict[str, Values]:
    """What every line says, whatever its answer was made of."""
    providers = [traits.provider or service.provider for traits in service.versions.values()]
    return {
        "ts": _iso(draws.at_s + answers.skew_s),
        "service": np.full(draws.n, name, dtype=object),
        "request_id": np.array([f"req-{number:016x}" for number in draws.ids.tolist()], dtype=object),
        "provider": np.array(providers, dtype=object)[answers.version],
        "version": np.array(list(service.versions), dtype=object)[answers.version],
        "status": answers.status,
        "latency_ms": answers.latency_ms,
        "user": np.array([f"u{rank:05d}" for rank in draws.user.tolist()], dtype=object),
        "api_key_alias": np.array(keys, dtype=object)[draws.key],
    }


def _of_shape(service: Service, draws: Draws, answers: Answers) -> dict[str, Values]:
    shape, n, failed = SHAPES[service.shape], draws.n, answers.error > 0
    models = [traits.model or shape.model for traits in service.versions.values()]
    columns: dict[str, Values] = {
        "model": np.array(models, dtype=object)[answers.version],
        "region": _REGIONS[draws.region],
        "route": categories(Category(shape.routes, shape.routes), draws.route, np.zeros(n, dtype=bool)),
        "queue_ms": answers.queue_ms,
    }
    if shape.prompt_tokens is not None:
        columns["ttft_ms"] = _without(answers.ttft_ms, failed)
        columns["prompt_tokens"] = _without(answers.prompt_tokens, failed)
        columns["cached_tokens"] = _without(answers.cached_tokens, failed)
        columns["cost_usd"] = _without(answers.usd, failed)
    if shape.output_tokens is not None:
        columns["completion_tokens"] = _without(answers.output_tokens, failed)
        columns["finish_reason"] = _without(_finish(draws, answers), failed)
    if shape.labels:
        columns |= {each: _without(values, failed) for each, values in _verdict(shape, draws, answers).items()}
    return columns | {"error_type": _ERRORS[answers.error], "features": _features(shape, draws, answers)}


_TOLD = {
    "ttft_ms": "ttft_ms", "queue_ms": "queue_ms", "prompt_tokens": "prompt", "cached_tokens": "cached",
    "completion_tokens": "output", "cost_usd": "cost_usd",
}  # fmt: skip
"""Column of a line → number of a pool's row: it is null where the row does not have it."""


def _of_pool(service: Service, pool: Pool, draws: Draws, answers: Answers) -> dict[str, Values]:
    """As the rows have it, where no fault made it another; worthless answers go on until the limit, and classifiers
    say anything."""
    row, failed = answers.row, answers.error > 0
    usual = SHAPES[service.shape].model
    named = np.array([traits.model for traits in service.versions.values()], dtype=object)[answers.version]
    known = np.where(pool.words["model"][row] == None, usual, pool.words["model"][row])  # noqa: E711 - elementwise
    made = {"ttft_ms": answers.ttft_ms, "queue_ms": answers.queue_ms, "prompt_tokens": answers.prompt_tokens,
            "cached_tokens": answers.cached_tokens, "completion_tokens": answers.output_tokens,
            "cost_usd": answers.usd}  # fmt: skip
    columns: dict[str, Values] = {
        "model": np.where(named == "", known, named),
        "region": pool.words["region"][row],
        "route": pool.words["route"][row],
    }
    for name, number in _TOLD.items():
        if not np.isnan(pool.numbers[number]).all():
            columns[name] = _without(made[name], np.isnan(pool.numbers[number][row]) | (failed & (name != "queue_ms")))
    labels, lost = pool.labels, answers.is_worthless & ~failed
    finish, prediction = pool.words["finish_reason"][row], pool.words["prediction"][row]
    confidence = pool.numbers["confidence"][row].astype(object)
    finish[lost & (finish != None)] = "length"  # noqa: E711
    if len(labels):
        prediction[lost] = labels[(draws.failed_how[lost] * len(labels)).astype(np.int64)]
        confidence[lost] = np.round(0.5 + 0.1 * draws.cached[lost], 4)
        columns["prediction"] = _without(prediction, failed)
        columns["confidence"] = _without(confidence, failed | np.isnan(pool.numbers["confidence"][row]))
    columns["finish_reason"] = _without(finish, failed)
    error = _ERRORS[np.where(answers.error == RECORDED, 0, answers.error)]
    columns["error_type"] = np.where(answers.error == RECORDED, pool.words["error_type"][row], error)
    columns["features"] = _fragments(pool.words["features"][row])
    return columns


def _fragments(texts: Values) -> Values:
    """JSON as it stands."""
    made = np.empty(len(texts), dtype=object)
    made[:] = [orjson.Fragment(text) if text is not None else None for text in texts.tolist()]
    return made


def _finish(draws: Draws, answers: Answers) -> Values:
    """Answers that are worthless are cut off: they go round in circles until the limit."""
    usual = np.where(draws.failed_how < 0.94, "stop", np.where(draws.failed_how < 0.97, "length", "tool_calls"))
    return np.where(answers.is_worthless, "length", usual).astype(object)


def _verdict(shape: Shape, draws: Draws, answers: Answers) -> dict[str, Values]:
    """A classifier's word and how sure it is; one that is lost says ``review`` and is not sure."""
    risk = draws.worthless**5
    risk = np.where(answers.is_drifted, np.sqrt(draws.worthless), risk)
    risk = np.where(answers.is_worthless, 0.5 + 0.1 * draws.cached, risk)
    label = np.full(draws.n, shape.labels[-1][1], dtype=object)
    for least, word in reversed(shape.labels):
        label[risk >= least] = word
    return {"prediction": label, "confidence": np.round(np.maximum(risk, 1 - risk), 4)}


def _features(shape: Shape, draws: Draws, answers: Answers) -> Values:
    made = {}
    for column, (name, feature) in enumerate(shape.features.items()):
        luck = draws.features[column]
        if isinstance(feature, Category):
            made[name] = categories(feature, luck, answers.is_drifted)
        else:
            made[name] = _number(feature, luck, answers)
    rows = zip(*(values.tolist() for values in made.values()), strict=True)
    return np.array([*(dict(zip(made, row, strict=True)) for row in rows), None], dtype=object)[:-1]


def _number(feature: Number, luck: Floats, answers: Answers) -> Values:
    median = np.where(answers.is_drifted, feature.drifted_median, feature.median)
    numbers = np.round(median * np.exp(feature.sigma * scipy.special.ndtri(luck.clip(1e-9, 1 - 1e-9))), feature.digits)
    return numbers.astype(np.int64) if feature.digits == 0 else numbers


def _without(values: Values, is_null: NDArray[np.bool_]) -> Values:
    with_nulls = values.astype(object)
    with_nulls[is_null] = None
    return with_nulls


def _iso(at_s: Floats) -> Values:
    moments = np.round(at_s * 1000).astype("datetime64[ms]")
    return np.array([f"{text}Z" for text in np.datetime_as_string(moments, unit="ms").tolist()], dtype=object)
