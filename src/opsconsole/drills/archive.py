"""Where a drill's runs are kept: a directory each, with everything that its score is computed from.

Always true here: what players may open is in ``home`` alone; the scenario is kept as it was played; a score that is
kept can be computed again from the files beside it.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import msgspec

from opsconsole import wire
from opsconsole.drills import events
from opsconsole.drills.events import Logged
from opsconsole.drills.reading import ScenarioFile, read
from opsconsole.drills.score import scored
from opsconsole.errors import InputError, UsageError


@dataclass(frozen=True)
class Run:
    """One run of a drill."""

    directory: Path

    @property
    def name(self) -> str:
        return self.directory.name

    @property
    def home(self) -> Path:
        """The home that it was played in."""
        return self.directory / "home"

    @property
    def scenario(self) -> Path:
        return self.directory / "scenario.yaml"

    @property
    def script(self) -> Path:
        """The lines of a headless run."""
        return self.directory / "script.yaml"

    @property
    def events(self) -> Path:
        return self.directory / "events.jsonl"

    @property
    def score(self) -> Path:
        return self.directory / "score.json"

    @property
    def spoken(self) -> Path:
        """What the lines of a script were answered: no part of the score."""
        return self.directory / "spoken.json"

    def log(self) -> list[Logged]:
        """Raises InputError."""
        try:
            return list(events.read(self.events.read_bytes()))
        except (OSError, msgspec.DecodeError) as error:
            raise InputError(f"{self.events} cannot be read: {error}", "Was the drill played to its end?") from error

    def file(self) -> ScenarioFile:
        """Raises ConfigError."""
        return read(self.scenario)

    def score_again(self) -> wire.DrillScore:
        """From the scenario and the log alone. Raises InputError and ConfigError."""
        file = self.file()
        return scored(file.scenario, file.text, self.log())


class Archive:
    """The runs of one live home."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory

    def new(self, scenario: str) -> Run:
        """A directory for one more run of this scenario."""
        self._directory.mkdir(mode=0o700, parents=True, exist_ok=True)
        numbers = [int(run.name.rpartition("-")[2]) for run in self.runs() if run.name.rpartition("-")[0] == scenario]
        directory = self._directory / f"{scenario}-{max(numbers, default=0) + 1}"
        directory.mkdir(mode=0o700)
        return Run(directory)

    def runs(self) -> Iterator[Run]:
        """In the order of their names."""
        if self._directory.is_dir():
            for path in sorted(self._directory.iterdir()):
                if path.is_dir() and path.name.rpartition("-")[2].isdecimal():
                    yield Run(path)

    def run(self, name: str) -> Run:
        """By its name, or the directory that it is in. Raises UsageError."""
        for run in (Run(self._directory / name), Run(Path(name).expanduser().absolute())):
            if run.events.exists() or run.home.exists():
                return run
        known = ", ".join(run.name for run in self.runs()) or "none yet"
        raise UsageError(f"there is no run {name!r}", f"There are: {known}.")

    def scores(self, scenario: str, version: int) -> list[wire.DrillScore]:
        """Of every run of this version of a scenario that was scored, in the order of their names."""
        found = []
        for run in self.runs():
            if run.score.exists():
                score = msgspec.json.decode(run.score.read_bytes(), type=wire.DrillScore)
                if (score.scenario, score.version) == (scenario, version):
                    found.append(score)
        return found
