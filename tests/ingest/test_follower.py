"""Whatever is done to a file, each of its lines that can still be read counts exactly once."""

from __future__ import annotations

import gzip
import json
import os
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

import pytest
import zstandard
from hypothesis import given, settings
from hypothesis import strategies as st
from ingesting import START, means_of

from opsconsole.clock import ManualClock
from opsconsole.ingest.follower import Follower, Wish
from opsconsole.ingest.mapping import Mapping, Rule
from opsconsole.ingest.source import Means
from opsconsole.store.database import Database, rows
from opsconsole.store.sources import compact_progress, known_sources

PADDING = "x" * 300
"""Makes every first line longer than the head that two files must share to be taken for copies."""


def text(numbers: Iterable[int]) -> str:
    return "".join(
        json.dumps({"ts": f"2026-01-01T{n // 3600:02d}:{n // 60 % 60:02d}:{n % 60:02d}Z", "request_id": f"r{n}"}) + "\n"
        for n in numbers
    )


def first_text(numbers: Iterable[int]) -> str:
    """The same with a first line that is long."""
    first, *others = text(numbers).splitlines(keepends=True)
    return first.replace("}", f', "padding": "{PADDING}"}}') + "".join(others)


@dataclass
class Bench:
    """A follower on a store, and time that moves when told."""

    means: Means
    clock: ManualClock
    follower: Follower = field(init=False)

    def __post_init__(self) -> None:
        self.restart()

    def restart(self) -> None:
        self.follower = Follower(self.means)

    def attach(self, *paths: Path | str, follow: bool = True, mapping: Mapping | None = None) -> None:
        outcome = self.follower.attach(Wish(tuple(map(str, paths)), follow=follow, mapping=mapping))
        assert not outcome.refused, outcome.refused

    def settle(self) -> None:
        """Look again and again until nothing moves, and past the next look for new files."""
        for _ in range(3):
            self.clock.advance(3.0)
            while self.follower.step():
                pass

    def counted(self) -> Counter[str]:
        return Counter(dict(rows(self.means.connection, "SELECT request_id, count(*) FROM requests GROUP BY ALL")))

    def rejected(self) -> int:
        return int(rows(self.means.connection, "SELECT coalesce(sum(rejected), 0) FROM progress")[0][0])

    def states(self) -> list[str]:
        return [source.state for source in self.follower.sources]


def each_once(numbers: Iterable[int]) -> Counter[str]:
    return Counter({f"r{n}": 1 for n in numbers})


@pytest.fixture
def bench(means: Means, clock: ManualClock) -> Bench:
    return Bench(means, clock)


@pytest.fixture
def log(tmp_path: Path) -> Path:
    folder = tmp_path / "logs"
    folder.mkdir()
    path = folder / "app.log"
    path.write_text(first_text(range(10)))
    return path


def append(path: Path, content: str) -> None:
    with path.open("a") as file:
        file.write(content)


def test_what_is_appended_is_counted(bench: Bench, log: Path) -> None:
    bench.attach(log)
    bench.settle()
    append(log, text(range(10, 30)))
    bench.settle()
    assert bench.counted() == each_once(range(30))
    assert bench.states() == ["following"]


def test_an_unfinished_last_line_waits_for_its_end(bench: Bench, log: Path) -> None:
    bench.attach(log)
    line = text([10])
    append(log, line[:20])
    bench.settle()
    assert bench.counted() == each_once(range(10))
    append(log, line[20:])
    bench.settle()
    assert bench.counted() == each_once(range(11))
    assert bench.rejected() == 0


def test_an_unfinished_last_line_that_is_cut_off_again_was_never_there(bench: Bench, log: Path) -> None:
    bench.attach(log)
    whole = log.stat().st_size
    append(log, text([10])[:20])
    bench.settle()
    os.truncate(log, whole)
    bench.settle()
    append(log, text([11]))
    bench.settle()
    assert bench.counted() == each_once([*range(10), 11])
    assert bench.rejected() == 0


