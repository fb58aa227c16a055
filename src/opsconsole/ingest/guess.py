"""From a sample to a mapping: which field is which canonical column, and what becomes of all the others.

Always true here: every field of the sample ends up exactly once in the mapping (as the source of a column, as a
feature, or left out with a reason); ``ts`` is the only column that must be found; a bare number becomes a time or a
duration only when its name, a known format or a person says its unit; what was assumed is said in a note.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from opsconsole.errors import InputError, UsageError
from opsconsole.ingest.aliases import (
    ALIASES,
    DURATION_SUFFIXES,
    END_TIMES,
    OUTCOME_WORDS,
    PLAIN_KEYS,
    TIME_SUFFIXES,
    fold,
    split_unit,
)
from opsconsole.ingest.formats import Format, recognise
from opsconsole.ingest.kinds import Profile, has_zone, is_time, verdict
from opsconsole.ingest.mapping import DURATION_UNITS, TIME_UNITS, FeatureKind, Mapping, Rule
from opsconsole.ingest.rules import Field, make_rule, names_of
from opsconsole.ingest.sniff import Sample
from opsconsole.records import DURATION_COLUMNS, MAPPABLE

Rules = tuple[Rule, ...]

NOT_LOGGED: dict[str, tuple[str, ...]] = {
    "latency": ("latency_ms",),
    "ttft": ("ttft_ms",),
    "status": ("status",),
    "tokens": ("input_tokens", "output_tokens"),
    "cost": ("cost_usd",),
    "model": ("model",),
    "version": ("version",),
}
"""Word → columns: a log that has none of them does not log it."""
UNITS: dict[str, tuple[str, ...]] = {"ts": TIME_UNITS, **dict.fromkeys(DURATION_COLUMNS, DURATION_UNITS)}
_SUFFIXES = {"ts": TIME_SUFFIXES, **dict.fromkeys(DURATION_COLUMNS, DURATION_SUFFIXES)}
_FIELDS_SHOWN = 40
_STEM_ENDINGS = re.compile(
    r"(\.(gz|zst|zstd|jsonl|ndjson|json|csv|tsv|log|txt|out)|[.-]\d{1,3}|[.-]\d{8}([-T]?\d{2,6})?|[._-]\d{4}-\d\d-\d\d([-T_]?\d\d)?)$",
    re.IGNORECASE,
)


@dataclass
class _Draft:
    """A mapping while it is made."""

    sample: Sample
    profiles: dict[str, Profile]
    columns: dict[str, Rules] = field(default_factory=dict)
    claimed: set[str] = field(default_factory=set)
    """Paths that are the source of a column."""
    left_out: dict[str, str] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)

    def claim(self, column: str, rules: Iterable[Rule]) -> None:
        self.columns[column] = tuple(rules)
        for rule in self.columns[column]:
            self.claimed.update(filter(None, (rule.path, rule.minus, rule.only_if, rule.before)))

    def trial(self, column: str, path: str, unit: str = "") -> Field:
        return Field(column, self.profiles[path], unit, len(self.sample.records), self.notes)


def guess(sample: Sample, overrides: Sequence[str] = (), service: str = "", path: str | Path = "") -> Mapping:
    """How the records of a sample are read.

    Args:
        sample: what ``sniff`` saw.
        overrides: ``column=field[:unit]``, stronger than any guess.
        service: for records that name none; the file's stem without it.
        path: the file, for its stem and for messages.

    Raises:
        UsageError: an override names no column, no field or no unit that there is.
        InputError: no field says when a request started.
    """
    draft = _Draft(sample, {name: Profile(name, sample.values(name)) for name in sample.paths()})
    for column, rule in (_override(text, draft) for text in overrides):
        draft.claim(column, (*draft.columns.get(column, ()), rule))
    known = recognise(sample.framing, frozenset((*draft.profiles, *sample.nested)))
    _claim_known(draft, known)
    if known.uses_aliases:
        _claim_by_alias(draft)
        _claim_latency_from_ends(draft)
    if "ts" not in draft.columns:
        _claim_only_time(draft, path)
    default_service = service or stem_of(path)
    draft.claim("service", (*draft.columns.get("service", ()), Rule(value=default_service)))
    features = _sort_the_rest(draft)
    includes_cached, includes_reasoning = _token_conventions(draft, known)
    return Mapping(
        format=known.name,
        framing=sample.framing,
        columns={column: draft.columns[column] for column in MAPPABLE if column in draft.columns},
        features=features,
        left_out=draft.left_out,
        input_includes_cached=includes_cached,
        output_includes_reasoning=includes_reasoning,
        delimiter=sample.delimiter,
        header=sample.header,
        records_at=sample.records_at,
        notes=(*known.notes, *draft.notes, *_closing_notes(draft, default_service)),
    )


def stem_of(path: str | Path) -> str:
    """A file's name without how it is packed or when it was rotated: ``chat-20240101.jsonl.gz`` → ``chat``."""
    name = Path(path).name
    while (shorter := _STEM_ENDINGS.sub("", name)) and shorter != name:
        name = shorter
    return name or "unnamed"


