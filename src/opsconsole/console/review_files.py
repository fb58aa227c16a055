"""A review on the disk: Markdown to read and edit, and one HTML file to send.

Always true here: a terminal that shows one of the files obeys nothing in it; what could not be written is said with its
place.
"""

from __future__ import annotations

from pathlib import Path

from opsconsole import wire
from opsconsole.console.text import safe
from opsconsole.errors import UsageError

_LINE = 1_000_000
"""Characters of one line of a file that is written: none is cut."""


def written(directory: Path, files: wire.ReviewFiles) -> list[Path]:
    """Both files; raises UsageError where they cannot be written."""
    stem = files.review.incident.incident
    contents = {directory / f"{stem}.md": files.markdown, directory / f"{stem}.html": files.html}
    try:
        directory.mkdir(parents=True, exist_ok=True)
        for path, content in contents.items():
            path.write_text(harmless(content), encoding="utf-8")
    except OSError as error:
        raise UsageError(f"{directory} cannot be written to: {error.strerror}", "Name another directory.") from error
    return list(contents)


def harmless(text: str) -> str:
    """Text that a pager can show: a terminal obeys nothing in it."""
    return "".join(f"{safe(line, _LINE)}\n" for line in text.split("\n")).removesuffix("\n")