def test_a_file_that_is_read_once_counts_its_last_line_without_an_end(bench: Bench, log: Path) -> None:
    append(log, text([10]).rstrip("\n"))
    bench.attach(log, follow=False)
    bench.settle()
    assert bench.counted() == each_once(range(11))
    assert bench.states() == ["done"]


def test_a_file_that_was_read_once_can_be_followed_later(bench: Bench, log: Path) -> None:
    bench.attach(log, follow=False)
    bench.settle()
    bench.attach(log, follow=True)
    line = text([10])
    append(log, line[:20])
    bench.settle()
    append(log, line[20:])
    bench.settle()
    assert bench.counted() == each_once(range(11))
    assert bench.rejected() == 0


def test_a_renamed_file_is_read_to_its_end_and_then_its_successor(bench: Bench, log: Path) -> None:
    bench.attach(log)
    bench.settle()
    append(log, text(range(10, 12)))
    log.rename(log.with_name("app.log.1"))
    append(log.with_name("app.log.1"), text(range(12, 15)) + text([15]).rstrip("\n"))
    log.write_text(first_text(range(16, 20)))
    bench.settle()
    append(log, text(range(20, 25)))
    bench.settle()
    assert bench.counted() == each_once(range(25))


def test_a_writer_that_is_slow_to_change_files_loses_nothing(bench: Bench, log: Path) -> None:
    bench.attach(log)
    bench.settle()
    old = log.with_name("app.log.1")
    log.rename(old)
    log.touch()
    bench.settle()
    append(old, text(range(10, 15)))  # it still has the old file open
    bench.settle()
    log.write_text(first_text(range(15, 20)))
    bench.settle()
    assert bench.counted() == each_once(range(20))


def test_a_file_renamed_while_nobody_watched_is_read_to_its_end(bench: Bench, log: Path) -> None:
    bench.attach(log)
    bench.settle()
    append(log, text(range(10, 15)))
    log.rename(log.with_name("app.log.1"))
    log.write_text(first_text(range(15, 20)))
    bench.restart()
    bench.attach(log)
    bench.settle()
    assert bench.counted() == each_once(range(20))


@pytest.mark.parametrize("is_seen_before", [True, False])
def test_copy_and_truncate_loses_nothing_when_the_copy_is_there(bench: Bench, log: Path, is_seen_before: bool) -> None:
    bench.attach(log)
    bench.settle()
    append(log, text(range(10, 15)))
    if is_seen_before:
        bench.settle()
    log.with_name("app.log.1").write_bytes(log.read_bytes())
    os.truncate(log, 0)
    append(log, first_text(range(15, 20)))
    bench.settle()
    assert bench.counted() == each_once(range(20))


@pytest.mark.parametrize("pack", [gzip.compress, zstandard.ZstdCompressor().compress])
def test_copy_and_truncate_reads_a_packed_copy_too(bench: Bench, log: Path, pack: object) -> None:
    bench.attach(log)
    bench.settle()
    append(log, text(range(10, 15)))
    log.with_name("app.log.1.gz").write_bytes(pack(log.read_bytes()))  # type: ignore[operator]
    os.truncate(log, 0)
    append(log, first_text(range(15, 20)))
    bench.settle()
    assert bench.counted() == each_once(range(20))


def test_truncation_without_a_copy_repeats_nothing(bench: Bench, log: Path) -> None:
    bench.attach(log)
    bench.settle()
    os.truncate(log, 0)
    bench.settle()
    append(log, first_text(range(10, 13)))
    bench.settle()
    append(log, text(range(13, 20)))
    bench.settle()
    assert bench.counted() == each_once(range(20))


def test_a_file_rewritten_longer_in_place_repeats_nothing(bench: Bench, log: Path) -> None:
    bench.attach(log)
    append(log, text([10])[:15])
    bench.settle()
    log.write_text(first_text(range(20, 60)))
    bench.settle()
    assert bench.counted() == each_once([*range(10), *range(20, 60)])
    assert bench.rejected() == 1  # the unfinished line, whose rest is gone


