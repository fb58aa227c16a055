"""The one thread that writes: it follows sources, folds rollups, pins baselines, and runs what others ask of it.

Always true here: every write to the store happens on this thread, so nobody waits for a lock inside DuckDB; the
revision grows with each commit and never otherwise; what cannot be done is told to whoever asked and never
ends the thread. A driven engine has no thread: whoever has the turn writes, so that a drill is the same each time.
"""

from __future__ import annotations

import logging
import queue
import shutil
import threading
from collections.abc import Callable
from concurrent.futures import Future
from datetime import timedelta
from time import perf_counter, thread_time
from typing import Any, TypeVar

import duckdb

from opsconsole.clock import Clock
from opsconsole.config.settings import Settings
from opsconsole.errors import JournalError
from opsconsole.home import Home
from opsconsole.ingest.follower import Follower
from opsconsole.ingest.prices import PriceBook, read_prices
from opsconsole.ingest.privacy import Hasher
from opsconsole.ingest.source import Means
from opsconsole.journal import Journal
from opsconsole.journal.checkpoints import Checkpoints
from opsconsole.journal.examine import examine
from opsconsole.journal.keys import Keyring, Signer
from opsconsole.store import folds
from opsconsole.store.database import Database, aware, rows
from opsconsole.store.sources import compact_progress
from opsconsole.store.writer import Writer

T = TypeVar("T")
log = logging.getLogger("opsconsole")

POLL_S = 0.25
"""Between two looks at files that stand still: four commits a second at the most."""
TRICKLE_RECORDS, TRICKLE_POLL_S = 500, 0.75
"""After a round of fewer records the next comes later: a commit costs much the same for one record as for hundreds."""
REST_PER_WORK, LONGEST_REST_S = 2.0, 1.0
"""Rest after a round in proportion to the CPU that it took: following very many logs leaves room for the views."""
CHORES_EVERY_S = 1.0
FOLD_EVERY_S = 10.0
ABSORB_EVERY_S = {"hour": 3_600.0, "day": 86_400.0}
"""A level absorbs the finer one about once in its own length: sooner, each of its buckets would stand in it
several times."""
EXPIRE_EVERY_S = 3600.0