def _claim_known(draft: _Draft, known: Format) -> None:
    """The format's own rules, but for what was overridden; of a CSV only those whose columns are in its header."""
    overridden = frozenset(draft.claimed)
    for column, rules in known.columns.items():
        if column in draft.columns:
            continue
        usable = [
            rule
            for rule in rules
            if rule.path not in overridden and (not draft.sample.header or rule.path in draft.profiles)
        ]
        if usable:
            draft.claim(column, usable)
    for path in draft.profiles:
        why = next((why for begin, why in known.left_out.items() if _begins(path, begin)), "")
        if why and path not in draft.claimed:
            draft.left_out[path] = why


# By alias ---------------------------------------------------------------------------------------------------------


def _candidates(draft: _Draft, column: str, aliases: tuple[str, ...]) -> Iterator[tuple[str, str]]:
    """(path, unit that its name says) of the free fields that go by one of these names, the likeliest first."""
    suffixes = _SUFFIXES.get(column)
    called: dict[str, list[tuple[int, str, str]]] = {}
    for path in draft.profiles:
        if path in draft.claimed or path in draft.left_out:
            continue
        for dropped, name in enumerate(names_of(path)):
            called.setdefault(fold(name), []).append((dropped, path, ""))
            if suffixes:
                base, unit = split_unit(name, suffixes)
                if unit:
                    called.setdefault(base, []).append((dropped, path, unit))
    for alias in aliases:
        for _, path, unit in sorted(called.get(fold(alias), ()), key=lambda found: (found[0], not found[2])):
            yield path, unit


def _claim_by_alias(draft: _Draft) -> None:
    for column in MAPPABLE:
        if column in draft.columns:
            continue
        for path, unit in _candidates(draft, column, ALIASES[column]):
            rule = make_rule(draft.trial(column, path, unit))
            if rule is not None:
                draft.claim(column, (rule,))
                break
    for column in DURATION_COLUMNS:
        for path, unit in _candidates(draft, column, ALIASES[column]):
            if column not in draft.columns and not unit and draft.profiles[path].are_numbers:
                draft.left_out.setdefault(path, "a duration without a unit")
                remedy = f"name it with --column {column}={path}:s (or ms, us, ns, min)"
                draft.notes.append(f"{path} holds numbers without a unit: {remedy}.")


def _claim_latency_from_ends(draft: _Draft) -> None:
    """Where no duration is logged but start and end are, in one unit."""
    start = draft.columns.get("ts", (Rule(),))[0]
    if "latency_ms" in draft.columns or not re.match(r"(start|begin|gmtcreate|received|created)", fold(start.path)):
        return
    for path, unit in _candidates(draft, "ts", END_TIMES):
        end = make_rule(draft.trial("ts", path, unit))
        if end is not None and end.unit == start.unit:
            draft.claim("latency_ms", (Rule(path=path, minus=start.path, unit=end.unit),))
            draft.notes.append(f"Latency is {path} − {start.path}.")
            return


def _claim_only_time(draft: _Draft, path: str | Path) -> None:
    """The one field that holds times, whatever its name; raises InputError where there is none, or more."""
    times = [name for name in draft.profiles if make_rule(draft.trial("ts", name))]
    if len(times) == 1 and times[0].count(".") < 2 and draft.profiles[times[0]].n >= 0.9 * len(draft.sample.records):
        draft.claim("ts", (Rule(path=times[0], unit="iso8601"),))
        draft.notes.append(f"{times[0]} is taken as the request's time: no other field holds one.")
        return
    bare = [name for name, _ in _candidates(draft, "ts", ALIASES["ts"]) if draft.profiles[name].are_numbers]
    if times:
        remedy = f"{_list(times)} hold times: name one with --column ts={times[0]}"
    elif bare:
        remedy = f"{bare[0]} holds numbers without a unit: name it with --column ts={bare[0]}:s (or ms, us, ns)"
    else:
        remedy = "Name the field that holds it with --column ts=FIELD:UNIT (iso8601, s, ms, us or ns)"
    raise InputError(
        f"{path or 'The log'}: no field says when a request started (column ts)",
        f"{remedy}. Fields seen: {_list(list(draft.profiles)) or 'none'}.",
    )


def _list(names: list[str]) -> str:
    shown = ", ".join(names[:_FIELDS_SHOWN])
    return shown + (f" and {len(names) - _FIELDS_SHOWN} more" if len(names) > _FIELDS_SHOWN else "")


