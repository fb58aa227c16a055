"""Copying, and saying truthfully how: into the tmux buffer, by OSC 52, or not at all.

Always true here: what is copied is safe text, so pasting it into a shell runs nothing that was hidden in it; a path
that can say that it failed is tried before one that cannot; text that no path takes is for a page, from where a person
can select it.
"""

from __future__ import annotations

import base64
import subprocess
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Literal

from opsconsole.console import numbers
from opsconsole.console.text import safe

MOST_PAYLOAD_BYTES = 74_994
"""Base64 that terminals take in one OSC 52; xterm drops what is longer without a word."""

TMUX_WITHIN_S = 2.0

SCREEN_STRING_BYTES = 240
"""GNU screen cuts device control strings that are longer than 256 bytes."""

WITHOUT_OSC = frozenset({"", "linux", "dumb", "vt100", "vt220"})
"""Terminals that have no clipboard and no notifications, or would print the sequence."""

Path = Literal["tmux", "osc52", "page"]


@dataclass(frozen=True)
class Copied:
    """Which way the text went."""

    path: Path
    """``page``: nowhere; show the text for the person to select."""
    text: str
    """The text as it was copied."""
    words: str
    """For the status line."""


def copy(
    text: str,
    write: Callable[[str], None],
    environ: Mapping[str, str],
    run: Callable[..., subprocess.CompletedProcess[bytes]] = subprocess.run,
) -> Copied:
    """Copy; ``write`` puts a sequence on the terminal, between two frames."""
    text = "\n".join(safe(line, len(line)) for line in text.splitlines())
    data = text.encode()
    size = numbers.size(len(data))
    failure = ""
    if environ.get("TMUX"):
        failure = _load_tmux_buffer(data, environ, run)
        if not failure:
            return Copied("tmux", text, f"copied {size} to the tmux buffer")
    payload = base64.b64encode(data).decode()
    if environ.get("TERM", "") in WITHOUT_OSC:
        reason = failure or "this terminal has no clipboard"
    elif len(payload) > MOST_PAYLOAD_BYTES:
        reason = failure or f"{size} are too much for the terminal's clipboard"
    else:
        write(wrapped(f"\x1b]52;c;{payload}\x07", environ))
        return Copied("osc52", text, f"sent {size} by OSC 52; the terminal may refuse it")
    return Copied("page", text, f"not copied, {reason}: select it here")


def _load_tmux_buffer(
    data: bytes, environ: Mapping[str, str], run: Callable[..., subprocess.CompletedProcess[bytes]]
) -> str:
    """Why tmux did not take it; empty when it did. ``-w``, since tmux 3.2, tells the outer terminal as well."""
    said = ""
    for options in (["-w"], []):
        try:
            done = run(
                ["tmux", "load-buffer", *options, "-"],
                input=data,
                capture_output=True,
                timeout=TMUX_WITHIN_S,
                check=False,
                env=dict(environ),
            )
        except FileNotFoundError:
            return "tmux is not on the PATH"
        except subprocess.TimeoutExpired:
            return "tmux did not answer"
        if done.returncode == 0:
            return ""
        said = safe(done.stderr.decode(errors="replace").strip()) or f"tmux failed with {done.returncode}"
    return said


def wrapped(sequence: str, environ: Mapping[str, str]) -> str:
    """The sequence for the outer terminal, where a multiplexer stands between."""
    if environ.get("TMUX"):
        return "\x1bPtmux;" + sequence.replace("\x1b", "\x1b\x1b") + "\x1b\\"
    if environ.get("STY") or environ.get("TERM", "").startswith("screen"):
        parts = [sequence[i : i + SCREEN_STRING_BYTES] for i in range(0, len(sequence), SCREEN_STRING_BYTES)]
        return "".join(f"\x1bP{part}\x1b\\" for part in parts)
    return sequence
