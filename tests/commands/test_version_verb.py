"""``version`` registers what a version is made of, lists, shows, compares, and prints how one is made again."""

from __future__ import annotations

import os
import pty
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest
from commandline import Outcome, lines, opsconsole, passing_home, served, written

from manifests_made import sha
from opsconsole import wire
from opsconsole.commands.version_page import Listed, Shown
from opsconsole.provenance import Difference, Reproduction

HASHED = b"httpx==0.28.1 --hash=sha256:aa\n"


@pytest.fixture(scope="module")
def home(room: Path) -> Iterator[Path]:
    """One daemon for this file, which has seen traffic of v1 and v2 of chat; every test has a service of its own."""
    with passing_home(room) as home:
        log = written(room / "versions" / "serving.jsonl", lines(served(60)))
        assert opsconsole("ingest", log, "--home", home).code == 0
        yield home


@pytest.fixture
def files(place: Path) -> Path:
    """The parts of a version, as files."""
    for name, content in {
        "m.bin": b"weights",
        "d.csv": b"1,2",
        "c.yaml": b"depth: 6",
        "requirements.lock": HASHED,
    }.items():
        written(place / name, content)
    return place


def version(home: Path, *words: str | Path) -> Outcome:
    return opsconsole("version", *words, "--home", home)


def whole(files: Path) -> list[str | Path]:
    return ["--model", files / "m.bin", "--data", files / "d.csv", "--config", files / "c.yaml",
            "--lock", files / "requirements.lock"]  # fmt: skip


def test_files_are_hashed_and_registered(home: Path, files: Path) -> None:
    outcome = version(home, "add", "hashed", "v1", *whole(files), "--note", "first")
    assert outcome.code == 0, outcome.err
    assert outcome.out.startswith("hashed v1: registered\n")
    assert "cannot be made again" not in outcome.out
    shown = version(home, "show", "hashed", "v1", "--json").decoded(Shown)
    assert [part.kind for part in shown.manifest.parts] == ["model", "data", "config", "lock"]
    assert all(part.digest.startswith("sha256:") for part in shown.manifest.parts)
    assert (shown.manifest.note, shown.manifest.origin, shown.earlier) == ("first", "flags", ())


def test_what_is_missing_is_said_at_once(home: Path, files: Path) -> None:
    outcome = version(home, "add", "missing", "v1", "--model", files / "m.bin", "--image", "chat:latest")
    assert outcome.code == 0
    assert "It cannot be made again exactly:" in outcome.out
    assert "✖ image chat:latest names the tag `latest`, which moves." in outcome.out
    assert "✖ data is not registered." in outcome.out


def test_the_list_says_what_can_be_made_again_and_since_when_it_serves(home: Path, files: Path) -> None:
    version(home, "add", "chat", "v1", *whole(files))
    version(home, "add", "chat", "v9", "--model", files / "m.bin")
    head, first, second = version(home, "list", "chat").cells
    assert head[:4] == ["SERVICE", "VERSION", "REPRODUCIBLE", "SERVES SINCE"]
    assert first[:4] == ["chat", "v1", "yes", "2026-11-20 10:00"]
    assert second[:4] == ["chat", "v9", "NO", "–"]
    rows = version(home, "list", "chat", "--json").decoded(tuple[Listed, ...])
    assert [(row.manifest.version, row.is_reproducible) for row in rows] == [("v1", True), ("v9", False)]
    everything = version(home, "list", "--json").decoded(tuple[Listed, ...])
    assert {row.manifest.service for row in everything} >= {"chat"}


def test_a_list_of_nothing_says_so(home: Path) -> None:
    outcome = version(home, "list", "nobody")
    assert (outcome.code, outcome.out) == (0, "")
    assert "no version is registered" in outcome.err


def test_two_versions_are_compared_part_by_part(home: Path, files: Path) -> None:
    version(home, "add", "compared", "v1", *whole(files), "--image", "chat:latest")
    written(files / "m.bin", b"other weights")
    version(home, "add", "compared", "v2", *whole(files), "--image", "chat:latest", "--card", f"s3://card@{sha('e')}")
    outcome = version(home, "diff", "compared", "v1", "v2")
    assert outcome.code == 0
    assert [(cells[0], cells[1]) for cells in outcome.cells[1:7]] == [
        ("model", "changed"), ("data", "same"), ("config", "same"), ("lock", "same"), ("image", "unclear"),
        ("card", "only right"),
    ]  # fmt: skip
    assert "image is unclear: nothing pins either" in outcome.out
    found = version(home, "diff", "compared", "v1", "v2", "--json").decoded(Difference)
    assert [each.kind for each in found.of("changed")] == ["model"]