# Overrides --------------------------------------------------------------------------------------------------------


def _override(text: str, draft: _Draft) -> tuple[str, Rule]:
    column, equals, source = text.partition("=")
    if not equals or not source:
        raise UsageError(f"--column {text} names no field", "Write it as column=field or column=field:unit.")
    if column not in MAPPABLE:
        raise UsageError(f"--column {text}: there is no column {column}", _nearest(column, MAPPABLE))
    units = UNITS.get(column, ())
    name, unit = source, ""
    if units and source not in draft.profiles and ":" in source:
        name, _, unit = source.rpartition(":")
        if unit not in units:
            raise UsageError(
                f"--column {text}: {unit or 'nothing'} is no unit of {column}", f"Units: {', '.join(units)}."
            )
    if name not in draft.profiles:
        raise UsageError(f"--column {text}: the log has no field {name}", _nearest(name, tuple(draft.profiles)))
    profile = draft.profiles[name]
    if column == "status":
        return column, make_rule(draft.trial(column, name)) or Rule(path=name, words=OUTCOME_WORDS)
    if column == "ts" and profile.are(is_time):
        return column, Rule(path=name, unit="iso8601")
    if units:
        unit = unit or split_unit(name, _SUFFIXES[column])[1]
        if not unit:
            raise UsageError(
                f"--column {text}: {name} holds numbers without a unit", f"Write {column}={name}:s, or ms, us, ns."
            )
        return column, Rule(path=name, unit=unit)
    return column, Rule(path=name, plain=column == "api_key_id" and fold(name) in PLAIN_KEYS)


def _nearest(name: str, known: Sequence[str]) -> str:
    folded = {fold(other): other for other in known}
    near = difflib.get_close_matches(fold(name), folded, n=1, cutoff=0.5)
    there_are = f"There are: {_list(list(known))}."
    return f"Did you mean {folded[near[0]]}? {there_are}" if near else there_are


# The rest ---------------------------------------------------------------------------------------------------------


def _sort_the_rest(draft: _Draft) -> dict[str, FeatureKind]:
    """Fields that are no column become features or are left out, in the order of the sample."""
    features: dict[str, FeatureKind] = {}
    left_out: dict[str, str] = {}
    for path, profile in draft.profiles.items():
        if path in draft.claimed:
            continue
        kind, why = (None, draft.left_out[path]) if path in draft.left_out else verdict(profile)
        if kind is None:
            left_out[path] = why
        else:
            features[path] = kind
    placed = {*draft.claimed, *features}  # a field that is nested in some records only
    left_out.update({path: why for path, why in draft.sample.nested.items() if path not in placed})
    draft.left_out = left_out
    return features


def _begins(path: str, begin: str) -> bool:
    return path.startswith(begin) if begin.endswith(".") else path == begin


def _token_conventions(draft: _Draft, known: Format) -> tuple[bool, bool]:
    """Do the input and output counts contain the cached and the reasoning ones? Told by whose names they are."""
    if not known.uses_aliases:
        return known.input_includes_cached, known.output_includes_reasoning

    def leaf(column: str) -> str:
        return fold(draft.columns.get(column, (Rule(),))[0].path.rsplit(".", 1)[-1])

    cached = {leaf("cached_tokens"), leaf("cache_write_tokens")}
    is_anthropic = leaf("input_tokens") == "inputtokens" and not cached.isdisjoint(
        {"cachereadinputtokens", "cachecreationinputtokens"}
    )
    is_gemini = leaf("reasoning_tokens") == "thoughtstokencount"
    if is_anthropic:
        draft.notes.append(
            "Input tokens are counted as Anthropic does: without those read from or written to the cache."
        )
    if is_gemini:
        draft.notes.append("Output tokens are counted as Gemini does: without those spent on thinking.")
    return not is_anthropic, not is_gemini


def _closing_notes(draft: _Draft, default_service: str) -> Iterator[str]:
    missing = [word for word, columns in NOT_LOGGED.items() if not any(column in draft.columns for column in columns)]
    if missing:
        yield f"Not logged: {', '.join(missing)}."
    if draft.columns.keys() <= {"ts", "service", "request_id"}:
        yield "Nothing but a time was recognised: are these requests?"
    if len(draft.columns["service"]) == 1:
        yield f"The service is called {default_service}; name it otherwise with --service."
    start = draft.columns["ts"][0]
    times = draft.profiles[start.path].values if start.path in draft.profiles else []
    if start.unit == "iso8601" and any(is_time(value) and not has_zone(value) for value in times):
        yield f"{start.path} names no zone: taken as UTC."
    if draft.sample.skipped:
        yield f"{draft.sample.skipped} lines of the first MiB are no records."