def test_a_truncated_log_is_read_on_as_it_was_read_before(bench: Bench, log: Path) -> None:
    columns = {"ts": (Rule(path="ts", unit="iso8601"),), "request_id": (Rule(path="request_id"),)}
    mine = Mapping(format="mine", framing="jsonl", columns=columns)
    bench.attach(log, mapping=mine)
    bench.settle()
    os.truncate(log, 0)
    bench.settle()
    append(log, text([10]))
    bench.settle()
    assert {source.mapping.format for source in bench.follower.sources} == {"mine"}


def test_the_archive_of_a_generation_that_was_read_counts_nothing_twice(bench: Bench, log: Path) -> None:
    bench.attach(log.parent)
    bench.settle()
    packed = log.with_name("app.log.1.gz")
    packed.write_bytes(gzip.compress(log.read_bytes()))
    log.unlink()
    log.write_text(first_text(range(10, 20)))
    bench.settle()
    bench.restart()
    bench.attach(log.parent)
    bench.settle()
    assert bench.counted() == each_once(range(20))


def test_the_archive_of_a_generation_that_was_half_read_is_read_to_its_end(bench: Bench, log: Path) -> None:
    bench.attach(log)
    bench.settle()
    whole = log.read_bytes() + text(range(10, 15)).encode()
    log.with_name("app.log.1.gz").write_bytes(gzip.compress(whole))
    log.unlink()
    bench.restart()
    bench.attach(log.parent)
    bench.settle()
    assert bench.counted() == each_once(range(15))


def test_one_file_under_two_names_counts_once(bench: Bench, log: Path) -> None:
    (log.parent / "link.log").hardlink_to(log)
    (log.parent / "copy.log").write_bytes(log.read_bytes())
    bench.attach(log, log, log.parent, str(log.parent / "*.log"))
    bench.settle()
    assert bench.counted() == each_once(range(10))


def test_a_file_that_appears_under_a_pattern_is_taken_in(bench: Bench, log: Path) -> None:
    bench.attach(str(log.parent / "*.log"))
    bench.settle()
    (log.parent / "second.log").write_text(first_text(range(10, 20)))
    (log.parent / "other.txt").write_text(first_text(range(90, 95)))
    bench.settle()
    append(log.parent / "second.log", text(range(20, 25)))
    bench.settle()
    assert bench.counted() == each_once(range(25))


def test_a_pattern_may_match_nothing_yet(bench: Bench, log: Path) -> None:
    bench.attach(str(log.parent / "*.jsonl"))
    (log.parent / "late.jsonl").write_text(first_text(range(5)))
    bench.settle()
    assert bench.counted() == each_once(range(5))


def test_a_directory_is_every_file_in_it_but_hidden_ones(bench: Bench, log: Path) -> None:
    (log.parent / ".hidden").write_text(first_text(range(90, 95)))
    (log.parent / "b.jsonl.gz").write_bytes(gzip.compress(first_text(range(10, 15)).encode()))
    (log.parent / "c.zst").write_bytes(zstandard.ZstdCompressor().compress(first_text(range(15, 20)).encode()))
    bench.attach(log.parent)
    bench.settle()
    assert bench.counted() == each_once(range(20))
    assert sorted(bench.states()) == ["done", "done", "following"]


def test_a_removed_file_is_gone_and_its_successor_is_read(bench: Bench, log: Path) -> None:
    bench.attach(log)
    bench.settle()
    log.unlink()
    bench.settle()
    assert bench.states() == ["gone"]
    log.write_text(first_text(range(10, 20)))
    bench.settle()
    assert bench.counted() == each_once(range(20))
    assert bench.states() == ["done", "following"]


def test_a_restart_reads_on_where_the_last_commit_ended(bench: Bench, log: Path) -> None:
    bench.attach(log)
    bench.settle()
    append(log, text(range(10, 20)))
    bench.restart()
    bench.attach(log)
    bench.settle()
    compact_progress(bench.means.connection)
    append(log, text(range(20, 30)))
    bench.restart()
    bench.attach(log)
    bench.settle()
    assert bench.counted() == each_once(range(30))
    assert bench.follower.sources[0].tally.accepted == 30


