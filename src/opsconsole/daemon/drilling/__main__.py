"""The drill's process: the command line starts it, so that a thin client stays thin; its stdout is one JSON answer.

Always true here: whoever asks with words that mean nothing, or for what there is not, is told on stderr, and the exit
code is that of the error's class.
"""

from __future__ import annotations

import argparse
import hashlib
import os
import sys
import tempfile
from pathlib import Path

import msgspec
import yaml

from opsconsole import wire
from opsconsole.config.settings import AccessSetting
from opsconsole.daemon.drilling.playing import play, replay
from opsconsole.daemon.drilling.serving import serve
from opsconsole.daemon.drilling.stage import BEATS_S, USUAL_BEAT_S
from opsconsole.drills import linting
from opsconsole.drills.archive import Archive, Run
from opsconsole.drills.moments import length_s
from opsconsole.drills.paper import html, markdown
from opsconsole.drills.picking import picked, playable
from opsconsole.drills.reading import LIBRARY, ScenarioFile, files, find, read
from opsconsole.drills.script import read_script
from opsconsole.durations import is_duration
from opsconsole.errors import ConfigError, OpsConsoleError, UsageError
from opsconsole.home import Home

ATTENDED = "drill"
"""How runs are called that people attend."""


def main() -> int:
    parser = argparse.ArgumentParser(prog="opsconsole drill", description=__doc__)
    parser.add_argument("--home", type=Path, required=True)
    verbs = parser.add_subparsers(required=True)
    listing = verbs.add_parser("list")
    listing.set_defaults(answer=_list)
    looking = verbs.add_parser("lint")
    looking.add_argument("paths", nargs="*", type=Path)
    looking.set_defaults(answer=_lint)
    playing = verbs.add_parser("play")
    playing.add_argument("id")
    playing.add_argument("--keys", type=Path)
    playing.add_argument("--seed", type=int)
    playing.add_argument("--beat", type=int, choices=BEATS_S, default=USUAL_BEAT_S)
    playing.add_argument("--speed", type=float)
    playing.set_defaults(answer=_play)
    serving = verbs.add_parser("serve")
    serving.add_argument("run")
    serving.add_argument("--seed", type=int)
    serving.add_argument("--beat", type=int, choices=BEATS_S, default=2)
    serving.add_argument("--speed", type=float)
    serving.add_argument("--facilitator", action="append", default=[])
    serving.add_argument("--observer", action="append", default=[])
    serving.add_argument("--group", default="")
    serving.set_defaults(answer=_serve)
    making = verbs.add_parser("new")
    making.add_argument("id", nargs="?", default="")
    making.add_argument("--difficulty", type=int)
    making.add_argument("--seed", type=int)
    making.add_argument("--led", action="store_true")
    making.set_defaults(answer=_new)
    scoring = verbs.add_parser("score")
    scoring.add_argument("run")
    scoring.set_defaults(answer=_score)
    reporting = verbs.add_parser("report")
    reporting.add_argument("run")
    reporting.set_defaults(answer=_report)
    replaying = verbs.add_parser("replay")
    replaying.add_argument("run")
    replaying.set_defaults(answer=_replay)
    exporting = verbs.add_parser("export")
    exporting.add_argument("run")
    exporting.add_argument("out", type=Path)
    exporting.set_defaults(answer=_export)
    remembering = verbs.add_parser("history")
    remembering.add_argument("id", nargs="?", default="")
    remembering.set_defaults(answer=_history)
    arguments = parser.parse_args()
    os.umask(0o077)
    try:
        sys.stdout.buffer.write(msgspec.json.encode(arguments.answer(arguments)) + b"\n")
    except OpsConsoleError as error:
        sys.stderr.write(f"{error}\n")
        return error.exit_code
    return 0


def _own(arguments: argparse.Namespace) -> Path:
    """A home's own scenarios."""
    return Home(arguments.home).directory / "drill-scenarios"


def _archive(arguments: argparse.Namespace) -> Archive:
    return Archive(Home(arguments.home).directory / "drills")


def _list(arguments: argparse.Namespace) -> wire.DrillsReply:
    return wire.DrillsReply(drills=tuple(_entry(path) for path in files(_own(arguments)).values()))


def _entry(path: Path) -> wire.DrillEntry:
    problems = linting.errors_of(linting.lint_file(path))
    is_own = path.parent != LIBRARY
    try:
        scenario = read(path).scenario
    except ConfigError:
        return wire.DrillEntry(
            id=path.stem, title="cannot be read", version=0, difficulty=0, mode="", minutes=0, checklists=(),
            path=str(path), is_own=is_own, problems=problems,
        )  # fmt: skip
    length = scenario.clock.length
    return wire.DrillEntry(
        id=scenario.id,
        title=scenario.title,
        version=scenario.version,
        difficulty=scenario.difficulty,
        mode=scenario.mode,
        minutes=round(length_s(length) / 60, 1) if is_duration(length) else 0.0,
        checklists=scenario.checklists,
        path=str(path),
        is_own=is_own,
        problems=problems,
    )


