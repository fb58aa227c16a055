"""What ``opsconsole incident`` does: one function an action."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

import msgspec

from opsconsole import wire
from opsconsole.client import Client
from opsconsole.commands import incident_page
from opsconsole.commands.reading import client_of
from opsconsole.commands.words import narrate, print_json
from opsconsole.console.review_files import harmless, written
from opsconsole.errors import ReleaseRefused, UsageError
from opsconsole.handover import handover

OVERDUE = 1
"""Exit code of ``list --overdue`` when something is."""


def name_of(arguments: argparse.Namespace) -> str:
    """``INC-7``, also for ``7`` and ``inc-7``."""
    text = str(arguments.incident).upper()
    return f"INC-{text}" if text.isdecimal() else text


def _respond(arguments: argparse.Namespace, word: str, request: msgspec.Struct) -> int:
    with client_of(arguments.home) as client:
        return _said(arguments, client.respond(word, request))


def _said(arguments: argparse.Namespace, answer: wire.Responded) -> int:
    if arguments.json:
        print_json(answer)
    else:
        sys.stdout.write(incident_page.responded_page(answer))
    return 0


# The record -------------------------------------------------------------------------------------------------------


def run_open(arguments: argparse.Namespace) -> int:
    request = wire.OpenIncident(
        title=arguments.title,
        services=tuple(arguments.service),
        severities=tuple(arguments.severity),
        why=arguments.why,
        alert=arguments.alert,
    )
    return _respond(arguments, "open", request)


def run_rename(arguments: argparse.Namespace) -> int:
    if not arguments.title and not arguments.service:
        raise UsageError("nothing is named that it should be called", "Give a TITLE, or --service.")
    request = wire.RenameIncident(incident=name_of(arguments), title=arguments.title, services=tuple(arguments.service))
    return _respond(arguments, "rename", request)


def run_severity(arguments: argparse.Namespace) -> int:
    request = wire.SetSeverity(incident=name_of(arguments), severities=tuple(arguments.severity), why=arguments.why)
    return _respond(arguments, "severity", request)


def run_milestone(arguments: argparse.Namespace) -> int:
    request = wire.SetMilestone(
        incident=name_of(arguments),
        milestone=arguments.milestone,
        at=arguments.at,
        is_withdrawn=arguments.withdraw,
        why=arguments.why,
    )
    return _respond(arguments, "milestone", request)


def run_link(arguments: argparse.Namespace) -> int:
    request = wire.AddLink(
        incident=name_of(arguments),
        kind=arguments.kind,
        ref=arguments.ref,
        service=arguments.service,
        start=arguments.start,
        end=arguments.end,
        note=arguments.note,
    )
    return _respond(arguments, "link", request)


def run_resolve(arguments: argparse.Namespace) -> int:
    request = wire.ResolveIncident(incident=name_of(arguments), at=arguments.at, why=arguments.why)
    return _respond(arguments, "resolve", request)


def run_reopen(arguments: argparse.Namespace) -> int:
    return _respond(arguments, "reopen", wire.ReopenIncident(incident=name_of(arguments), why=arguments.why))


def run_role(arguments: argparse.Namespace) -> int:
    chosen = {"take": arguments.take, "offer": arguments.offer, "accept": arguments.accept, "leave": arguments.leave}
    act = next(word for word, is_chosen in chosen.items() if is_chosen)
    request = wire.ChangeRole(
        incident=name_of(arguments),
        role=arguments.role,
        act=act,  # type: ignore[arg-type]
        to=arguments.offer,
    )
    return _respond(arguments, "role", request)


# Telling ----------------------------------------------------------------------------------------------------------


def run_note(arguments: argparse.Namespace) -> int:
    text = sys.stdin.read() if arguments.text == "-" else arguments.text
    return _respond(arguments, "note", wire.AddNote(incident=name_of(arguments), text=text, is_cause=arguments.cause))


def run_follow_up(arguments: argparse.Namespace) -> int:
    request = wire.ChangeFollowUp(
        incident=name_of(arguments),
        number=arguments.number,
        text=arguments.text,
        owner=arguments.owner.removeprefix("@"),
        due=arguments.due,
        is_done=arguments.done,
    )
    return _respond(arguments, "followup", request)


def run_update(arguments: argparse.Namespace) -> int:
    said = dict(_fact(word) for word in arguments.say)
    asked = wire.DraftRequest(
        incident=name_of(arguments), stage=arguments.stage, audience=arguments.audience, said=said
    )
    with client_of(arguments.home) as client:
        draft = client.draft(asked)
        if arguments.text:
            draft = msgspec.structs.replace(draft, text=_read(arguments.text), template="own words", warnings=())
        if arguments.dry_run:
            return _shown(arguments, draft)
        if not arguments.yes:
            _confirm(draft)
        return _said(arguments, _sent(client, asked, draft))


def _sent(client: Client, asked: wire.DraftRequest, draft: wire.Draft) -> wire.Responded:
    request = wire.SendRequest(
        incident=asked.incident,
        stage=asked.stage,
        audience=asked.audience,
        text=draft.text,
        template=draft.template,
        said=asked.said,
    )
    return client.respond("send", request)


def _shown(arguments: argparse.Namespace, draft: wire.Draft) -> int:
    if arguments.json:
        print_json(draft)
    else:
        sys.stdout.write(incident_page.draft_page(draft))
    return 0


def _confirm(draft: wire.Draft) -> None:
    """Show the message and ask. Raises ReleaseRefused unless a person says ``y``."""
    narrate(incident_page.draft_page(draft).rstrip("\n"))
    if not sys.stdin.isatty():
        raise ReleaseRefused("confirmation: nobody can be asked here, and nothing was sent", "Add --yes.")
    sys.stderr.write("Type y to send it; anything else sends nothing: ")
    sys.stderr.flush()
    if sys.stdin.readline().strip() != "y":
        raise ReleaseRefused("confirmation: nothing was sent", "Run it again when you mean it.")


def _fact(word: str) -> tuple[str, str]:
    name, equals, text = word.partition("=")
    if not equals:
        raise UsageError(f"--say {word!r} says nothing", "Write NAME=TEXT: --say impact='answers take 20 s'.")
    return name, text


def _read(file: str) -> str:
    if file == "-":
        return sys.stdin.read()
    try:
        return Path(file).read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise UsageError(f"{file} cannot be read: {error}", "Name a file with the message, or - for stdin.") from error


# Reading ----------------------------------------------------------------------------------------------------------


def run_list(arguments: argparse.Namespace) -> int:
    with client_of(arguments.home) as client:
        reply = client.incidents()
    if arguments.open:
        kept = tuple(each for each in reply.incidents if each.resolved_at is None)
        reply = msgspec.structs.replace(reply, incidents=kept)
    if arguments.json:
        print_json(reply.findings if arguments.overdue else reply)
    elif arguments.overdue:
        sys.stdout.write(incident_page.findings_page(reply))
    elif reply.incidents:
        sys.stdout.write(incident_page.list_page(reply))
    else:
        narrate("no incident is open" if arguments.open else "there was no incident yet")
    return OVERDUE if arguments.overdue and reply.findings else 0


def run_show(arguments: argparse.Namespace) -> int:
    return _view(arguments, incident_page.show_page)


def run_handover(arguments: argparse.Namespace) -> int:
    return _view(arguments, handover)


def run_timeline(arguments: argparse.Namespace) -> int:
    with client_of(arguments.home) as client:
        view = client.incident(name_of(arguments))
    if arguments.json:
        print_json(view.timeline)
    else:
        sys.stdout.write(incident_page.timeline_page(view))
    return 0


def _view(arguments: argparse.Namespace, page: incident_page.Page) -> int:
    with client_of(arguments.home) as client:
        view = client.incident(name_of(arguments))
    if arguments.json:
        print_json(view)
    else:
        sys.stdout.write(page(view))
    return 0


def run_review(arguments: argparse.Namespace) -> int:
    request = wire.ReviewRequest(incident=name_of(arguments), is_reviewed=arguments.reviewed)
    with client_of(arguments.home) as client:
        files = client.review(request)
    if arguments.out:
        for path in written(Path(arguments.out), files):
            narrate(f"wrote {path}")
    if arguments.json:
        print_json(files.review)
    elif not arguments.out:
        sys.stdout.write(harmless(files.markdown))
    return 0