def test_a_restart_within_a_line_that_is_too_long_rejects_it_once(bench: Bench, log: Path) -> None:
    append(log, '{"ts": "2026-01-01T00:00:00Z", "x": "' + "x" * 9_000_000 + '"}\n' + text(range(10, 12)))
    bench.attach(log)
    bench.follower.step()
    bench.follower.step()
    assert 2_000_000 < known_sources(bench.means.connection)[0].offset < 9_000_000
    bench.restart()
    bench.attach(log)
    bench.settle()
    assert bench.counted() == each_once(range(12))
    assert bench.rejected() == 1


def test_a_csv_that_grows_keeps_its_header_to_itself(bench: Bench, tmp_path: Path) -> None:
    table = tmp_path / "grows.csv"
    table.write_text("ts,request_id\n2026-01-01 00:00:00,r0\n2026-01-01 00:00:01,r1\n")
    bench.attach(table)
    bench.settle()
    append(table, '2026-01-01 00:00:02,r2\n2026-01-01 00:00:03,"r\n')
    bench.settle()
    bench.restart()
    bench.attach(table)
    append(table, '3"\n2026-01-01 00:00:04,r4\n')
    bench.settle()
    assert bench.counted() == Counter({"r0": 1, "r1": 1, "r2": 1, "r\n3": 1, "r4": 1})
    assert bench.rejected() == 0


@pytest.mark.parametrize("header", ["ts,request_id\n", ""])
def test_a_csv_that_is_truncated_goes_on_with_its_header_or_without(bench: Bench, tmp_path: Path, header: str) -> None:
    table = tmp_path / "grows.csv"
    table.write_text("ts,request_id\n2026-01-01 00:00:00,r0\n2026-01-01 00:00:01,r1\n")
    bench.attach(table)
    bench.settle()
    table.write_text(header + "2026-01-01 00:00:02,r2\n")
    bench.settle()
    append(table, "2026-01-01 00:00:03,r3\n")
    bench.settle()
    assert bench.counted() == each_once(range(4))
    assert bench.rejected() == 0


def test_a_csv_whose_successor_has_other_columns_is_read_by_their_names(bench: Bench, tmp_path: Path) -> None:
    table = tmp_path / "grows.csv"
    table.write_text("ts,request_id\n2026-01-01 00:00:00,r0\n")
    bench.attach(table)
    bench.settle()
    table.rename(tmp_path / "grows.csv.1")
    table.write_text("request_id,latency_ms,ts\nr1,7,2026-01-01 00:00:01\n")
    bench.settle()
    assert bench.counted() == each_once(range(2))
    assert rows(bench.means.connection, "SELECT latency_ms FROM requests WHERE request_id = 'r1'") == [(7.0,)]


def test_blank_lines_before_a_csv_header_are_no_header(bench: Bench, tmp_path: Path) -> None:
    table = tmp_path / "late.csv"
    table.write_text("ts,request_id\n2026-01-01 00:00:00,r0\n")
    mapping_of = Follower(bench.means).attach(Wish((str(table),), follow=False)).sources[0].mapping
    other = tmp_path / "other.csv"
    other.write_text("\n\n")
    bench.attach(other, mapping=mapping_of)
    bench.settle()
    append(other, "ts,request_id\n2026-01-01 00:00:00,r7\n")
    bench.settle()
    assert bench.counted() == Counter({"r7": 1})
    assert bench.rejected() == 0


