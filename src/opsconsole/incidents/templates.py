"""Messages to people: templates as files, the facts that go into them, and what no message may say.

Always true here: a fact that is missing reads ``–``, and a line that has nothing but a label and what a person did not
say is left out; a fact is put in once and never read as a template itself; a
template that asks for a fact that does not exist is refused with its file and line; nothing is sent that promises when
it will be over, and nothing says that it is over without a word on lost data.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from datetime import datetime
from importlib import resources
from pathlib import Path
from string import Template
from typing import NamedTuple

from opsconsole import rates, wire
from opsconsole.config.load import nearest
from opsconsole.durations import in_words
from opsconsole.errors import ConfigError, UsageError
from opsconsole.incidents.ledger import holder, moment
from opsconsole.incidents.timers import CADENCES, review_due

MISSING = "–"
BUILT_IN = "built in"
LONGEST = 20_000
"""Characters of one message."""

SAID: Mapping[str, str] = {
    "impact": "what users notice, and how many",
    "cause": "what is behind it",
    "doing": "what is being done, or what follows",
    "changed": "what is new since the last message",
    "data_loss": "`none`, or what was lost and whose; a message that it is over needs it",
    "next": "when the next message comes, where the severity does not say",
}
"""Facts that only a person knows → what they are."""

FACTS: tuple[str, ...] = (
    *SAID, "incident", "title", "severity", "severity_meaning", "services", "status", "began", "mitigated", "resolved",
    "duration", "commander", "operator", "signals", "next_update", "review_due",
)  # fmt: skip
"""Everything that a template may ask for."""

_PROMISE = re.compile(
    r"\beta\b\s*:?|\bestimated time (?:of|to)\b"
    r"|\b(?:will|should|expect\w*|going to|shall)\b[^.\n]{0,60}"
    r"\b(?:fixed|resolved|restored|solved|repaired|recover(?:ed|s)?|over|back(?: up)?|normal)\b[^.\n]{0,20}"
    r"\b(?:by|within|in|before|at|until)\s+(?:about\s+)?"
    r"(?:\d|(?:an?|the next|one|two|noon|tonight|tomorrow)\b)",
    re.I,
)
_LABELLED = re.compile(rf"[^$:]+: \$(?:{'|'.join(SAID)}|\{{(?:{'|'.join(SAID)})\}})\.?\s*")
"""A line of a template that says one fact of a person's and nothing else."""


class Source(NamedTuple):
    """A template and where it came from."""

    text: str
    origin: str


def template(directory: Path, audience: wire.Audience, stage: wire.Stage) -> Source:
    """The one in this directory, else the one that comes with the program.

    Raises ConfigError for a file that cannot be read or asks for a fact that does not exist.
    """
    name = f"{audience}-{stage}.txt"
    own = directory / name
    try:
        text = own.read_text(encoding="utf-8")
    except FileNotFoundError:
        return Source(resources.files(__package__).joinpath("templates", name).read_text(encoding="utf-8"), BUILT_IN)
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(f"{own} cannot be read: {error}", "Write it as UTF-8 text, or take it away.") from error
    for number, line in enumerate(text.splitlines(), 1):
        for asked in _asked(line):
            if asked not in FACTS:
                raise ConfigError(f"{own}:{number}: there is no fact ${asked}", nearest(asked, FACTS))
    return Source(text, str(own))


def _asked(line: str) -> list[str]:
    return [found["named"] or found["braced"] for found in Template.pattern.finditer(line) if _name(found)]


def _name(found: re.Match[str]) -> str:
    return found["named"] or found["braced"] or ""


def rendered(source: str, facts: Mapping[str, str]) -> str:
    """The template with these facts; the first line is the title. What is no fact's name stays as it is.

    A line like ``Cause: $cause`` is left out where nobody said it.
    """

    def put(found: re.Match[str]) -> str:
        if found["escaped"]:
            return "$"
        return facts.get(_name(found), "") or MISSING if _name(found) else found[0]

    def is_empty(line: str) -> bool:
        return bool(_LABELLED.fullmatch(line)) and not any(facts.get(name) for name in _asked(line))

    title, _, body = source.partition("\n")
    said = "".join(line for line in body.splitlines(keepends=True) if not is_empty(line))
    return " ".join(Template.pattern.sub(put, title).split()) + "\n" + Template.pattern.sub(put, said)


