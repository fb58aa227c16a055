"""How the daemon finds itself: journal, store, sources."""

from __future__ import annotations

from collections.abc import Iterator

from opsconsole import wire
from opsconsole.daemon.engine import Engine
from opsconsole.errors import JournalError
from opsconsole.journal.examine import Examined, examine
from opsconsole.journal.keys import Keyring

_REJECTS_WORTH_SAYING = 0.01


def diagnose(engine: Engine) -> wire.Diagnosis:
    """Walk the journal's chain and look at the store and every source."""
    return wire.Diagnosis(checks=(*_journal(engine), *_engine(engine), *_store(engine), *_sources(engine)))


def _journal(engine: Engine) -> Iterator[wire.Check]:
    home = engine.home
    try:
        found = examine(home.journal, home.checkpoints, Keyring.read(home.journal_public_key))
    except JournalError as error:
        yield wire.Check(name="journal", found=error.message, is_ok=False, remedy=error.remedy)
    else:
        yield wire.Check(name="journal", found=_told(found), is_ok=True)


def _told(found: Examined) -> str:
    signed = f"{found.signed_events:,} signed" if found.checkpoints else "none signed yet"
    return f"{found.events:,} events, chain whole, {signed}"


def _engine(engine: Engine) -> Iterator[wire.Check]:
    failures = engine.failures
    yield wire.Check(
        name="engine",
        found="; ".join(f"{what}: {error}" for what, error in failures.items()) or "no failure since it started",
        is_ok=not failures,
        remedy=f"{engine.home.daemon_log} has the tracebacks.",
    )


def _store(engine: Engine) -> Iterator[wire.Check]:
    connection = engine.reader()
    try:
        row = connection.execute("SELECT count(*), count(*) FILTER (ts IS NULL) FROM requests").fetchone() or (0, 0)
    finally:
        connection.close()
    size_mb = engine.database.size_bytes() / 1e6
    yield wire.Check(name="store", found=f"{size_mb:.1f} MB, {row[0]:,} requests", is_ok=row[1] == 0)


def _sources(engine: Engine) -> Iterator[wire.Check]:
    for source in engine.follower.sources:
        tally = source.tally
        seen = tally.accepted + tally.rejected
        is_clean = not seen or tally.rejected / seen <= _REJECTS_WORTH_SAYING
        yield wire.Check(
            name=f"source {source.known.source_id}",
            found=source.error or f"{source.known.path}: {tally.accepted:,} records, {tally.rejected:,} rejected",
            is_ok=is_clean and source.state != "failed",
            remedy="`opsconsole sources` has the reasons; `opsconsole map` shows how the file is read.",
        )
