"""The weights in a LiteLLM configuration: read as LiteLLM reads them, and changed without touching anything else.

Always true here: only the text of weights is replaced or added, by their place in the file, so comments and order stay;
the result is read again before it is handed out, and differs from the old document in those weights alone.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import yaml

from opsconsole.releases.targets.base import Rejected, Unsupported
from opsconsole.releases.targets.shares import parts_of
from opsconsole.wire import Routing

_PARTS = 10_000
"""Shares are written in percent with two digits."""
_METRICS = ("weight", "rpm", "tpm")
"""In LiteLLM's order: the first of them that any deployment has above 0 is what counts."""
_STRATEGY = "simple-shuffle"
_MEND = "Mend the configuration by hand."


def weighted(deployments: Iterable[Any]) -> dict[str, float]:
    """Name → share of each deployment, as LiteLLM's ``simple_shuffle`` picks them; a name that stands twice adds up."""
    entries = [(_name(entry), entry["litellm_params"]) for entry in deployments]
    for metric in _METRICS:
        values = [float(parameters.get(metric) or 0) for _, parameters in entries]
        if max(values, default=0) > 0:
            break
    else:
        values = [1.0] * len(entries)
    shares: dict[str, float] = {}
    for (name, _), value in zip(entries, values, strict=True):
        shares[name] = shares.get(name, 0.0) + value / sum(values)
    return shares


def _name(entry: Any) -> str:
    """Its id, or where the configuration gives none, the model that it calls."""
    return str((entry.get("model_info") or {}).get("id") or entry["litellm_params"]["model"])


@dataclass(frozen=True)
class ConfigText:
    """The deployments of one model name."""

    model: str

    def parse(self, text: str) -> Routing:
        """Raises Rejected for a configuration that has no such deployments, or whose weights do not count."""
        document = _loaded(text)
        strategy = (document.get("router_settings") or {}).get("routing_strategy", _STRATEGY)
        if strategy != _STRATEGY:
            raise Rejected(f"the routing strategy is {strategy}, which passes over weights", f"Set {_STRATEGY}.")
        mine = self._mine(document)
        if not mine:
            raise Rejected(f"model_list has no {self.model}", "Correct `model`; an `include:` is not followed.")
        try:
            names = [_name(entry) for entry in mine]
            shares = weighted(mine)
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            raise Rejected(f"a deployment of {self.model} is not understood: {error!r}", _MEND) from error
        if len(set(names)) < len(names):
            raise Rejected(f"two deployments of {self.model} have one name", "Give each a model_info.id of its own.")
        return Routing(shares=shares)

    def replaced(self, text: str, after: Routing) -> str:
        """The text with these weights; raises Unsupported for a deployment that it has not."""
        document = _loaded(text)
        mine = self._mine(document)
        weights = self._weights([_name(entry) for entry in mine], after)
        edits = [
            _edit(node, weights[_name(entry)])
            for node, entry in zip(_parameter_nodes(text, self.model), mine, strict=True)
        ]
        result = text
        for start, end, words in sorted(edits, reverse=True):
            result = result[:start] + words + result[end:]
        for entry in mine:
            entry["litellm_params"]["weight"] = weights[_name(entry)]
        if _loaded(result) != document:
            raise Rejected("the weights cannot be changed without changing anything else", _MEND)
        return result

    def shown(self, before: Routing, after: Routing) -> str:
        weights = self._weights(list(before.shares), after)
        return "\n".join(f"{name}: litellm_params.weight: {weight:g}" for name, weight in weights.items())

    def _mine(self, document: Any) -> list[Any]:
        entries = document.get("model_list") or []
        return [entry for entry in entries if isinstance(entry, dict) and entry.get("model_name") == self.model]

    def _weights(self, names: list[str], after: Routing) -> dict[str, float]:
        if missing := [name for name, share in after.shares.items() if share > 0 and name not in names]:
            raise Unsupported(
                f"{self.model} has no deployment {', '.join(missing)}",
                f"Add it to model_list; there is: {', '.join(names)}.",
            )
        parts = parts_of({name: share for name, share in after.shares.items() if share > 0}, _PARTS)
        return {name: parts.get(name, 0) * 100 / _PARTS for name in names}


def _loaded(text: str) -> Any:
    try:
        document = yaml.safe_load(text)
    except yaml.YAMLError as error:
        raise Rejected(f"not YAML: {' '.join(str(error).split())}", _MEND) from error
    if not isinstance(document, dict):
        raise Rejected("not a LiteLLM configuration", "Correct `config`.")
    return document


def _parameter_nodes(text: str, model: str) -> list[yaml.MappingNode]:
    """Where each deployment's ``litellm_params`` stand."""
    found = []
    for entry in _value(yaml.compose(text, yaml.SafeLoader), "model_list").value:
        name = _value(entry, "model_name")
        if name is not None and name.value == model:
            found.append(_value(entry, "litellm_params"))
    return found


def _value(node: Any, key: str) -> Any:
    return next((value for name, value in node.value if name.value == key), None)


def _edit(node: yaml.MappingNode, weight: float) -> tuple[int, int, str]:
    """(From, to, text): a weight in the place of the old one, or before the first key."""
    if (old := _value(node, "weight")) is not None:
        return old.start_mark.index, old.end_mark.index, f"{weight:g}"
    first = node.value[0][0].start_mark
    separator = ", " if node.flow_style else "\n" + " " * first.column
    return first.index, first.index, f"weight: {weight:g}{separator}"