def facts(
    incident: wire.Incident, said: Mapping[str, str], services: Sequence[wire.ServiceNow], now: datetime
) -> dict[str, str]:
    """What is known now, in words; what is not known is left out."""
    began = moment(incident, "impact_start") or moment(incident, "detected")
    resolved, mitigated = moment(incident, "resolved"), moment(incident, "mitigated")
    every = CADENCES[incident.severity].update
    found: dict[str, str | None] = {
        "incident": incident.incident,
        "title": incident.title,
        "severity": incident.severity,
        "severity_meaning": next(each.meaning for each in wire.SEVERITIES if each.severity == incident.severity),
        "services": ", ".join(incident.services),
        "status": incident.status,
        "began": _clock(began),
        "mitigated": _clock(mitigated),
        "resolved": _clock(resolved),
        "duration": in_words((resolved or now) - began) if began else None,
        "commander": _person(incident, "commander"),
        "operator": _person(incident, "operator"),
        "signals": "; ".join(map(_signals, services)),
        "next_update": said.get("next") or (_clock(now + every) if every else None),
        "review_due": _clock(review_due(incident)),
    }
    return {name: value for name, value in {**found, **said}.items() if value}


def _person(incident: wire.Incident, role: wire.IncidentRole) -> str | None:
    held = holder(incident, role)
    return held.person if held else None


def _clock(at: datetime | None) -> str | None:
    return f"{at:%Y-%m-%d %H:%M} UTC" if at else None


def _signals(each: wire.ServiceNow) -> str:
    errors = MISSING if each.error_rate is None else rates.percent(each.error_rate)
    p99 = MISSING if each.p99_ms is None else f"{each.p99_ms:,.0f} ms"
    return f"{each.service} {each.state}, errors {errors}, p99 {p99}, n {each.requests:,} in 15 min"


# What no message may say ------------------------------------------------------------------------------------------


def promises(text: str) -> tuple[str, ...]:
    """Where a text says when it will be over: nobody knows that, and whoever reads it will hold it against us."""
    return tuple(" ".join(found[0].split()) for found in _PROMISE.finditer(text))


def warnings(stage: wire.Stage, text: str, said: Mapping[str, str]) -> tuple[str, ...]:
    """Why a message would not be sent as it is, and which of its facts are missing."""
    found = [f"it promises a time: {each!r}; say when the next update comes instead" for each in promises(text)]
    if stage == "resolved" and not said.get("data_loss", "").strip():
        found.append("it says that it is over and not whether data was lost: say data_loss (`none`, or what)")
    if n := text.count(MISSING):
        found.append(f"{n} of its facts missing: they read {MISSING}")
    return tuple(found)


def require_sendable(stage: wire.Stage, text: str, said: Mapping[str, str]) -> None:
    """Raises UsageError for a message that must not go out."""
    if not text.strip() or len(text) > LONGEST:
        raise UsageError(f"a message has 1 to {LONGEST:,} characters, not {len(text):,}", "Say it shorter.")
    if found := promises(text):
        raise UsageError(f"the message promises a time: {found[0]!r}", "Say when the next update comes instead.")
    loss = said.get("data_loss", "").strip()
    if stage == "resolved" and (not loss or loss not in text):
        raise UsageError(
            "the message says that it is over and not whether data was lost",
            "Say data_loss: `none`, or what was lost and whose.",
        )


def require_known(said: Mapping[str, str]) -> None:
    """Raises UsageError for a fact that there is not."""
    for name in said:
        if name not in SAID:
            raise UsageError(f"there is no fact {name!r} that a person says", nearest(name, SAID))
