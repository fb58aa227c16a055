"""Having the daemon read logs to their end, with a progress bar that knows bytes, lines a second and the time left."""

from __future__ import annotations

import argparse
import shutil
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from rich.console import Console
from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TimeRemainingColumn

from opsconsole import wire
from opsconsole.client import Client
from opsconsole.commands.ending import unwinding_when_told_to_end
from opsconsole.commands.words import narrate
from opsconsole.console.text import safe
from opsconsole.daemon_process import ask_to_stop, await_stop, ensure_daemon
from opsconsole.errors import DaemonError, InputError, UsageError
from opsconsole.home import Home
from opsconsole.page import one_line

_POLL_S = 0.1
_SAY_EVERY_S = 5.0


@contextmanager
def client_of(home: Home, *, linger_s: float | None = None) -> Iterator[Client]:
    """A client of the home's daemon, which is started if it does not run."""
    ensure_daemon(home, linger_s=linger_s)
    client = Client(home)
    try:
        yield client
    finally:
        client.close()


@contextmanager
def passing_client() -> Iterator[Client]:
    """A client of a daemon that lives only as long as this command, in a home that is deleted after it."""
    directory = Path(tempfile.mkdtemp(prefix="opsconsole-"))
    home = Home(directory)
    client = Client(home)
    with unwinding_when_told_to_end():
        try:
            ensure_daemon(home, linger_s=60.0)
            yield client
        finally:
            client.close()
            ask_to_stop(home)
            await_stop(home)
            shutil.rmtree(directory)


def attach_request(arguments: argparse.Namespace, *, follow: bool) -> wire.AttachRequest:
    """What the reading options of a verb say."""
    return wire.AttachRequest(
        paths=tuple(_absolute(path) for path in arguments.paths),
        follow=follow,
        overrides=tuple(arguments.column),
        mapping_yaml=_mapping(arguments.mapping),
        service=arguments.service,
    )


def _absolute(path: str) -> str:
    """The daemon has another working directory than the person."""
    return str(Path(path).expanduser().absolute())


def _mapping(file: str | None) -> str:
    if not file:
        return ""
    try:
        return Path(file).read_text(encoding="utf-8")
    except OSError as error:
        raise UsageError(
            f"the mapping {file} cannot be read: {error.strerror}", "Print one with `opsconsole map`."
        ) from error


def attach(client: Client, request: wire.AttachRequest) -> wire.Attached:
    """Attach the paths; what is refused is said, and is an error if nothing else is left.

    Raises InputError with every reason when no path could be read.
    """
    attached = client.attach(request)
    reasons = "\n".join(attached.refused.values())
    if attached.refused and not attached.source_ids:
        raise InputError(reasons)
    if reasons:
        narrate(f"opsconsole: left out:\n{reasons}")
    return attached


def exit_code(request: wire.AttachRequest, attached: wire.Attached, rows: tuple[wire.SourceRow, ...]) -> int:
    """0 when all that was named was read; a stranger in a directory or behind a pattern is no failure."""
    is_short = any(path in attached.refused for path in request.paths) or any(row.state == "failed" for row in rows)
    return InputError.exit_code if is_short else 0


def read_to_end(client: Client, source_ids: tuple[int, ...]) -> tuple[wire.SourceRow, ...]:
    """Wait until these sources are read, showing how far they are; their rows at the end."""
    console = Console(stderr=True)
    if console.is_terminal:
        return _with_bar(client, set(source_ids), console)
    said = time.monotonic()
    while True:
        rows = _rows(client, set(source_ids))
        if _is_done(rows):
            return rows
        if time.monotonic() - said >= _SAY_EVERY_S:
            said = time.monotonic()
            done, total = _bytes(rows)
            narrate(f"read {done:,} of {total:,} bytes, {sum(row.accepted for row in rows):,} records")
        time.sleep(_POLL_S)


def _with_bar(client: Client, ids: set[int], console: Console) -> tuple[wire.SourceRow, ...]:
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        DownloadColumn(),
        TextColumn("{task.fields[speed]:,.0f} lines/s"),
        TimeRemainingColumn(),
    )
    with Progress(*columns, console=console, transient=True) as progress:
        task = progress.add_task("reading", total=None, speed=0.0)
        began = time.monotonic()
        before = sum(row.accepted for row in _rows(client, ids))
        while True:
            rows = _rows(client, ids)
            done, total = _bytes(rows)
            speed = (sum(row.accepted for row in rows) - before) / max(time.monotonic() - began, 0.1)
            progress.update(task, completed=done, total=total, speed=speed)
            if _is_done(rows):
                return rows
            time.sleep(_POLL_S)


def _rows(client: Client, ids: set[int]) -> tuple[wire.SourceRow, ...]:
    return tuple(row for row in client.sources().sources if row.source_id in ids)


def _is_done(rows: tuple[wire.SourceRow, ...]) -> bool:
    if not rows:
        raise DaemonError("the daemon forgot the sources", "Was it restarted? Run the command again.")
    return all(row.state in ("done", "failed", "following") for row in rows)


def _bytes(rows: tuple[wire.SourceRow, ...]) -> tuple[int, int]:
    return sum(row.read_bytes for row in rows), sum(row.size_on_disk_bytes for row in rows)


def summary(rows: tuple[wire.SourceRow, ...]) -> str:
    """What came of each source, a line each."""
    lines = []
    for row in rows:
        words = f"{safe(row.path)}: {row.accepted:,} records"
        if row.rejected:
            reasons = ", ".join(f"{n:,} {safe(reason)}" for reason, n in row.reject_reasons.items())
            words += f", {row.rejected:,} rejected ({reasons})"
        if row.coerced:
            values = ", ".join(f"{n:,} of {safe(column)}" for column, n in row.coerced.items())
            words += f"; not of their type and so not logged: {values}"
        if row.error:
            words += f"; failed: {safe(one_line(row.error), 400)}"
        lines.append(words)
    return "\n".join(lines)
