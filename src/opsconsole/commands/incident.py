"""``opsconsole incident``: the words with which an incident is worked from the command line.

Always true here: reading needs no right but to look; a message is shown before it is sent, and sent as it was shown.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable
from datetime import date, datetime

from opsconsole import wire
from opsconsole.commands import incident_acts as acts
from opsconsole.commands.words import Verbs, add_json, moment, verb
from opsconsole.errors import UsageError

_EXAMPLES = """
opsconsole incident open 'chat answers slowly' --service chat-assist --severity SEV-2 SEV-3
opsconsole incident role INC-7 commander --take
opsconsole incident note INC-7 'v42 holds the cache. TODO: alert on cache hits @ann due friday' --cause
opsconsole incident update INC-7 investigating --audience external --say impact='answers take 20 s'
opsconsole incident resolve INC-7
opsconsole incident review INC-7 --out reviews
"""
_ROLE_EXAMPLES = """
opsconsole incident role INC-7 commander --take
opsconsole incident role INC-7 commander --offer bob      bob has it once he says so:
opsconsole incident role INC-7 commander --accept
opsconsole incident role INC-7 scribe --leave
"""
_MILESTONE_EXAMPLES = """
opsconsole incident milestone INC-7 impact_start --at 2026-11-25T02:55 --why 'first complaint'
opsconsole incident milestone INC-7 mitigated
opsconsole incident milestone INC-7 identified --withdraw --why 'it was not the cache'
"""
_UPDATE_EXAMPLES = """
opsconsole incident update INC-7 investigating --say impact='answers take 20 s' --dry-run    shown, not sent
opsconsole incident update INC-7 update --audience external --say changed='v41 serves again' --yes
opsconsole incident update INC-7 resolved --audience external --say data_loss=none
opsconsole incident update INC-7 update --text words.txt     one's own words instead of a template
"""
_LINK_EXAMPLES = """
opsconsole incident link INC-7 alert A-12
opsconsole incident link INC-7 release 3f2a9c01d4e5
opsconsole incident link INC-7 view explain --service chat-assist --from 2026-11-25T02:50 --to 2026-11-25T03:10
opsconsole incident link INC-7 query 'SELECT version, count(*) FROM requests GROUP BY 1' --note 'who served'
"""
_FOLLOW_UP_EXAMPLES = """
opsconsole incident followup INC-7 'alert on cache hits' --owner ann --due 2026-12-04
opsconsole incident followup INC-7 --number 2 --owner bob
opsconsole incident followup INC-7 --number 2 --done
"""
_LIST_EXAMPLES = """
opsconsole incident list
opsconsole incident list --open --json
opsconsole incident list --overdue        reviews and follow-ups; exit code 1 where there are some
"""
_REVIEW_EXAMPLES = """
opsconsole incident review INC-7                    Markdown on stdout
opsconsole incident review INC-7 --out reviews      reviews/INC-7.md and reviews/INC-7.html
opsconsole incident review INC-7 --reviewed         it is finished
"""


def add(verbs: Verbs, shared: argparse.ArgumentParser) -> None:
    parser = verb(verbs, shared, "incident", "work an incident: roles, milestones, messages, review", _EXAMPLES)
    actions = parser.add_subparsers(title="actions", metavar="ACTION", required=True)

    def action(
        name: str,
        about: str,
        run: Callable[[argparse.Namespace], int],
        examples: str = _EXAMPLES,
        *,
        is_of_one: bool = True,
    ) -> argparse.ArgumentParser:
        made = verb(actions, shared, name, about, examples)
        if is_of_one:
            made.add_argument("incident", metavar="INCIDENT", help="its name: INC-7, or 7")
        add_json(made)
        made.set_defaults(run=run)
        return made

    _add_record(action)
    _add_people(action)
    _add_telling(action)
    _add_reading(action)


def _add_record(action: Callable[..., argparse.ArgumentParser]) -> None:
    opening = action("open", "open an incident", acts.run_open, is_of_one=False)
    opening.add_argument("title", metavar="TITLE", help="what is wrong, in one line")
    opening.add_argument("--service", action="append", default=[], metavar="NAME", help="may be repeated")
    _add_severities(opening, "--severity", default=[])
    opening.add_argument("--why", default="", metavar="TEXT")
    opening.add_argument("--alert", default="", metavar="ID", help="the alert that it is opened from")
    renaming = action("rename", "give an incident another title or other services", acts.run_rename)
    renaming.add_argument("title", nargs="?", default="", metavar="TITLE")
    renaming.add_argument("--service", action="append", default=[], metavar="NAME", help="may be repeated")
    severity = action("severity", "set the severity; unsure between two, name both: the higher is taken",
                      acts.run_severity)  # fmt: skip
    _add_severities(severity, "severity")
    severity.add_argument("--why", default="", metavar="TEXT")
    milestone = action("milestone", "set a milestone by hand, correct it, or take it back", acts.run_milestone,
                       _MILESTONE_EXAMPLES)  # fmt: skip
    milestone.add_argument("milestone", choices=wire.MILESTONES, metavar="MILESTONE", help=", ".join(wire.MILESTONES))
    milestone.add_argument("--at", type=_moment, metavar="T", help="when it was (ISO 8601, UTC; default: now)")
    milestone.add_argument("--withdraw", action="store_true", help="nobody knows it after all")
    milestone.add_argument("--why", default="", metavar="TEXT")
    linking = action("link", "link an alert, a release, a checklist's run, a view with its range, or a query",
                     acts.run_link, _LINK_EXAMPLES)  # fmt: skip
    linking.add_argument("kind", choices=("alert", "release", "checklist", "view", "query"), metavar="KIND",
                         help="alert, release, checklist, view or query")  # fmt: skip
    linking.add_argument("ref", metavar="REF", help="an id, the name of a view, or SQL, whose rows are hashed")
    linking.add_argument("--service", default="", metavar="NAME", help="of a view")
    linking.add_argument("--from", dest="start", type=_moment, metavar="T", help="range of a view (ISO 8601, UTC) …")
    linking.add_argument("--to", dest="end", type=_moment, metavar="T", help="… up to this moment")
    linking.add_argument("--note", default="", metavar="TEXT")
    resolving = action("resolve", "say that it is over", acts.run_resolve)
    resolving.add_argument("--at", type=_moment, metavar="T", help="when it was over (ISO 8601, UTC; default: now)")
    resolving.add_argument("--why", default="", metavar="TEXT")
    reopening = action("reopen", "say that it is not over", acts.run_reopen)
    reopening.add_argument("why", metavar="WHY")


def _add_people(action: Callable[..., argparse.ArgumentParser]) -> None:
    role = action("role", "take, hand over, accept or leave a role", acts.run_role, _ROLE_EXAMPLES)
    role.add_argument("role", choices=wire.INCIDENT_ROLES, metavar="ROLE", help=", ".join(wire.INCIDENT_ROLES))
    how = role.add_mutually_exclusive_group(required=True)
    how.add_argument("--take", action="store_true", help="have it from now on, whoever had it")
    how.add_argument("--offer", default="", metavar="PERSON", help="hand it over; it is theirs once they accept")
    how.add_argument("--accept", action="store_true", help="take over what was offered")
    how.add_argument("--leave", action="store_true", help="give it up")


def _add_telling(action: Callable[..., argparse.ArgumentParser]) -> None:
    noting = action("note", "write a note; each line with `TODO:` becomes a follow-up", acts.run_note)
    noting.add_argument("text", metavar="TEXT", help="- reads it from stdin")
    noting.add_argument("--cause", action="store_true", help="it names the cause: the incident is identified")
    updating = action("update", "tell people: from a template, shown first", acts.run_update, _UPDATE_EXAMPLES)
    updating.add_argument("stage", choices=wire.STAGES, metavar="STAGE", help=", ".join(wire.STAGES))
    updating.add_argument("--audience", choices=wire.AUDIENCES, default="internal", metavar="WHO",
                          help=f"{', '.join(wire.AUDIENCES)} (default: internal)")  # fmt: skip
    updating.add_argument("--say", action="append", default=[], metavar="NAME=TEXT",
                          help="impact, cause, doing, changed, data_loss or next; may be repeated")  # fmt: skip
    updating.add_argument("--text", metavar="FILE", help="these words instead of a template; - reads stdin")
    updating.add_argument("--yes", action="store_true", help="send it without being asked")
    updating.add_argument("--dry-run", action="store_true", help="show it and send nothing")
    follow_up = action("followup", "add, change or finish what is to be done afterwards", acts.run_follow_up,
                       _FOLLOW_UP_EXAMPLES)  # fmt: skip
    follow_up.add_argument("text", nargs="?", default="", metavar="TEXT")
    follow_up.add_argument(
        "--number", type=_number, default=0, metavar="N", help="the one that is meant (default: a new one)"
    )
    follow_up.add_argument("--owner", default="", metavar="NAME")
    follow_up.add_argument("--due", type=_day, metavar="DAY", help="2026-12-04")
    follow_up.add_argument("--done", action="store_true")


def _add_reading(action: Callable[..., argparse.ArgumentParser]) -> None:
    listing = action("list", "list incidents, and what of them is due", acts.run_list, _LIST_EXAMPLES, is_of_one=False)
    listing.add_argument("--open", action="store_true", help="only those that are not resolved")
    listing.add_argument("--overdue", action="store_true", help="reviews and follow-ups that should be done by now")
    action("show", "show everything about an incident", acts.run_show)
    action("handover", "print the page for whoever takes over: 80 columns, no colour", acts.run_handover)
    action("timeline", "print what happened, each line with the command that shows its data", acts.run_timeline)
    reviewing = action("review", "write the review, as Markdown and as one HTML file", acts.run_review,
                       _REVIEW_EXAMPLES)  # fmt: skip
    reviewing.add_argument("--out", default="", metavar="DIR", help="write both files there, instead of stdout")
    reviewing.add_argument("--reviewed", action="store_true", help="the review is finished")


def _add_severities(parser: argparse.ArgumentParser, name: str, **more: object) -> None:
    meanings = "; ".join(f"{each.severity}: {each.meaning.partition(':')[0].rstrip('.')}" for each in wire.SEVERITIES)
    parser.add_argument(name, nargs="+", type=_severity, metavar="SEV", help=meanings, **more)  # type: ignore[arg-type]


def _severity(text: str) -> wire.Severity:
    found = f"SEV-{text.upper().removeprefix('SEV').lstrip('-')}"
    for each in wire.SEVERITIES:
        if each.severity == found:
            return each.severity
    raise argparse.ArgumentTypeError(f"{text!r} is no severity: SEV-1 (worst) to SEV-5")


def _moment(text: str) -> datetime:
    try:
        return moment(text)
    except UsageError as error:
        raise argparse.ArgumentTypeError(f"{error.message}; {error.remedy}") from error


def _day(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(f"{text!r} is no day: write 2026-12-04") from error


def _number(text: str) -> int:
    if not text.isdecimal() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"{text!r} is no follow-up's number")
    return int(text)
