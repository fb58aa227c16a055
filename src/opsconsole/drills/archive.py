"""Where a drill's runs are kept: a directory each, with everything that its score is computed from.

Always true here: what players may open is in ``home`` alone; the scenario is kept as it was played; a score that is
kept can be computed again from the files beside it.
"""

from __future__ import annotations

import gzip
import io
import shutil
import tarfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import msgspec

from opsconsole import wire
from opsconsole.drills import events
from opsconsole.drills.afterwards import report
from opsconsole.drills.events import Logged
from opsconsole.drills.paper import html, markdown
from opsconsole.drills.reading import ScenarioFile, read
from opsconsole.drills.scenario import Scenario
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
    def markdown(self) -> Path:
        return self.directory / "report.md"

    @property
    def html(self) -> Path:
        return self.directory / "report.html"

    @property
    def shown(self) -> Path:
        """What players' panels showed: no part of the score."""
        return self.directory / "shown.json"

    @property
    def spoken(self) -> Path:
        """What the lines of a script were answered: no part of the score."""
        return self.directory / "spoken.json"

    def take(self, file: ScenarioFile) -> None:
        """Keep a scenario as it is played, and the recordings that it names."""
        self.scenario.write_text(file.text, encoding="utf-8")
        for each in recordings_of(file.scenario):
            shutil.copyfile(each, self.directory / each.name)

    def keep_shown(self, shown: tuple[wire.ShownService, ...]) -> None:
        _write(self.shown, msgspec.json.encode(shown) + b"\n")

    def kept_shown(self) -> tuple[wire.ShownService, ...]:
        """Nothing of a run that did not keep it. Raises InputError."""
        try:
            return msgspec.json.decode(self.shown.read_bytes(), type=tuple[wire.ShownService, ...])
        except FileNotFoundError:
            return ()
        except (OSError, msgspec.DecodeError) as error:
            remedy = "Remove it: the report is made without charts then."
            raise InputError(f"{self.shown} cannot be read: {error}", remedy) from error

    def log(self) -> list[Logged]:
        """Raises InputError."""
        try:
            return list(events.read(self.events.read_bytes()))
        except (OSError, msgspec.DecodeError) as error:
            raise InputError(f"{self.events} cannot be read: {error}", "Was the drill played to its end?") from error

    def kept_score(self) -> wire.DrillScore:
        """As it was computed once. Raises InputError."""
        try:
            return msgspec.json.decode(self.score.read_bytes(), type=wire.DrillScore)
        except (OSError, msgspec.DecodeError) as error:
            remedy = f"opsconsole drill report {self.name} computes it again."
            raise InputError(f"{self.score} cannot be read: {error}", remedy) from error

    def file(self) -> ScenarioFile:
        """Raises ConfigError."""
        return read(self.scenario)

    def packed(self) -> bytes:
        """Everything that its score is computed from, and the report, as one archive; the same run, the same bytes.

        Raises InputError.
        """
        self.log()
        made = io.BytesIO()
        with gzip.GzipFile(fileobj=made, mode="wb", mtime=0) as zipped, tarfile.open(fileobj=zipped, mode="w") as tar:
            for path in (self.scenario, self.events, self.score, self.shown, self.markdown, self.html):
                content = path.read_bytes() if path.exists() else b""
                member = tarfile.TarInfo(f"{self.name}/{path.name}")
                member.size = len(content)
                tar.addfile(member, io.BytesIO(content))
        return made.getvalue()

    def score_again(self) -> wire.DrillScore:
        """From the scenario and the log alone. Raises InputError and ConfigError."""
        file = self.file()
        return scored(file.scenario, file.text, self.log())


def recordings_of(scenario: Scenario) -> set[Path]:
    """The files that it plays or draws from."""
    named = [scenario.replay, *(service.pool for service in scenario.services.values())]
    return {each.file for each in named if each is not None}


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

    def scores(self, scenario: str = "") -> dict[str, wire.DrillScore]:
        """Run → its score, of every run of a scenario, or of all, that was scored; the oldest first.

        Raises InputError for one that cannot be read.
        """
        found = {run.name: run.kept_score() for run in self._scored()}
        return {name: score for name, score in found.items() if scenario in ("", score.scenario)}

    def _scored(self) -> list[Run]:
        return sorted(
            (run for run in self.runs() if run.score.exists()), key=lambda run: int(run.name.rpartition("-")[2])
        )

    def _earlier(self, run: Run, score: wire.DrillScore) -> tuple[list[tuple[str, float]], list[str]]:
        """Other runs of the same scenario and version with their scores; and runs whose score cannot be read."""
        found, unreadable = [], []
        for other in self._scored():
            if other.name == run.name:
                continue
            try:
                kept = other.kept_score()
            except InputError:
                unreadable.append(other.name)
                continue
            if (kept.scenario, kept.version) == (score.scenario, score.version):
                found.append((other.name, kept.score))
        return found, unreadable

    def keep(self, run: Run) -> wire.DrillReport:
        """Score a run, and write down its score and its report. Raises InputError and ConfigError."""
        file, log = run.file(), run.log()
        score = scored(file.scenario, file.text, log)
        earlier, unreadable = self._earlier(run, score)
        _write(run.score, msgspec.json.format(msgspec.json.encode(score), indent=2) + b"\n")
        made = report(file.scenario, score, log, run.kept_shown(), earlier, unreadable)
        run.markdown.write_text(markdown(made), encoding="utf-8")
        run.html.write_text(html(made), encoding="utf-8")
        return made


def _write(path: Path, content: bytes) -> None:
    """Whole or not at all."""
    unfinished = path.with_name(path.name + ".new")
    unfinished.write_bytes(content)
    unfinished.rename(path)
