"""Whoever changes the journal is found out, and where: by the chain, and where that was made anew, by signatures."""

from __future__ import annotations

import os
import stat
import subprocess
from datetime import timedelta
from pathlib import Path

import msgspec
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from ledger import FIRST, SECOND, START, Ledger, examined, kept, lines, rewritten, seq_of

from opsconsole.errors import JournalError
from opsconsole.home import Home
from opsconsole.journal import Event
from opsconsole.journal.checkpoints import EVERY_EVENTS, Checkpoint
from opsconsole.journal.keys import Keyring, Signer


def parts(home: Home) -> list[Path]:
    """Every file that vouches for something."""
    return [home.journal / FIRST, home.journal / SECOND, home.checkpoints, home.journal_public_key]


def test_a_whole_journal_says_what_was_found(tmp_path: Path) -> None:
    home = kept(tmp_path / "home")
    found = examined(home)
    assert (found.events, found.checkpoints, found.signed_events) == (6, 4, 6)
    assert (found.first_at[:16], found.last_at[:16]) == ("2026-01-31T23:00", "2026-02-01T01:30")
    assert found.fingerprints == Keyring.read(home.journal_public_key).fingerprints


def test_events_that_nobody_signed_yet_are_told(tmp_path: Path) -> None:
    ledger = Ledger.opened(tmp_path / "home").note(3).sign().note(2)
    assert (examined(ledger.home).events, examined(ledger.home).signed_events) == (5, 3)


@settings(max_examples=250, deadline=None)
@given(which=st.integers(0, 3), where=st.floats(0, 1, exclude_max=True), flip=st.integers(1, 255))
@example(which=0, where=0.9999, flip=1)
@example(which=1, where=0.9999, flip=1)
@example(which=2, where=0.9999, flip=1)
@example(which=3, where=0.9999, flip=1)
@example(which=3, where=0.9999, flip=ord("\n") ^ ord(" "))
def test_one_changed_byte_in_any_file_is_found_with_its_file_and_line(
    tmp_path_factory: pytest.TempPathFactory, which: int, where: float, flip: int
) -> None:
    home = kept(tmp_path_factory.mktemp("home"))
    file = parts(home)[which]
    content = bytearray(file.read_bytes())
    place = int(where * len(content))
    number = content[:place].count(b"\n") + 1
    content[place] ^= flip
    file.write_bytes(content)
    with pytest.raises(JournalError) as found:
        examined(home)
    if file == home.journal_public_key:
        named = (f"{file}, line 1:", f"({file})")  # another key: then nothing is signed by it
        assert any(each in found.value.message for each in named), found.value.message
    else:
        assert found.value.message.startswith(f"{file}, line {number}:"), found.value.message
    assert found.value.remedy


@settings(max_examples=60, deadline=None)
@given(which=st.integers(0, 2), number=st.integers(0, 5), how=st.sampled_from(["drop", "double", "swap", "insert"]))
def test_lines_that_were_removed_doubled_swapped_or_inserted_are_found_where_it_was_done(
    tmp_path_factory: pytest.TempPathFactory, which: int, number: int, how: str
) -> None:
    home = kept(tmp_path_factory.mktemp("home"))
    file = parts(home)[which]
    content = lines(file)
    at = number % (len(content) - (how == "swap"))
    if how == "drop":
        del content[at]
    elif how == "swap":
        content[at], content[at + 1] = content[at + 1], content[at]
    else:
        content.insert(at, content[at] if how == "double" else content[at].replace(b"event", b"EVENT"))
    file.write_bytes(b"".join(content))
    is_a_month_cut_short = how == "drop" and at == len(content) and file.name == FIRST
    is_the_end_cut_off = how == "drop" and at == len(content) and file.name == SECOND
    if how == "drop" and at == len(content) and file == home.checkpoints:
        assert examined(home).signed_events == 4  # nothing that is left says otherwise
        return
    with pytest.raises(JournalError) as found:
        examined(home)
    named = [f"{file}, line {n}:" for n in (at + 1, at + 2)]
    if is_a_month_cut_short:
        named = [f"{home.journal / SECOND}, line 1: expected event {at + 1}"]
    if is_the_end_cut_off:
        named = [f"{home.checkpoints}, line 4: signed"]
    assert any(found.value.message.startswith(each) for each in named), (found.value.message, named)


