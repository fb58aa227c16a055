"""The library's drills as three people play them: an expert, nobody, and somebody who is wrong.

``python tests/drills/library_table.py docs/drills.md`` writes the table into the page, between its marks.
"""

from __future__ import annotations

import re
import sys
import tempfile
from pathlib import Path

from opsconsole import wire
from opsconsole.daemon.drilling.playing import play
from opsconsole.drills.archive import Archive
from opsconsole.drills.reading import LIBRARY, read
from opsconsole.drills.reference import BEGIN, END
from opsconsole.drills.script import read_script

SCRIPTS = Path(__file__).parent / "scripts"
BEAT_S = 30
"""The scores are the same to a point as at shorter beats, and the whole library takes minutes."""
PLAYERS = ("expert", "nobody", "wrong")
HEADING = "| drill | difficulty | checklist | expert | nobody | wrong | expert: saved, mitigated | wrong: lost |"


def played(name: str, player: str, directory: Path) -> wire.DrillDone:
    """One run of a drill of the library, by one of the three."""
    file = read(LIBRARY / f"{name}.yaml")
    lines = () if player == "nobody" else read_script(SCRIPTS / name / f"{player}.yaml")
    return play(file, Archive(directory).new(name), lines, file.scenario.seed, beat_s=BEAT_S)


def row(name: str, scores: dict[str, wire.DrillScore]) -> str:
    scenario = read(LIBRARY / f"{name}.yaml").scenario
    expert, wrong = scores["expert"], scores["wrong"]
    took = expert.durations.mitigate_s
    saved = "–" if expert.harm.saved is None else f"{100 * expert.harm.saved:.0f} %"
    mitigated = "–" if took is None else f"{took / 60:.1f} min"
    numbers = " | ".join(f"{scores[player].score:.0f}" for player in PLAYERS)
    lists = ", ".join(scenario.checklists)
    return f"| `{name}` | {scenario.difficulty} | {lists} | {numbers} | {saved}, {mitigated} | {wrong.lost:g} |"


def page_with(page: str, rows: list[str]) -> str:
    table = "\n".join([BEGIN, HEADING, "|---|---|---|---|---|---|---|---|", *rows, END])
    return re.sub(f"{re.escape(BEGIN)}.*?{re.escape(END)}", lambda _: table, page, flags=re.DOTALL)


def main() -> int:
    rows = []
    names = sys.argv[2:] or [path.stem for path in sorted(LIBRARY.glob("*.yaml"))]
    with tempfile.TemporaryDirectory(prefix="octd-", dir="/tmp") as directory:
        for name in names:
            done = {player: played(name, player, Path(directory)) for player in PLAYERS}
            rows.append(row(name, {player: each.score for player, each in done.items()}))
            sys.stderr.write(f"{rows[-1]}\n")
            for player, each in done.items():
                for spoken in each.spoken:
                    sys.stderr.write(f"  {player}: {spoken}\n")
                for one in each.score.expectations:
                    if player == "expert" and one.word != "met":
                        sys.stderr.write(f"  {player}: {one.id} {one.word}\n")
                for lapse in each.score.lapses:
                    if player == "expert":
                        sys.stderr.write(f"  {player}: {lapse}\n")
    if len(sys.argv) > 1 and sys.argv[1] != "-":
        path = Path(sys.argv[1])
        path.write_text(page_with(path.read_text(encoding="utf-8"), rows), encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