def _lint(arguments: argparse.Namespace) -> wire.DrillLintReply:
    paths = arguments.paths or list(files(_own(arguments)).values())
    found = tuple(problem for path in paths for problem in linting.lint_file(path))
    return wire.DrillLintReply(paths=tuple(map(str, paths)), problems=found)


def _found(arguments: argparse.Namespace) -> ScenarioFile:
    """A scenario that can be played. Raises ConfigError with the first thing that is wrong with it."""
    file = find(arguments.id, _own(arguments))
    wrong = [problem for problem in linting.lint(file.path, file.text) if problem.is_error]
    if wrong:
        raise ConfigError(f"{wrong[0].path}:{wrong[0].line}: {wrong[0].message}", wrong[0].remedy)
    return file


def _seed(arguments: argparse.Namespace, file: ScenarioFile) -> int:
    """Raises UsageError."""
    seed: int = file.scenario.seed if arguments.seed is None else arguments.seed
    if seed < 0:
        raise UsageError(f"{seed} is no seed", "A whole number, 0 or more.")
    return seed


def _play(arguments: argparse.Namespace) -> wire.DrillDone:
    file = _found(arguments)
    lines = read_script(arguments.keys) if arguments.keys else ()
    run = _archive(arguments).new(file.scenario.id)
    return play(file, run, lines, _seed(arguments, file), arguments.beat, arguments.speed)


def _new(arguments: argparse.Namespace) -> wire.DrillServed:
    """A directory for a drill that people attend: its name tells nobody what will happen. Without an id any one."""
    if arguments.id:
        file = _found(arguments)
    else:
        every = list(playable(_own(arguments), is_led=arguments.led))
        file = picked(every, arguments.difficulty, arguments.seed)
    run = _archive(arguments).new(ATTENDED)
    return wire.DrillServed(run=run.name, home=str(run.home), scenario=str(file.path))


def _serve(arguments: argparse.Namespace) -> wire.DrillServed:
    """Which scenario it is, stdin says: arguments can be read by everybody."""
    arguments.id = sys.stdin.read().strip()
    file = _found(arguments)
    run = Run(Path(arguments.run))
    serve(
        file,
        run,
        _seed(arguments, file),
        beat_s=arguments.beat,
        speed=arguments.speed or file.scenario.clock.speed,
        facilitators=tuple(arguments.facilitator),
        observers=tuple(arguments.observer),
        live=Home(arguments.home),
        access=AccessSetting(keys=_keys(Home(arguments.home).config), group=arguments.group),
    )
    return wire.DrillServed(run=run.name, home=str(run.home))


def _keys(config: Path) -> dict[str, str]:
    """``access.keys`` of the live configuration, alone: a mistake elsewhere stops no drill. Raises ConfigError."""
    try:
        whole = yaml.safe_load(config.read_bytes())
        access = whole.get("access") if isinstance(whole, dict) else None
        keys = access.get("keys") if isinstance(access, dict) else None
        return msgspec.convert(keys or {}, dict[str, str])
    except FileNotFoundError:
        return {}
    except (OSError, yaml.YAMLError, msgspec.ValidationError) as error:
        raise ConfigError(f"{config}: access.keys: {error}", "Mend it; nothing else of the file is read.") from error


def _score(arguments: argparse.Namespace) -> wire.DrillScore:
    return _archive(arguments).run(arguments.run).score_again()


def _report(arguments: argparse.Namespace) -> wire.DrillPapers:
    archive = _archive(arguments)
    run = archive.run(arguments.run)
    made = archive.keep(run)
    return wire.DrillPapers(name=run.name, report=made, markdown=markdown(made), html=html(made))


def _replay(arguments: argparse.Namespace) -> wire.DrillReplayed:
    archive = _archive(arguments)
    run = archive.run(arguments.run)
    with tempfile.TemporaryDirectory(prefix="octd-") as directory:
        return replay(run, Archive(Path(directory)).new(run.file().scenario.id))


def _export(arguments: argparse.Namespace) -> wire.DrillExported:
    """Raises UsageError rather than write over a file."""
    content = _archive(arguments).run(arguments.run).packed()
    try:
        with arguments.out.open("xb") as file:
            file.write(content)
    except OSError as error:
        raise UsageError(f"{arguments.out}: {error.strerror}", "Name a file that is not there yet.") from error
    return wire.DrillExported(path=str(arguments.out), sha256=hashlib.sha256(content).hexdigest())


def _history(arguments: argparse.Namespace) -> wire.DrillHistory:
    return wire.DrillHistory(scores=_archive(arguments).scores(arguments.id))


if __name__ == "__main__":
    sys.exit(main())
