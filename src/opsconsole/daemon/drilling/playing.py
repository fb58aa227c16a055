"""Playing a drill without anybody there: a script, as fast as it goes, and what is left behind.

Always true here: what was played is written into the run's directory before it is scored; the process' own time zone,
locale and terminal are asked by nobody.
"""

from __future__ import annotations

import time

import msgspec

from opsconsole import wire
from opsconsole.daemon.drilling.doors import by_script
from opsconsole.daemon.drilling.driver import Driver, Spoken
from opsconsole.daemon.drilling.stage import USUAL_BEAT_S, Stage
from opsconsole.drills import events
from opsconsole.drills.archive import Archive, Run
from opsconsole.drills.reading import ScenarioFile
from opsconsole.drills.scenario import Line


def play(
    file: ScenarioFile,
    run: Run,
    lines: tuple[Line, ...],
    seed: int,
    beat_s: int = USUAL_BEAT_S,
    speed: float | None = None,
) -> wire.DrillDone:
    """Play it to its end, as fast as it goes or at this speed. Raises StoreError and UsageError."""
    run.scenario.write_text(file.text, encoding="utf-8")
    stage = Stage(file.scenario, run.home, seed, by_script, beat_s)
    driver = Driver(stage, lines)
    try:
        driver.run((lambda: time.sleep(1 / speed)) if speed else (lambda: None))
    finally:
        driver.close()
        stage.close()
    run.events.write_bytes(events.written(stage.log.events))
    run.spoken.write_bytes(msgspec.json.format(msgspec.json.encode(driver.spoken), indent=1))
    score = Archive(run.directory.parent).keep(run).score
    refused = tuple(_refused(each) for each in driver.spoken if each.exit_code)
    return wire.DrillDone(directory=str(run.directory), score=score, spoken=refused)


def _refused(spoken: Spoken) -> dict[str, str | int | float]:
    told = spoken.told.strip() or spoken.out.strip()
    return {"t": spoken.t, "by": spoken.line.by, "run": spoken.line.run, "exit_code": spoken.exit_code, "told": told}
