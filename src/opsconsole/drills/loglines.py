"""Answered requests as the lines that a gateway would log.

Always true here: a line is due when its request has ended; what nobody can know of a failed request is null; a record
that a fault loses is not written at all.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import orjson
from numpy.typing import NDArray
from scipy.special import ndtri

from opsconsole.drills.cast import Service
from opsconsole.drills.draws import Draws, Floats, categories
from opsconsole.drills.shapes import REGIONS, SHAPES, Category, Number, Shape
from opsconsole.drills.worlds import ERRORS, Answers

Values = NDArray[Any]
_REGIONS = np.array(list(REGIONS), dtype=object)
_ERRORS = np.array([None, *ERRORS], dtype=object)


def lines(
    name: str, service: Service, draws: Draws, answers: Answers, keys: Sequence[str]
) -> tuple[Floats, list[bytes]]:
    """When each line is due (seconds since the epoch), and the lines."""
    shape = SHAPES[service.shape]
    columns = _columns(name, service, shape, draws, answers, keys)
    kept = np.flatnonzero(answers.is_logged)
    due_s = (draws.at_s + answers.latency_ms / 1000)[kept]
    names = list(columns)
    rows = zip(*(columns[each][kept].tolist() for each in names), strict=True)
    return due_s, [orjson.dumps(dict(zip(names, row, strict=True))) + b"\n" for row in rows]


def _columns(
    name: str, service: Service, shape: Shape, draws: Draws, answers: Answers, keys: Sequence[str]
) -> dict[str, Values]:
    n, failed = draws.n, answers.error > 0
    versions = list(service.versions)
    models = [traits.model or shape.model for traits in service.versions.values()]
    providers = [traits.provider or service.provider for traits in service.versions.values()]
    columns: dict[str, Values] = {
        "ts": _iso(draws.at_s + answers.skew_s),
        "service": np.full(n, name, dtype=object),
        "request_id": np.array([f"req-{number:016x}" for number in draws.ids.tolist()], dtype=object),
        "provider": np.array(providers, dtype=object)[answers.version],
        "model": np.array(models, dtype=object)[answers.version],
        "version": np.array(versions, dtype=object)[answers.version],
        "region": _REGIONS[draws.region],
        "route": categories(Category(shape.routes, shape.routes), draws.route, np.zeros(n, dtype=bool)),
        "status": answers.status,
        "latency_ms": answers.latency_ms,
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
    columns["user"] = np.array([f"u{rank:05d}" for rank in draws.user.tolist()], dtype=object)
    columns["api_key_alias"] = np.array(keys, dtype=object)[draws.key]
    columns["error_type"] = _ERRORS[answers.error]
    columns["features"] = _features(shape, draws, answers)
    return columns


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
    numbers = np.round(median * np.exp(feature.sigma * ndtri(luck.clip(1e-9, 1 - 1e-9))), feature.digits)
    return numbers.astype(np.int64) if feature.digits == 0 else numbers


def _without(values: Values, is_null: NDArray[np.bool_]) -> Values:
    with_nulls = values.astype(object)
    with_nulls[is_null] = None
    return with_nulls


def _iso(at_s: Floats) -> Values:
    moments = np.round(at_s * 1000).astype("datetime64[ms]")
    return np.array([f"{text}Z" for text in np.datetime_as_string(moments, unit="ms").tolist()], dtype=object)