def test_a_version_is_made_again_by_what_is_printed(home: Path, files: Path) -> None:
    version(home, "add", "again", "v1", *whole(files)[:-2], "--lock", f"s3://locks/packages.pin@{sha('d')}")
    outcome = version(home, "reproduce", "again", "v1")
    assert outcome.code == 0
    text = outcome.out.replace("aws s3 cp", "echo").replace("sha256sum --check -", "cat", 1)
    done = subprocess.run(["bash", "-c", text], cwd=files, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert (files / "again-v1/model/m.bin").read_bytes() == b"weights"


def test_strict_tells_by_its_exit_code_whether_something_is_missing(home: Path, files: Path) -> None:
    version(home, "add", "strict", "v1", *whole(files))
    version(home, "add", "strict", "v2", "--model", files / "m.bin")
    assert version(home, "reproduce", "strict", "v1", "--strict").code == 0
    assert version(home, "reproduce", "strict", "v2").code == 0
    outcome = version(home, "reproduce", "strict", "v2", "--strict", "--json")
    assert outcome.code == 1
    found = outcome.decoded(Reproduction)
    assert not found.is_reproducible
    assert {gap.kind for gap in found.gaps if gap.is_blocking} == {"data", "config", "lock"}


def test_a_file_says_all_of_it_and_what_comes_later_goes_before(home: Path, files: Path) -> None:
    said = "service: filed\nversion: v1\nparts:\n  - {kind: model, uri: m.bin}\n  - {kind: data, uri: d.csv}\n"
    file = written(files / "version.yaml", said.encode())
    assert version(home, "add", "--from-yaml", file).code == 0
    assert version(home, "add", "filed", "v2", "--from-yaml", file, "--model", f"s3://m@{sha('a')}").code == 0
    shown = version(home, "show", "filed", "v2", "--json").decoded(Shown).manifest
    assert [(part.kind, part.name or part.uri) for part in shown.parts] == [("model", "s3://m"), ("data", "d.csv")]
    assert shown.origin == "version.yaml, flags"


def test_a_checkout_is_read_and_refused_when_it_is_not_clean(home: Path, files: Path) -> None:
    git = ["git", "-C", str(files), "-c", "user.name=a", "-c", "user.email=a@example.org"]
    for words in (["init", "-q"], ["add", "-A"], ["commit", "-qm", "first"]):
        subprocess.run([*git, *words], check=True, capture_output=True)
    outcome = version(home, "add", "checked", "v1", "--from-git", files, "--model", files / "m.bin")
    assert outcome.code == 0, outcome.err
    assert "lock       requirements.lock" in outcome.out
    written(files / "new.py", b"")
    outcome = version(home, "add", "checked", "v2", "--from-git", files)
    assert (outcome.code, outcome.out) == (4, "")
    assert "new.py" in outcome.err
    assert version(home, "add", "checked", "v2", "--from-git", files, "--allow-dirty").code == 0


def test_a_contradiction_is_refused_with_its_own_exit_code_and_replaced_when_asked(home: Path, files: Path) -> None:
    version(home, "add", "twice", "v1", "--model", f"s3://m@{sha('a')}")
    again = ["add", "twice", "v1", "--model", f"s3://m@{sha('b')}"]
    outcome = version(home, *again)
    assert (outcome.code, outcome.out) == (10, "")
    assert "model sha256:aaaaaaaaaaaa → sha256:bbbbbbbbbbbb" in outcome.err
    assert version(home, *again, "--replace").out.startswith("twice v1: registered again, in place of")
    assert version(home, *again).out.startswith("twice v1: is registered already, exactly so\n")
    assert "Registered before, and replaced:" in version(home, "show", "twice", "v1").out


@pytest.mark.parametrize(
    ("words", "code", "remedy"),
    [
        (["add"], 2, "opsconsole version add SERVICE VERSION"),
        (["add", "wrong", "v1"], 2, "--from-yaml"),
        (["add", "wrong", "v1", "--model", "nowhere.bin"], 2, "name a URI with its scheme"),
        (["add", "wrong", "v1", "--model", ""], 2, "Write --model"),
        (["add", "wrong", "v1", "--from-yaml", "nowhere.yaml"], 3, "Name a file that can be read"),
        (["add", "wrong", "v1", "--from-mlflow", "http://127.0.0.1:9", "models:/m/1"], 4, "Check the address"),
        (["add", "wrong", "v1", "--model", "https://a:b@host/m"], 2, "version add --help"),
        (["show", "wrong", "v1"], 2, "Registered of wrong: none yet."),
        (["diff", "wrong", "v1", "v2"], 2, "Registered of wrong"),
        (["reproduce", "wrong", "v1"], 2, "Registered of wrong"),
    ],
)
def test_a_mistake_registers_nothing_and_says_what_to_do(words: list[str], code: int, remedy: str, home: Path) -> None:
    outcome = version(home, *words)
    assert (outcome.code, outcome.out) == (code, "")
    assert remedy in outcome.err
    assert version(home, "list", "wrong").out == ""


def test_hashing_is_seen_on_a_terminal_and_says_nothing_in_a_pipe(home: Path, files: Path) -> None:
    with (files / "m.bin").open("wb") as file:
        file.truncate(64 << 20)
    words = ["version", "add", "large", "v1", "--model", str(files / "m.bin"), "--home", str(home)]
    assert opsconsole(*words).err == ""
    main, side = pty.openpty()
    done = subprocess.Popen([sys.executable, "-m", "opsconsole.cli", *words], stdout=subprocess.DEVNULL, stderr=side)
    os.close(side)
    seen = b""
    try:
        while chunk := os.read(main, 4096):
            seen += chunk
    except OSError:
        pass  # a terminal whose other end is closed says so
    os.close(main)
    assert done.wait(30) == 0
    assert b"hashing" in seen


def test_registered_json_is_what_was_registered(home: Path) -> None:
    outcome = version(home, "add", "scripted", "v1", "--model", f"s3://m@{sha('a')}", "--json")
    registered = outcome.decoded(wire.Registered)
    assert registered.is_new
    assert msgspec.structs.asdict(registered.manifest)["service"] == "scripted"
