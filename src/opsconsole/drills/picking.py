"""Picking a scenario that nobody names, so that nobody knows what will happen.

Always true here: with the same files and the same seed it is the same one; what cannot be played is never picked;
whoever plays alone gets one for a single person.
"""

from __future__ import annotations

import random
import secrets
from collections.abc import Iterator, Sequence
from pathlib import Path

from opsconsole.drills import linting
from opsconsole.drills.reading import ScenarioFile, files, read
from opsconsole.errors import ConfigError, UsageError


def playable(own: Path, *, is_led: bool) -> Iterator[ScenarioFile]:
    """The library's and a home's ``own``, in the order of their ids; for one person where nobody leads."""
    for path in files(own).values():
        try:
            file = read(path)
        except ConfigError:
            continue  # `drill list` says so
        is_meant = is_led or file.scenario.mode == "solo"
        if is_meant and not any(problem.is_error for problem in linting.lint(file.path, file.text)):
            yield file


def picked(every: Sequence[ScenarioFile], difficulty: int | None, seed: int | None) -> ScenarioFile:
    """One of them, of this difficulty if one is named: by the seed, or at random without one.

    Raises UsageError where there is none.
    """
    wanted = [file for file in every if difficulty in (None, file.scenario.difficulty)]
    if not wanted:
        known = ", ".join(map(str, sorted({file.scenario.difficulty for file in every}))) or "none"
        raise UsageError(f"there is no such drill of difficulty {difficulty}", f"There are some of: {known}.")
    return random.Random(seed).choice(wanted) if seed is not None else secrets.choice(wanted)  # noqa: S311 - no secret
