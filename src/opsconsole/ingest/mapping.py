"""How a log's own fields become canonical columns: a value that a person can read, edit and pin.

Always true here: a mapping is data (it round-trips through YAML), names every field of the sample exactly once (as the
source of a column, as a feature, or as left out with a reason), and never holds a unit that was guessed from magnitude.
"""

from __future__ import annotations

from typing import Literal

import msgspec

FeatureKind = Literal["numeric", "categorical"]
Framing = Literal["jsonl", "csv", "json"]
"""How records are cut: one JSON object a line, delimiter-separated rows, or one JSON document that holds them all."""

TIME_UNITS = ("iso8601", "s", "ms", "us", "ns")
"""A point in time: ISO 8601 text (naive is UTC), or a count since the Unix epoch."""
DURATION_UNITS = ("s", "ms", "us", "ns", "min")


class Rule(msgspec.Struct, frozen=True, omit_defaults=True, forbid_unknown_fields=True, kw_only=True):
    """Where one canonical column's value comes from."""

    path: str = ""
    """Dotted path of the field in the record, or the header of a CSV column."""
    value: str | None = None
    """A constant, instead of a path."""
    unit: str = ""
    """Of a time: one of TIME_UNITS; of a duration: one of DURATION_UNITS."""
    minus: str = ""
    """Path of a second time, in the same unit: the value is ``path - minus``."""
    only_if: str = ""
    """Path of a boolean that must be true, else the value is not logged."""
    before: str = ""
    """Path that ``path`` must be less than, else the value is not logged."""
    words: dict[str, int] = msgspec.field(default_factory=dict)
    """For ``status``: the log's outcome words (lower case) and the HTTP-like number that each becomes."""
    clock: Literal["wall", "monotonic"] = "wall"
    """For ``ts``: a monotonic clock has no date, so its last record is placed at the file's time of change."""
    plain: bool = False
    """For ``user_key`` and ``api_key_id``: an alias that names no secret, kept as it is instead of hashed."""


class Mapping(msgspec.Struct, frozen=True, omit_defaults=True, forbid_unknown_fields=True, kw_only=True):
    """How one source's records are read."""

    format: str
    """Name of the format in the format table (``generic`` when only the aliases were used)."""
    framing: Framing
    columns: dict[str, tuple[Rule, ...]]
    """Canonical column → rules; the first that gives a value wins."""
    features: dict[str, FeatureKind] = msgspec.field(default_factory=dict)
    """Path → kind, for every field that is no canonical column but worth watching."""
    left_out: dict[str, str] = msgspec.field(default_factory=dict)
    """Path → why it is not stored (identifier, free text, secret, nested, …)."""
    input_includes_cached: bool = True
    """Does the logged input count include cache reads and writes (OpenAI's convention) or not (Anthropic's)?"""
    output_includes_reasoning: bool = True
    """Does the logged output count include reasoning tokens?"""
    delimiter: str = ","
    """Of a CSV."""
    header: tuple[str, ...] = ()
    """Of a CSV: its column names in order, as in its first line."""
    records_at: str = ""
    """Of a JSON document: dotted path of the array or object that holds the records; empty for the top."""
    notes: tuple[str, ...] = ()
    """What a person should know about this guess: what is not logged, which unit must be declared."""

    def paths(self) -> tuple[str, ...]:
        """Every path that parsing has to read, each once, in a stable order."""
        seen: dict[str, None] = {}
        for rules in self.columns.values():
            for rule in rules:
                for path in (rule.path, rule.minus, rule.only_if, rule.before):
                    if path:
                        seen[path] = None
        seen.update(dict.fromkeys(self.features))
        return tuple(seen)
