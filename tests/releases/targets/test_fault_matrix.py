"""What docs/fault-matrix.md says is what happens; each row is held to the promises of the gate besides."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
from fault_matrix import INTRODUCTION, killed_column, killed_section, section
from faulty_systems import KINDS, Servers
from killed_daemon import ACTS, MOMENTS, moments_tried

from opsconsole import wire
from strays import room_for_processes

PAGE = (Path(__file__).resolve().parents[3] / "docs" / "fault-matrix.md").read_text(encoding="utf-8")
STALE = "run `make fault-matrix`, look at what changed, and commit it"


def committed(title: str) -> str:
    """A part of the page."""
    return next(f"## {part}".rstrip() for part in PAGE.split("\n## ") if part.startswith(f"{title}\n"))


@pytest.fixture(scope="module")
def servers(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Servers]:
    with ExitStack() as stack:
        yield Servers(tmp_path_factory.mktemp("servers"), stack)


@pytest.mark.timeout(300)
@pytest.mark.parametrize("kind", KINDS)
def test_under_each_fault_a_change_is_sent_once_and_what_is_said_is_what_is_there(
    kind: str, tmp_path: Path, servers: Servers
) -> None:
    assert section(kind, tmp_path / kind, servers) == committed(kind), STALE


@pytest.mark.timeout(400)
@pytest.mark.parametrize("act", ACTS)
def test_a_daemon_that_is_killed_at_any_step_knows_afterwards_what_became_of_it(act: wire.Act) -> None:
    lines = committed("When the daemon dies").splitlines()
    column = 2 + ACTS.index(act)
    said = [line.split(" | ")[column - 1].removesuffix(" |") for line in lines[-len(MOMENTS) :]]
    expected = tuple(cell for moment, cell in zip(MOMENTS, said, strict=True) if moment in moments_tried(act))
    with room_for_processes() as root:
        assert killed_column(act, root / act, moments_tried(act)) == expected, STALE


def test_the_page_has_every_kind_and_every_act_and_nothing_else() -> None:
    columns = {act: ("",) * len(MOMENTS) for act in ACTS}
    assert PAGE.startswith(INTRODUCTION)
    titles = [part.partition("\n")[0] for part in PAGE.split("\n## ")[1:]]
    assert titles == [*KINDS, "When the daemon dies"]
    head = killed_section(columns).splitlines()[: -len(MOMENTS)]
    assert committed("When the daemon dies").splitlines()[: -len(MOMENTS)] == head
