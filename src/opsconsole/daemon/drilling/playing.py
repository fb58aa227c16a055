"""Playing a drill without anybody there: a script, as fast as it goes, and what is left behind.

Always true here: what was played is written into the run's directory before it is scored; the process' own time zone,
locale and terminal are asked by nobody.
"""

from __future__ import annotations

import time
from itertools import zip_longest

import msgspec

from opsconsole import wire
from opsconsole.clock import ManualClock
from opsconsole.daemon.drilling.doors import by_script
from opsconsole.daemon.drilling.driver import Driver, Spoken, keys_of
from opsconsole.daemon.drilling.session import Session
from opsconsole.daemon.drilling.stage import USUAL_BEAT_S, Stage
from opsconsole.drills import events
from opsconsole.drills.archive import Archive, Run
from opsconsole.drills.reading import ScenarioFile
from opsconsole.drills.scenario import Line
from opsconsole.drills.script import read_script, script_text
from opsconsole.errors import UsageError


def play(
    file: ScenarioFile,
    run: Run,
    lines: tuple[Line, ...],
    seed: int,
    beat_s: int = USUAL_BEAT_S,
    speed: float | None = None,
) -> wire.DrillDone:
    """Play it to its end, as fast as it goes or at this speed. Raises StoreError and UsageError."""
    run.take(file)
    run.script.write_text(script_text(lines), encoding="utf-8")
    still = ManualClock(file.scenario.clock.start)  # whoever a script lets type is there from then on
    stage = Stage(file.scenario, run.home, seed, by_script, beat_s, people=still)
    session = Session(stage, file, run, (), 1.0, is_scripted=True)  # so that its consoles show it and take hints
    stage.inside.router.routes.extend(session.routes())
    driver = Driver(stage, lines)
    try:
        driver.run((lambda: time.sleep(1 / speed)) if speed else (lambda: None))
        run.keep_shown(stage.shown())
    finally:
        driver.close()
        stage.close()
    run.events.write_bytes(events.written(stage.log.events))
    run.spoken.write_bytes(msgspec.json.format(msgspec.json.encode(driver.spoken), indent=1))
    score = Archive(run.directory.parent).keep(run).score
    refused = tuple(_refused(each) for each in driver.spoken if each.exit_code)
    return wire.DrillDone(directory=str(run.directory), score=score, spoken=refused)


def replay(run: Run, again: Run) -> wire.DrillReplayed:
    """Play a headless run once more, and compare the two event logs.

    Raises UsageError for one that people attended: what they did is in its log, and not as lines of a script.
    """
    if not run.script.exists():
        raise UsageError(
            f"{run.name} was attended, and cannot be played again without the people",
            f"opsconsole drill report {run.name} shows what they did; drill score computes its score again.",
        )
    score, file = run.score_again(), run.file()
    play(file, again, read_script(run.script), score.seed, score.beat_s)
    first, second = run.events.read_bytes().splitlines(), again.events.read_bytes().splitlines()
    differing = next((n for n, pair in enumerate(zip_longest(first, second), 1) if pair[0] != pair[1]), None)
    return wire.DrillReplayed(
        run=run.name,
        events=len(first),
        differs_at=differing,
        was=_line(first, differing),
        now=_line(second, differing),
        score=again.score_again().score,
    )


def _line(lines: list[bytes], number: int | None) -> str:
    return lines[number - 1].decode() if number is not None and number <= len(lines) else ""


def _refused(spoken: Spoken) -> dict[str, str | int | float]:
    told = spoken.told.strip() or spoken.out.strip()
    said = spoken.line.run or f"keys {keys_of(spoken.line)}"
    return {"t": spoken.t, "by": spoken.line.by, "run": said, "exit_code": spoken.exit_code, "told": told}