@pytest.mark.parametrize("cut", [1, 2, 3, 4])
def test_an_end_that_was_cut_off_between_two_lines_is_found_by_the_checkpoint(tmp_path: Path, cut: int) -> None:
    home = kept(tmp_path / "home")
    content = lines(home.journal / SECOND)
    (home.journal / SECOND).write_bytes(b"".join(content[:-cut]))
    left = 6 - cut
    with pytest.raises(
        JournalError, match=rf"for event {4 if cut > 2 else 6}, and the journal ends with event {left} "
    ):
        examined(home)


def test_a_journal_that_is_gone_altogether_is_found(tmp_path: Path) -> None:
    home = kept(tmp_path / "home")
    for file in home.journal.iterdir():
        file.unlink()
    with pytest.raises(JournalError, match="and the journal is empty: its end was cut off"):
        examined(home)


def test_a_forgery_whose_chain_was_made_anew_is_found_by_the_signature(tmp_path: Path) -> None:
    home = kept(tmp_path / "home")
    rewritten(home, lambda events: [*events[:2], msgspec.structs.replace(events[2], actor="bob"), *events[3:]])
    with pytest.raises(JournalError) as found:
        examined(home)
    assert found.value.message.startswith(
        f"{home.journal / SECOND}, line 2: event 4 is not the one that was signed at "
    )
    assert "something after event 2 was written anew" in found.value.message


def test_an_event_that_was_left_out_of_a_new_chain_is_found_by_the_signature(tmp_path: Path) -> None:
    home = kept(tmp_path / "home")
    rewritten(home, lambda events: events[1:])
    with pytest.raises(JournalError, match="event 2 is not the one that was signed"):
        examined(home)


def test_a_forger_who_signs_with_a_key_of_his_own_is_found_by_whoever_kept_the_public_one(tmp_path: Path) -> None:
    home = kept(tmp_path / "home")
    trusted = tmp_path / "trusted.pub"
    home.journal_public_key.rename(trusted)
    home.journal_key.unlink()
    home.checkpoints.unlink()
    rewritten(home, lambda events: events[1:])
    Ledger.opened(home.directory).sign()
    assert examined(home).events == 5
    with pytest.raises(JournalError, match=r"checkpoints, line 1: signed by SHA256:.*, expected one by SHA256:"):
        examined(home, keys=trusted)


def test_checkpoints_that_were_kept_elsewhere_find_an_end_that_was_cut_off_with_its_checkpoints(tmp_path: Path) -> None:
    home = kept(tmp_path / "home")
    witness = tmp_path / "witness"
    witness.write_bytes(home.checkpoints.read_bytes())
    home.checkpoints.write_bytes(b"".join(lines(home.checkpoints)[:-1]))
    (home.journal / SECOND).write_bytes(b"".join(lines(home.journal / SECOND)[:-2]))
    assert examined(home).events == 4
    with pytest.raises(JournalError, match="for event 6, and the journal ends with event 4"):
        examined(home, checkpoints=witness)


def test_checkpoints_that_are_gone_are_a_finding(tmp_path: Path) -> None:
    home = kept(tmp_path / "home")
    home.checkpoints.unlink()
    with pytest.raises(JournalError, match="expected a checkpoint by SHA256:"):
        examined(home)


