"""A drill that nobody attends: the same each time, apart from everything live, scored from what it leaves behind."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import msgspec
import pytest
from rehearsing import BACK, BACK_KEYS, NOTE_KEYS, OPEN, SMALL, rehearsed, small

from opsconsole import cli, wire
from opsconsole.daemon.drilling.__main__ import main
from opsconsole.daemon.drilling.playing import play, replay
from opsconsole.drills.archive import Archive, Run
from opsconsole.drills.scenario import Line
from opsconsole.drills.script import read_script, script_text
from opsconsole.errors import ConfigError, InputError

LINES = (OPEN, NOTE_KEYS, BACK_KEYS)
LARGER = (OPEN, msgspec.structs.replace(NOTE_KEYS, size="160x50"), msgspec.structs.replace(BACK_KEYS, size="100x30"))
LIVE_KINDS = ("argo", "command", "file", "git", "http_api", "kserve", "litellm", "mlflow", "seldon")


def in_a_process(home: Path, **environment: str) -> Run:
    """The same drill, in a process of its own that sees another machine, on consoles of other sizes."""
    home.mkdir(parents=True)
    scenario, script = home / "small.yaml", home / "script.yaml"
    scenario.write_text(SMALL)
    script.write_text(script_text(LARGER))
    command = [sys.executable, "-m", "opsconsole.daemon.drilling", "--home", str(home), "play", str(scenario)]
    done = subprocess.run(
        [*command, "--keys", str(script)], env={**os.environ, **environment}, capture_output=True, check=False
    )
    assert done.returncode == 0, done.stderr.decode()
    return Run(Path(msgspec.json.decode(done.stdout, type=wire.DrillDone).directory))


def test_same_script_leaves_the_same_log_on_another_machine(worked: Run, room: Path) -> None:
    elsewhere = in_a_process(
        room / "elsewhere", TZ="Asia/Kathmandu", LC_ALL="C", LANG="C", COLUMNS="43", LINES="7", PYTHONHASHSEED="99"
    )
    assert elsewhere.events.read_bytes() == worked.events.read_bytes()
    assert elsewhere.score.read_bytes() == worked.score.read_bytes()


def test_same_script_at_a_slower_pace_leaves_the_same_log(worked: Run, room: Path) -> None:
    paced = Archive(room / "paced").new("small")
    play(small(), paced, LINES, 42, speed=2_000.0)
    assert paced.events.read_bytes() == worked.events.read_bytes()


def test_another_seed_leaves_another_log(worked: Run, room: Path) -> None:
    other = rehearsed(room / "other", *LINES, seed=7)
    assert other.events.read_bytes() != worked.events.read_bytes()


def test_log_names_neither_the_machine_nor_the_process(worked: Run) -> None:
    content = worked.events.read_text()
    assert str(worked.directory) not in content
    assert f"cli-{os.getpid()}" not in content


def test_no_live_target_is_even_loaded(room: Path) -> None:
    """The process that plays a drill knows no other kind of target than its own."""
    home = room / "unloaded"
    home.mkdir()
    (home / "opsconsole.yaml").write_text(
        "services:\n  chat:\n    release: {target: file, options: {path: /nowhere/routing.yaml}}\n"
    )
    (home / "small.yaml").write_text(SMALL)
    program = (
        "import sys\n"
        "from opsconsole.daemon.drilling.__main__ import main\n"
        f"sys.argv = ['drill', '--home', {str(home)!r}, 'play', {str(home / 'small.yaml')!r}]\n"
        "code = main()\n"
        f"names = ['opsconsole.releases.targets.' + kind for kind in {LIVE_KINDS!r}]\n"
        "sys.stderr.write(' '.join(name for name in names if name in sys.modules))\n"
        "sys.exit(code)\n"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, check=False)
    assert done.returncode == 0, done.stderr.decode()
    assert done.stderr == b""


def test_replay_of_a_headless_run_goes_as_it_went(worked: Run, room: Path) -> None:
    replayed = replay(worked, Archive(room / "replayed").new("small"))
    assert (replayed.differs_at, replayed.score) == (None, worked.score_again().score)


def test_score_can_be_computed_again_from_what_is_left(worked: Run) -> None:
    kept = msgspec.json.decode(worked.score.read_bytes(), type=wire.DrillScore)
    assert worked.score_again() == kept
    assert kept.score > 90


def test_score_says_who_did_what_and_when(worked: Run) -> None:
    score = worked.score_again()
    assert [(each.id, each.word, each.by, each.t) for each in score.expectations] == [
        ("cause", "met", "ann", 55.0),
        ("back", "met", "bob", 60.0),
    ]
    assert {each.person: each.earned for each in score.people} == {"ann": 20.0, "bob": 40.0}
    assert score.durations.detect_s == 30.0
    assert score.durations.identify_s == 35.0
    assert score.durations.mitigate_s is not None
    assert 40 <= score.durations.mitigate_s <= 60


def test_whoever_does_nothing_earns_nothing(watched: Run) -> None:
    score = watched.score_again()
    assert score.score == 0
    assert {each.word for each in score.expectations} == {"missed"}
    assert score.harm.saved == 0
    assert [(each.id, each.points) for each in score.lapses] == [("late", 5.0)]
    assert score.durations.mitigate_s is None


def test_change_that_nothing_asked_for_is_counted_and_costs(mistaken: Run) -> None:
    score = mistaken.score_again()
    assert score.wrong_changes == 1
    assert ("other", 20.0, "bob") in [(each.id, each.points, each.by) for each in score.lapses]


def test_what_is_done_late_earns_half(room: Path) -> None:
    late = rehearsed(room / "late", OPEN, BACK.__class__(at="+130s", by="bob", run=BACK.run))
    back = next(each for each in late.score_again().expectations if each.id == "back")
    assert (back.word, back.earned) == ("late", 20.0)


def test_somebody_else_changes_the_target_at_the_moment_that_is_written(room: Path) -> None:
    text = SMALL.replace("target: {lag: 10s}", "target: {lag: 10s, conflict_at: +65s, conflict_to: {v1: 1, v2: 1}}")
    run = rehearsed(room / "conflict", text=text)
    told = [(each.t, each.data["told"]) for each in run.log() if each.kind == "drill.effective" and each.t > 0]
    assert told == [(70.0, "serves v1 50 %, v2 50 % in 10 s")]
    assert any(each.kind == "release.found_out_of_band" for each in run.log())


def test_runs_of_one_scenario_are_told_apart(room: Path) -> None:
    archive = Archive(room / "names")
    assert [archive.new("small").name for _ in range(3)] == ["small-1", "small-2", "small-3"]


def test_scenario_with_an_error_is_not_played(
    room: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    path = room / "broken" / "small.yaml"
    path.parent.mkdir()
    path.write_text(SMALL.replace("version: v2, effect", "version: v9, effect"))
    monkeypatch.setattr(sys, "argv", ["drill", "--home", str(room / "broken"), "play", str(path)])
    assert main() == 3
    told = capsys.readouterr().err
    assert "there is no 'v9'" in told
    assert f"{path}:" in told


def test_drill_without_a_lead_begins_at_once_and_is_scored(room: Path) -> None:
    text = SMALL[: SMALL.index("prelude:")] + SMALL[SMALL.index("faults:") :]
    run = rehearsed(room / "unled", text=text.replace("lead: 40s", "lead: 0s").replace("length: 4m", "length: 1m"))
    begun = [each.t for each in run.log() if each.kind == "drill.started"]
    assert begun == [0.0]
    assert run.score_again().harm.requests > 0
    assert run.markdown.exists()


def test_score_that_cannot_be_read_is_named_and_stands_in_the_way_of_no_other(worked: Run, room: Path) -> None:
    archive = Archive(room / "cut")
    for _ in range(2):
        run = archive.new("small")
        run.scenario.write_bytes(worked.scenario.read_bytes())
        run.events.write_bytes(worked.events.read_bytes())
        archive.keep(run)
    first, second = archive.runs()
    first.score.write_bytes(first.score.read_bytes()[:100])
    with pytest.raises(InputError, match=r"small-1/score\.json cannot be read"):
        archive.scores()
    assert archive.keep(second).history == ()
    assert "small-1" in second.markdown.read_text()
    assert archive.keep(first).history == (("small-2", second.kept_score().score),)
    assert list(archive.scores()) == ["small-1", "small-2"]


@pytest.mark.parametrize(
    ("line", "says"),
    [
        ('{at: 2m, by: ann, run: "alerts"}', "lines[1].at: '2m' is no moment"),
        ('{at: +2m, by: ann, run: "incident open \'chat"}', 'lines[1].run: "incident open \'chat" is no command'),
        ('{at: +2m, by: ann, run: " "}', "lines[1].run: says nothing"),
        ('{at: +2m, by: ann, run: "status --home /tmp"}', "lines[1].run: names a home"),
        ('{at: +2m, by: ann, run: "status --hom=/tmp"}', "lines[1].run: names a home"),
        ('{at: +2m, run: "status"}', "lines[1]: nobody says it"),
        ('{at: 2m, by: ann, keys: "A"}', "lines[1].at: '2m' is no moment"),
        ('{at: +2m, by: ann, keys: "A entr"}', "lines[1].keys: there is no key 'entr'"),
        ('{at: +2m, by: ann, keys: "/ chat"}', "lines[1].keys: there is no key 'chat'"),
        ("{at: +2m, by: ann, keys: '/ \"chat'}", "lines[1].keys: a quote in '\"chat' is not closed"),
        ("{at: +2m, by: ann, keys: '/ \"\"'}", "lines[1].keys: '' cannot be typed"),
        ('{at: +2m, by: ann, keys: "ctrl+m"}', "lines[1].keys: there is no key 'ctrl+m'"),
        ('{at: +2m, by: ann, keys: " "}', "lines[1].keys: presses nothing"),
        ("{at: +2m, by: ann, keys: A, run: status}", "lines[1].keys: stands beside a command"),
        ("{at: +2m, by: ann, keys: A, size: 40x10}", "lines[1].size: '40x10' is no size of a console"),
        ("{at: +2m, by: ann, run: status, size: 160x50}", "lines[1].size: means nothing for a command"),
        ("{at: +2m, by: ann}", "lines[1].run: says nothing"),
        ("{at: +2m, keys: A}", "lines[1]: nobody says it"),
        ("{at: +2m, by: ann, kyes: A}", "lines[1].kyes: no such setting"),
    ],
)
def test_mistake_in_a_script_is_named_with_its_file_and_line(line: str, says: str, tmp_path: Path) -> None:
    path = tmp_path / "script.yaml"
    path.write_text(f'lines:\n  - {{at: +1m, by: ann, run: "status"}}\n  - {line}\n')
    with pytest.raises(ConfigError) as caught:
        read_script(path)
    assert caught.value.message.startswith(f"{path}:3: {says}")
    assert caught.value.remedy


def test_size_of_a_console_that_is_open_is_named(tmp_path: Path) -> None:
    path = tmp_path / "script.yaml"
    path.write_text(
        "lines:\n  - {at: +2m, by: ann, keys: A, size: 160x50}\n"
        "  - {at: +1m, by: ann, keys: A}\n  - {at: +3m, by: bob, keys: A, size: 100x30}\n"
    )
    with pytest.raises(ConfigError) as caught:
        read_script(path)
    assert caught.value.message == f"{path}:2: lines[0].size: comes when the console of ann is open"
    assert "lines[1]" in caught.value.remedy


def test_key_that_is_none_is_named_with_the_nearest(tmp_path: Path) -> None:
    path = tmp_path / "script.yaml"
    path.write_text("lines: [{at: +2m, by: ann, keys: pgdown}]\n")
    with pytest.raises(ConfigError) as caught:
        read_script(path)
    assert caught.value.remedy == 'Did you mean `pagedown`? Text goes in quotes: "pgdown".'


def test_line_after_the_end_is_told_and_a_line_cannot_leave_the_drills_home(room: Path) -> None:
    text = SMALL.replace("length: 4m", "length: 1m")
    asking = Line(at="+10s", by="ann", run="query --json -- 'SELECT count(*) AS n FROM requests'")
    run = Archive(room / "unsaid").new("small")
    done = play(small(text), run, (asking, Line(at="+2m", by="ann", run="status")), 42)
    assert [(each["run"], each["exit_code"]) for each in done.spoken] == [("status", 2)]
    assert str(done.spoken[0]["told"]).startswith("the drill was over before")


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (("--speed", "max"), "--speed max means nothing where people attend"),
        (("--json",), "--json means nothing where people attend"),
        (("--tell",), "--tell means nothing where people attend"),
        (("--keys", "script.yaml", "--facilitator", "eve"), "--facilitator means nothing where a script plays"),
        (("--keys", "script.yaml", "--group", "ops"), "--group means nothing where a script plays"),
        (("--keys", "script.yaml", "--no-console"), "--no-console means nothing where a script plays"),
        (("--any",), "one drill is named, and any is asked for"),
        (("--difficulty", "3"), "--difficulty means nothing where a drill is named"),
        (("--seed", "x"), "'x' is no seed\nA whole number, 0 or more."),
        (("--seed", "-1"), "'-1' is no seed"),
    ],
)
def test_words_that_mean_nothing_together_are_refused(
    words: tuple[str, ...], says: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert cli.main(["--home", str(tmp_path), "drill", "run", "first-shift", *words]) == 2
    assert says in capsys.readouterr().err


@pytest.mark.parametrize(
    ("words", "says"),
    [
        ((), "which drill?\nName one (opsconsole drill list), or --any"),
        (("--any", "--difficulty", "hard"), "'hard' is no difficulty"),
        (("--any", "--keys", "script.yaml"), "--any means nothing where a script plays"),
    ],
)
def test_any_drill_is_asked_for_in_words_that_mean_something(
    words: tuple[str, ...], says: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert cli.main(["--home", str(tmp_path), "drill", "run", *words]) == 2
    assert says in capsys.readouterr().err


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (("speed", "drill-1", "fast"), "'fast' is no number\nX: seconds of it in one."),
        (("judge", "drill-1", "can", "well"), "'well' is no number\nHOW: 0 to 1."),
    ],
)
def test_what_is_no_number_is_refused_with_what_is_meant(
    words: tuple[str, ...], says: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert cli.main(["--home", str(tmp_path), "drill", *words]) == 2
    assert says in capsys.readouterr().err


def test_report_into_a_plain_file_is_refused(worked: Run, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    plain = tmp_path / "plain"
    plain.write_text("mine")
    words = ["drill", "report", str(worked.directory), "--out", str(plain)]
    assert cli.main(["--home", str(tmp_path), *words]) == 2
    assert f"{plain}: File exists" in capsys.readouterr().err
    assert plain.read_text() == "mine"
