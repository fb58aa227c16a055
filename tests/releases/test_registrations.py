"""What is registered is a fold over the journal: the newest counts, and none is lost."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import msgspec
import pytest

from manifests_made import manifest, part, sha
from opsconsole import wire
from opsconsole.clock import ManualClock
from opsconsole.errors import JournalError
from opsconsole.journal import Journal
from opsconsole.releases.manifests import ADDED, fold

START = datetime(2026, 11, 2, 14, 0, tzinfo=UTC)


@pytest.fixture
def journal(tmp_path: Path) -> Journal:
    return Journal(tmp_path / "journal", ManualClock(START))


def add(journal: Journal, registered: wire.Manifest, actor: str = "amira") -> None:
    journal.append(actor, ADDED, {"manifest": msgspec.to_builtins(registered), "is_replacement": False})


FIRST = manifest(part("model", digest=sha("a")))
SECOND = manifest(part("model", digest=sha("b")))


def test_the_newest_registration_counts_and_the_others_are_kept(journal: Journal) -> None:
    add(journal, FIRST)
    add(journal, manifest(part("model", digest=sha("c")), version="v41"))
    add(journal, SECOND, "ben")
    found = fold(journal.events())
    newest = found.newest("chat-assist", "v42")
    assert newest is not None
    assert (newest.parts, newest.added_by, newest.added_at) == (SECOND.parts, "ben", START)
    assert [each.parts for each in found.history("chat-assist", "v42")] == [FIRST.parts, SECOND.parts]
    reply = found.of_service("chat-assist")
    assert [each.version for each in reply.manifests] == ["v42", "v41"]
    assert [each.parts for each in reply.superseded] == [FIRST.parts]


def test_who_and_when_are_what_the_journal_says(journal: Journal) -> None:
    add(journal, msgspec.structs.replace(FIRST, added_by="mallory", added_at=datetime(2000, 1, 1, tzinfo=UTC)))
    (found,) = fold(journal.events()).of_service().manifests
    assert (found.added_by, found.added_at) == ("amira", START)


def test_other_events_and_services_are_passed_over(journal: Journal) -> None:
    journal.append("amira", "baseline.set", {"service": "chat-assist"})
    add(journal, FIRST)
    found = fold(journal.events())
    assert found.of_service("doc-search") == wire.ManifestsReply(manifests=())
    assert found.newest("chat-assist", "v7") is None
    assert found.history("doc-search", "v42") == ()


def test_one_event_more_is_the_same_as_folding_again(journal: Journal) -> None:
    add(journal, FIRST)
    before = fold(journal.events())
    add(journal, SECOND)
    *_, last = journal.events()
    assert before.after(last) == fold(journal.events())
    assert before.of_service().superseded == ()


def test_a_registration_that_is_not_understood_is_named(journal: Journal) -> None:
    journal.append("amira", ADDED, {"manifest": {"service": "chat-assist", "parts": 3}})
    with pytest.raises(JournalError, match="event 1 of the journal registers a version and is not understood"):
        fold(journal.events())