def test_a_journal_of_before_there_were_checkpoints_is_signed_as_it_is_found(tmp_path: Path) -> None:
    home = kept(tmp_path / "home")
    for file in (home.checkpoints, home.journal_key, home.journal_public_key):
        file.unlink()
    Ledger.opened(home.directory)
    found = examined(home)
    assert (found.events, found.checkpoints, found.signed_events) == (6, 1, 6)


def test_a_kept_key_may_have_a_comment_and_no_line_end(tmp_path: Path) -> None:
    home = kept(tmp_path / "home")
    mine = tmp_path / "mine.pub"
    mine.write_text(home.journal_public_key.read_text().strip() + " the journal of prod")
    assert examined(home, keys=mine).events == 6


def test_a_lost_key_is_followed_by_another_and_what_the_first_one_signed_can_still_be_checked(tmp_path: Path) -> None:
    home = kept(tmp_path / "home")
    home.journal_key.unlink()
    Ledger.opened(home.directory, START + timedelta(days=1)).note(1).sign()
    found = examined(home)
    assert (found.signed_events, len(found.fingerprints)) == (7, 2)


def test_the_private_key_is_for_its_owner_alone_whatever_the_umask(tmp_path: Path) -> None:
    before = os.umask(0)
    try:
        home = kept(tmp_path / "home")
    finally:
        os.umask(before)
    assert stat.S_IMODE(home.journal_key.stat().st_mode) == 0o600
    assert stat.S_IMODE(home.checkpoints.stat().st_mode) == 0o600


def test_the_fingerprint_is_the_one_that_ssh_keygen_prints(tmp_path: Path) -> None:
    home = kept(tmp_path / "home")
    (fingerprint,) = Keyring.read(home.journal_public_key).fingerprints
    try:
        said = subprocess.run(
            ["ssh-keygen", "-lf", home.journal_public_key], capture_output=True, text=True, check=True
        )
    except FileNotFoundError:
        pytest.skip("needs ssh-keygen")
    assert said.stdout.split()[1] == fingerprint


@pytest.mark.parametrize(
    "content", [b"", b"no key\n", b"-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n"]
)
def test_a_key_that_is_none_is_named_and_not_replaced(tmp_path: Path, content: bytes) -> None:
    home = kept(tmp_path / "home")
    home.journal_key.write_bytes(content)
    with pytest.raises(JournalError, match=r"journal\.key: not an Ed25519 private key"):
        Signer(home.journal_key, home.journal_public_key)
    assert home.journal_key.read_bytes() == content


def test_a_checkpoint_comes_with_many_events_with_an_hour_and_with_a_month(tmp_path: Path) -> None:
    ledger = Ledger.opened(tmp_path / "home", START - timedelta(hours=5))

    def is_due(events: int, minutes: float) -> bool:
        ledger.note(events, minutes=0).clock.advance(minutes * 60)
        return ledger.checkpoints.write_if_due()

    assert not is_due(EVERY_EVENTS - 1, 0)
    assert is_due(1, 0)
    assert not is_due(1, 59)
    assert is_due(0, 1)
    assert not is_due(0, 120)  # there is nothing new
    assert is_due(1, 150)
    assert not is_due(1, 25)
    assert is_due(0, 10)  # it is February now
    signed = [msgspec.json.decode(line, type=Checkpoint) for line in lines(ledger.home.checkpoints)]
    assert [each.seq for each in signed] == [0, 100, 101, 102, 103]
    assert examined(ledger.home).signed_events == ledger.journal.length


def test_lines_of_the_journal_are_as_they_always_were(tmp_path: Path) -> None:
    """Whoever reads it with other tools, or with an older version, finds the same fields in the same order."""
    home = kept(tmp_path / "home")
    for line in lines(home.journal / FIRST):
        assert list(msgspec.json.decode(line)) == ["seq", "at", "actor", "kind", "data", "previous"]
        assert msgspec.json.encode(msgspec.json.decode(line, type=Event)) + b"\n" == line
    assert [seq_of(line) for line in lines(home.journal / FIRST)] == [1, 2]
