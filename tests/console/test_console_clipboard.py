"""Copying: the path that was taken is the path that is told."""

from __future__ import annotations

import base64
import os
import re
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from opsconsole.console.clipboard import MOST_PAYLOAD_BYTES, SCREEN_STRING_BYTES, Copied, copy
from opsconsole.console.text import is_safe

TERMINAL = {"TERM": "xterm-256color"}


def copied(text: str, environ: dict[str, str]) -> tuple[Copied, str]:
    written: list[str] = []
    return copy(text, written.append, environ), "".join(written)


@pytest.fixture
def tmux() -> Iterator[dict[str, str]]:
    """The environment inside a tmux of its own."""
    if shutil.which("tmux") is None:
        if os.environ.get("CI"):
            pytest.fail("tmux must be there in CI: apt-get install tmux")
        pytest.skip("needs tmux: apt-get install tmux")
    directory = tempfile.mkdtemp(prefix="oct-", dir="/tmp")
    socket = Path(directory) / "tmux"
    plain = {"PATH": os.environ["PATH"], "LANG": "C.UTF-8", "TERM": "xterm-256color"}
    start = ["tmux", "-f", "/dev/null", "-S", socket, "new-session", "-d", "-s", "one", "cat"]
    subprocess.run(start, check=True, env=plain)
    try:
        yield {**plain, "TERM": "tmux-256color", "TMUX": f"{socket},1,0"}
    finally:
        subprocess.run(["tmux", "-S", socket, "kill-server"], check=True, env=plain)
        shutil.rmtree(directory)


def test_inside_tmux_the_text_is_in_the_tmux_buffer(tmux: dict[str, str]) -> None:
    told, written = copied("opsconsole show drift chat-assist\n  zwei Zeilen, é ✔", tmux)
    shown = subprocess.run(["tmux", "show-buffer"], capture_output=True, text=True, check=True, env=tmux).stdout
    assert shown == "opsconsole show drift chat-assist\n  zwei Zeilen, é ✔"
    assert told.path == "tmux"
    assert told.words == "copied 55 B to the tmux buffer"
    assert written == ""


def test_a_tmux_that_is_gone_is_told_past_and_osc_52_goes_through_it(tmp_path: Path) -> None:
    environ = {"PATH": os.environ["PATH"], "TERM": "tmux-256color", "TMUX": f"{tmp_path}/none,1,0"}
    told, written = copied("v42", environ)
    assert told.path == "osc52"
    assert written == "\x1bPtmux;\x1b\x1b]52;c;djQy\x07\x1b\\"


def test_without_a_multiplexer_osc_52_carries_the_text_and_the_words_promise_nothing() -> None:
    told, written = copied("chat-assist", TERMINAL)
    match = re.fullmatch(r"\x1b\]52;c;([A-Za-z0-9+/=]*)\x07", written)
    assert match is not None
    assert base64.b64decode(match[1]).decode() == "chat-assist"
    assert told.words == "sent 11 B by OSC 52; the terminal may refuse it"


def test_screen_gets_it_in_strings_that_it_does_not_cut() -> None:
    told, written = copied("x" * 1_000, {"TERM": "screen.xterm-256color", "STY": "1.pts"})
    parts = re.findall(r"\x1bP(.*?)\x1b\\", written, re.DOTALL)
    assert "".join(f"\x1bP{part}\x1b\\" for part in parts) == written
    assert all(len(part) <= SCREEN_STRING_BYTES for part in parts)
    assert "".join(parts) == f"\x1b]52;c;{base64.b64encode(b'x' * 1_000).decode()}\x07"
    assert told.path == "osc52"


@pytest.mark.parametrize("terminal", ["linux", "dumb", ""])
def test_a_terminal_without_a_clipboard_gets_a_page(terminal: str) -> None:
    told, written = copied("v42", {"TERM": terminal})
    assert (told.path, told.text, written) == ("page", "v42", "")
    assert told.words == "not copied, this terminal has no clipboard: select it here"


def test_what_is_too_long_for_osc_52_gets_a_page_and_no_half_of_it_a_clipboard() -> None:
    fits = "x" * (MOST_PAYLOAD_BYTES // 4 * 3)
    assert copied(fits, TERMINAL)[0].path == "osc52"
    told, written = copied(fits + "xxx", TERMINAL)
    assert (told.path, written) == ("page", "")
    assert "too much" in told.words


@given(st.text(max_size=80))
def test_what_is_copied_is_plain_text_whatever_it_was(text: str) -> None:
    told, written = copied(text, TERMINAL)
    assert all(is_safe(line) for line in told.text.split("\n"))
    payload = re.fullmatch(r"\x1b\]52;c;([A-Za-z0-9+/=]*)\x07", written)
    assert payload is not None
    assert base64.b64decode(payload[1]).decode() == told.text


def test_a_tmux_that_refuses_says_why_on_the_page() -> None:
    def refuse(command: list[str], **_: object) -> subprocess.CompletedProcess[bytes]:
        return subprocess.CompletedProcess(command, 1, b"", b"no space\x1b[31m left\n")

    told = copy("v42", lambda _: None, {"TERM": "linux", "TMUX": "/x,1,0"}, run=refuse)
    assert told.path == "page"
    assert told.words == "not copied, no space␛[31m left: select it here"
