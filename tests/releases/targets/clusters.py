"""Targets on an API server: what the tests of KServe, Seldon and Argo Rollouts arrange alike, and hold all three to."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

import pytest
from apiserver import ApiServer
from loopback import Loopback, Said, free_port, serving

from opsconsole.clock import ManualClock
from opsconsole.releases.targets.base import (
    AuthFailed,
    Busy,
    Conflict,
    Indeterminate,
    Kind,
    Options,
    Rejected,
    Site,
    Target,
    TargetError,
    Unreachable,
)
from opsconsole.wire import Routing

NOW = datetime(2026, 11, 25, 3, 0, tzinfo=UTC)

every_answer = pytest.mark.parametrize(
    ("said", "of_read", "of_write"),
    [
        ((401, {}), AuthFailed, AuthFailed),
        ((403, {}), AuthFailed, AuthFailed),
        ((404, {}), Rejected, Rejected),
        ((409, {}), Rejected, Conflict),
        ((422, {}), Rejected, Rejected),
        ((429, {}), Unreachable, Busy),
        ((500, {}), Unreachable, Indeterminate),
        ("reset", Unreachable, Indeterminate),
        ("hang", Unreachable, Indeterminate),
    ],
)
"""What an API server can say, and what it means of a read and of a write."""


def made(kind: Kind, options: Options) -> Target:
    return kind.make(options, Site("fraud", Path("/"), ManualClock(NOW), {}))


@contextmanager
def on_cluster(fake: ApiServer, make: Callable[[str], Target]) -> Iterator[tuple[Target, Loopback]]:
    """A target at this API server; ``make`` is given its address."""
    with serving(fake) as there:
        target = make(there.url)
        yield target, there
        target.close()


def hold_to_its_meaning(
    fake: ApiServer,
    make: Callable[[str], Target],
    after: Routing,
    said: Said,
    of_read: type[TargetError],
    of_write: type[TargetError],
) -> None:
    """One of ``every_answer``: each is told as what it is, and nothing is sent again."""
    with on_cluster(fake, make) as (target, there):
        before = target.read()
        fake.failing = lambda asked: said if asked.method == "GET" else None
        with pytest.raises(of_read):
            target.read()
        fake.failing = lambda asked: said if asked.method == "PATCH" else None
        with pytest.raises(of_write):
            target.apply(before, after, "op-1")
        assert len(there.writes()) == 1
    with pytest.raises(Unreachable):
        make(f"http://127.0.0.1:{free_port()}").apply(before, after, "op-1")