class Engine:
    """Store, journal and follower of one home."""

    def __init__(self, home: Home, settings: Settings, clock: Clock, actor: str, *, is_driven: bool = False) -> None:
        """Open everything; raises StoreError, JournalError or ConfigError when something cannot be opened.

        A driven one does nothing by itself: ``turn`` is called for each of its turns.
        """
        self.home, self.settings, self.clock, self.actor, self.is_driven = home, settings, clock, actor, is_driven
        self.turn_lock = threading.RLock()
        """Of a driven engine: held by whoever has the turn. Nobody waits for it: who asks meanwhile is answered by
        whoever has it, as it would be by the engine's thread."""
        store = settings.store
        tables = [
            read_prices(price.file, price.valid_from, price.valid_to + timedelta(days=1) if price.valid_to else None)
            for price in settings.prices
        ]
        self.database = Database(home.store, home.spool, memory_limit_mb=store.memory_limit_mb, threads=store.threads)
        self.journal = Journal(home.journal, clock)
        signer = Signer(home.journal_key, home.journal_public_key)
        self._checkpoints = Checkpoints(home.checkpoints, self.journal, signer, clock)
        self._means = Means(
            connection=self.database.writer,
            spool=home.spool,
            writer=Writer(self.database.writer),
            hasher=Hasher(home.hash_key),
            prices=PriceBook(tables),
            clock=clock,
        )
        self.follower = Follower(self._means)
        self.revision = 1
        self._calls: queue.SimpleQueue[tuple[Future[Any], Callable[[], Any]]] = queue.SimpleQueue()
        self._wake = threading.Event()
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name="engine", daemon=True)
        self._listeners: list[Callable[[], None]] = []
        self._chores: list[Callable[[], None]] = []
        self._endings: list[Callable[[], None]] = []
        self._due: dict[str, float] = {}
        self._commits_since_fold = 0
        self.failures: dict[str, str] = {}
        """What failed on the engine's thread → the last error: shown by `opsconsole doctor`."""

    @property
    def means(self) -> Means:
        return self._means

    def disk(self) -> tuple[int, int]:
        """(Free bytes, all bytes) of the disk that the home is on."""
        usage = shutil.disk_usage(self.home.directory)
        return usage.free, usage.total

    def start(self) -> None:
        self._thread.start()

    def turn(self) -> None:
        """One turn of a driven engine: take in all that there is, and do what is due."""
        with self.turn_lock:
            self.step()
            while self._has_backlog():
                self.step()
            self.guarded("maintenance", self._maintain)
        self._answer_in_turn()

    def _answer_in_turn(self) -> None:
        """Of a driven engine: answer what was asked, unless somebody else has the turn, who will."""
        while not self._calls.empty() and self.turn_lock.acquire(blocking=False):
            try:
                self._answer_calls()
            finally:
                self.turn_lock.release()

    def stop(self) -> None:
        """Finish the batch in hand, fold what is recent, and close everything."""
        self._stopping.set()
        self._wake.set()
        if self._thread.is_alive():
            self._thread.join()
        for ending in self._endings:
            ending()
        self.follower.close()
        self.database.checkpoint()
        self.database.close()

    def on_change(self, listener: Callable[[], None]) -> None:
        """Be told, on the engine's thread, of every new revision."""
        self._listeners.append(listener)

    def on_stop(self, ending: Callable[[], None]) -> None:
        """Have this done before the store is closed."""
        self._endings.append(ending)

    def every_so_often(self, chore: Callable[[], None]) -> None:
        """Have this done on the engine's thread about every second."""
        self._chores.append(chore)

    def submit(self, call: Callable[[], T]) -> Future[T]:
        """Run this on the engine's thread, between two batches."""
        future: Future[T] = Future()
        self._calls.put((future, call))
        if self.is_driven:
            self._answer_in_turn()
        self._wake.set()
        return future

    def changed(self) -> None:
        """There is something new to see."""
        self.revision += 1
        for listener in self._listeners:
            self.guarded("telling of news", listener)

    def note(self, kind: str, **data: object) -> None:
        """Write into the journal what the daemon itself did."""
        self.journal.append(self.actor, kind, data)

    def sign(self) -> None:
        """Sign how far the journal has come: when the daemon has started, and as the last thing that it does."""
        self.guarded("signing the journal", self._checkpoints.write)

    def _check_journal(self) -> None:
        """Before anything of it is signed: what was rewritten while no daemon ran is said, in the journal as well."""
        home = self.home
        try:
            examine(home.journal, home.checkpoints, Keyring.read(home.journal_public_key))
        except JournalError as error:
            self.failures["checking the journal"] = error.message
            self.journal.append("opsconsole", "journal.doubted", {"found": error.message})

    def reader(self) -> duckdb.DuckDBPyConnection:
        """A connection for reading, for the calling thread alone."""
        return self.database.reader()

    # The thread ---------------------------------------------------------------------------------------------------

    def _run(self) -> None:
        self.guarded("checking the journal", self._check_journal)
        self.sign()
        while not self._stopping.is_set():
            began, worked_before = perf_counter(), thread_time()
            self._answer_calls()
            taken = self.step()
            self.guarded("maintenance", self._maintain)
            if not self._has_backlog():
                period_s = TRICKLE_POLL_S if 0 < taken < TRICKLE_RECORDS else POLL_S
                rest_s = min(REST_PER_WORK * (thread_time() - worked_before), LONGEST_REST_S)
                self._wake.wait(max(period_s - (perf_counter() - began), rest_s))
            self._wake.clear()
        self._answer_calls()
        self.guarded("folding", lambda: folds.fold_recent(self.database.writer))

    def step(self) -> int:
        """One bite of every source; the number of records taken in or rejected."""
        taken = self.guarded("reading sources", self.follower.step) or 0
        if taken:
            self._commits_since_fold += 1
            self.changed()
        return taken

    def _has_backlog(self) -> bool:
        return any(source.state == "reading" for source in self.follower.sources)

    def _answer_calls(self) -> None:
        while True:
            try:
                future, call = self._calls.get_nowait()
            except queue.Empty:
                return
            _answer(future, call)

    def _maintain(self) -> None:
        writer = self.database.writer
        is_large = self._commits_since_fold >= 4 and folds.recent_rows(writer) > folds.FOLD_RECENT_ROWS
        if self._commits_since_fold and (is_large or self._is_due("fold", FOLD_EVERY_S)):
            self.guarded("folding", lambda: folds.fold_recent(writer))
            self._commits_since_fold = 0
        if self._is_due("absorbing", FOLD_EVERY_S):
            self.guarded("absorbing", self._absorb)
        if self._is_due("expire", EXPIRE_EVERY_S):
            self.guarded("retention", self._expire)
        if self._is_due("chores", CHORES_EVERY_S):
            self.guarded("signing the journal", self._checkpoints.write_if_due)
            for chore in self._chores:
                self.guarded("a chore", chore)

    def _absorb(self) -> None:
        writer = self.database.writer
        for level, every_s in ABSORB_EVERY_S.items():
            if self._is_due(level, every_s) or folds.unabsorbed_rows(writer, level) > folds.FOLD_UNABSORBED_ROWS:
                folds.fold_level(writer, level)
                compact_progress(writer)

    def _expire(self) -> None:
        """Ages are counted from the newest record: a log of last year that is looked at now is not old."""
        newest = rows(self.database.writer, "SELECT max(last_at) FROM progress")[0][0]
        if newest is None:
            return
        keep = self.settings.retention
        folds.expire(
            self.database.writer,
            min(self.clock.now(), aware(newest)),
            requests_days=keep.requests_days,
            minutes_days=keep.minutes_days,
            hours_days=keep.hours_days,
        )

    def _is_due(self, name: str, every_s: float) -> bool:
        """Has this much time gone by since it was last due? The first time it is not: nothing is old yet."""
        now = self.clock.monotonic()
        last = self._due.setdefault(name, now)
        if now - last < every_s:
            return False
        self._due[name] = now
        return True

    def guarded(self, what: str, call: Callable[[], T]) -> T | None:
        """Outlive any failure of the call; the log and `opsconsole doctor` tell of it."""
        try:
            return call()
        except Exception as error:
            log.exception("%s failed", what)
            self.failures[what] = f"{type(error).__name__}: {error}"
            return None


def _answer(future: Future[Any], call: Callable[[], Any]) -> None:
    if not future.set_running_or_notify_cancel():
        return
    try:
        future.set_result(call())
    except BaseException as error:  # noqa: BLE001 - it rises again where it was asked for
        future.set_exception(error)