@pytest.mark.parametrize("n", [2, 200])
def test_a_json_document_that_is_rewritten_with_more_counts_only_what_is_new(
    bench: Bench, tmp_path: Path, n: int
) -> None:
    document = tmp_path / "calls.json"
    records = [json.loads(line) for line in text(range(n + 5)).splitlines()]
    document.write_text(json.dumps(records[:n]))
    bench.attach(document)
    bench.settle()
    document.write_text(json.dumps(records[: n + 3]))
    bench.settle()
    fresh = tmp_path / "calls.json.new"
    fresh.write_text(json.dumps(records))
    fresh.rename(document)
    bench.settle()
    assert bench.counted() == each_once(range(n + 5))


def test_a_json_document_that_is_half_written_is_read_once_it_is_whole(bench: Bench, tmp_path: Path) -> None:
    document = tmp_path / "calls.json"
    records = [json.loads(line) for line in text(range(8)).splitlines()]
    document.write_text(json.dumps(records[:5]))
    bench.attach(document)
    bench.settle()
    document.write_text(json.dumps(records)[:-10])
    bench.settle()
    assert bench.states() == ["failed"]
    document.write_text(json.dumps(records))
    bench.settle()
    assert bench.counted() == each_once(range(8))


def test_a_source_that_fails_stops_no_other(bench: Bench, log: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    broken = log.with_name("aaa.json")
    broken.write_text('[{"ts": "2026-01-01T00:00:00Z", "request_id": "d"}]')
    bench.attach(broken, log)
    broken.write_text('[{"ts": "2026-01-01T00:00:00Z", "request_id": "d"}, {"ts"')
    bench.settle()
    assert bench.counted() == each_once(range(10))
    assert bench.states() == ["failed", "following"]
    assert "complete JSON document" in bench.follower.sources[0].error


# Anything, in any order -------------------------------------------------------------------------------------------

STEPS = st.lists(
    st.sampled_from(
        [
            "append",
            "append",
            "half",
            "look",
            "look",
            "rename",
            "copytruncate",
            "copytruncate packed",
            "remove",
            "restart",
        ]
    ),
    min_size=3,
    max_size=25,
)


@settings(max_examples=20, deadline=None)
@given(steps=STEPS, seed=st.integers(0, 10**6))
def test_every_line_counts_once_whatever_happens_to_the_file(
    tmp_path_factory: pytest.TempPathFactory, steps: list[str], seed: int
) -> None:
    folder = tmp_path_factory.mktemp("any")
    clock = ManualClock(START)
    database = Database(folder / "store.duckdb", folder / "spool")
    try:
        _play(Bench(means_of(database, clock), clock), folder / "logs", steps)
    finally:
        database.close()


def _play(bench: Bench, folder: Path, steps: list[str]) -> None:
    folder.mkdir()
    log = folder / "app.log"
    written, generation, rest = 0, 1, ""

    def write(n: int) -> None:
        nonlocal written, rest
        is_first = not log.exists() or not log.stat().st_size
        content = (first_text if is_first else text)(range(written, written + n))
        append(log, rest + content)
        written, rest = written + n, ""

    write(3)
    bench.attach(log)
    for step in steps:
        if step == "append":
            write(4)
        elif step == "half" and not rest and log.exists() and log.stat().st_size:
            line = text([written])
            append(log, line[:25])
            written, rest = written + 1, line[25:]
        elif step == "look":
            bench.settle()
        elif step == "restart":
            bench.restart()
            bench.attach(log)
        elif step in ("rename", "copytruncate", "copytruncate packed") and log.exists() and log.stat().st_size:
            append(log, rest)
            rest = ""
            bench.settle()  # whoever looks once between two rotations
            copy = folder / f"app.log.{generation}"
            generation += 1
            if step == "rename":
                log.rename(copy)
            else:
                packed = step.endswith("packed")
                copy.write_bytes(gzip.compress(log.read_bytes()) if packed else log.read_bytes())
                os.truncate(log, 0)
            write(2)
        elif step == "remove" and log.exists():
            append(log, rest)
            rest = ""
            bench.settle()
            log.unlink()
            bench.settle()
            write(2)
    if rest:
        append(log, rest)
    bench.settle()
    bench.settle()
    assert bench.counted() == each_once(range(written))
    assert bench.rejected() == 0
