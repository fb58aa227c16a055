"""Routing files on a real file system: replaced in one step, for one service, and nothing else in them."""

from __future__ import annotations

import fcntl
import json
import os
import signal
import stat
import subprocess
import sys
import textwrap
import threading
from pathlib import Path

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st
from subjects import ROLLED_BACK, FileSubject, built, demo_text, loaded

from opsconsole.demo.routing import RoutingFile
from opsconsole.errors import ConfigError
from opsconsole.releases.targets.base import (
    Busy,
    Conflict,
    Indeterminate,
    Rejected,
    TargetError,
    Unreachable,
    Unsupported,
)
from opsconsole.releases.targets.shares import same_routing
from opsconsole.wire import Routing


def demo(directory: Path, **options: object) -> FileSubject:
    return FileSubject(directory, "routing.yaml", demo_text(), **({"unit": "relative"} | options))


def test_the_demos_fleet_obeys_what_is_written(tmp_path: Path) -> None:
    subject = demo(tmp_path)
    fleet = RoutingFile(subject.path)
    subject.target.apply(subject.target.read(), ROLLED_BACK, "op-1")
    assert fleet.refresh()
    assert fleet.weights["chat-assist"] == {"v41": 100, "v42": 0}
    subject.target.apply(subject.target.read(), Routing(shares={"v41": 0.905, "v42": 0.095}), "op-2")
    assert fleet.refresh()
    assert fleet.weights["chat-assist"] == {"v41": 90.5, "v42": 9.5}
    assert fleet.weights["doc-search"] == {"v7": 60, "v8": 40}


def test_only_the_values_change(tmp_path: Path) -> None:
    subject = demo(tmp_path)
    subject.target.apply(subject.target.read(), ROLLED_BACK, "op-1")
    assert subject.path.read_text() == demo_text().replace("{v41: 90, v42: 10}", "{v41: 100, v42: 0}")


ODD_YAML = """\
%YAML 1.1
---
# ünïcode, and a comment with {braces: 1}
services:
    - not ours
chat-assist:   # ours

    v41:  90.0    # stable
    # between
    'v42':   1.0e+1
    "1.10": 0
doc-search: &shared {v7: 10, v8: 90}
mirror: *shared
note: >
    chat-assist: {v41: 1}
"""


@pytest.mark.parametrize("line_end", ["\n", "\r\n"])
def test_comments_blanks_quotes_and_line_ends_stay(line_end: str, tmp_path: Path) -> None:
    text = ODD_YAML.replace("\n", line_end)
    path = tmp_path / "routing.yaml"
    path.write_bytes(text.encode())
    target = built("file", tmp_path, path="routing.yaml")
    after = Routing(shares={"v41": 0.5, "1.10": 0.25, "v43": 0.125, "2.10": 0.125})
    target.apply(target.read(), after, "op-1")
    wanted = text.replace("90.0", "50").replace("1.0e+1", "0").replace('"1.10": 0', '"1.10": 25')
    wanted = wanted.replace('"1.10": 25', f'"1.10": 25{line_end}    v43: 12.5{line_end}    "2.10": 12.5')
    assert path.read_bytes().decode() == wanted
    assert same_routing(target.read().routing, after)


def test_a_last_line_without_an_end_is_written_on(tmp_path: Path) -> None:
    path = tmp_path / "routing.yaml"
    path.write_text("chat-assist:\n  v41: 100")
    target = built("file", tmp_path, path="routing.yaml")
    target.apply(target.read(), Routing(shares={"v41": 0.9, "v42": 0.1}), "op-1")
    assert path.read_text() == "chat-assist:\n  v41: 90\n  v42: 10"


def test_json_keeps_its_shape(tmp_path: Path) -> None:
    path = tmp_path / "routing.json"
    text = '{\n\t"other" : [1, {"chat-assist": {}}],\n\t"a": {"chat-assist": { "v41":90.0 , "v4\\u0032": 10 } }\n}'
    path.write_text(text)
    target = built("file", tmp_path, path="routing.json", at=["a", "chat-assist"])
    target.apply(target.read(), Routing(shares={"v42": 0.2, "v43": 0.8}), "op-1")
    assert path.read_text() == text.replace("90.0", "0").replace("10 }", '20, "v43": 80 }')


def test_headers_and_copies_have_tables_of_their_own(tmp_path: Path) -> None:
    path = tmp_path / "routing.yaml"
    path.write_text("chat-assist: {v41: 1}\nheaders:\n  chat-assist: {'X-Team: labs': v42}\ncopies: {}\n")
    target = built(
        "file", tmp_path, path="routing.yaml", unit="share", headers_at=["headers", "chat-assist"], shadow_at=["copies"]
    )
    before = target.read()
    assert before.routing.headers == {"X-Team: labs": "v42"}
    after = Routing(shares={"v41": 1.0}, headers={"X-Team: beta": "v43"}, shadow={"v44": 0.25})
    target.apply(before, after, "op-1")
    assert loaded(path) == {
        "chat-assist": {"v41": 1},
        "headers": {"chat-assist": {"X-Team: labs": None, "X-Team: beta": "v43"}},
        "copies": {"v44": 0.25},
    }
    assert same_routing(target.read().routing, after)


def test_versions_may_be_called_something_else_in_the_file(tmp_path: Path) -> None:
    path = tmp_path / "routing.yaml"
    path.write_text("chat-assist: {pool-a: 90, pool-b: 10, pool-c: 0}\n")
    target = built("file", tmp_path, path="routing.yaml", names={"v41": "pool-a", "v42": "pool-b"})
    before = target.read()
    assert before.routing.shares == {"v41": 0.9, "v42": 0.1, "pool-c": 0}
    target.apply(before, Routing(shares={"v42": 1.0}), "op-1")
    assert loaded(path) == {"chat-assist": {"pool-a": 0, "pool-b": 100, "pool-c": 0}}


VERSIONS = st.text(st.characters(codec="utf-8", exclude_categories=["Cc", "Cs"]), min_size=1, max_size=6)
WEIGHTS = st.dictionaries(VERSIONS, st.integers(0, 1000), min_size=1, max_size=5).filter(
    lambda found: any(found.values())
)


@settings(max_examples=60)
@given(weights=WEIGHTS, wanted=WEIGHTS, suffix=st.sampled_from(["yaml", "json"]), is_flow=st.booleans())
def test_any_versions_can_be_read_written_and_restored(
    weights: dict[str, int],
    wanted: dict[str, int],
    suffix: str,
    is_flow: bool,
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    path = tmp_path_factory.mktemp("any") / f"routing.{suffix}"
    document = {"before": {"v1": 1}, "chat-assist": weights, "end": [1, 2]}
    path.write_text(yaml.safe_dump(document, default_flow_style=is_flow, allow_unicode=True))
    if suffix == "json":
        path.write_text(json.dumps(document, ensure_ascii=not is_flow))
    target = built("file", path.parent, path=path.name, unit="relative")
    before = target.read()
    after = Routing(shares={version: weight / sum(wanted.values()) for version, weight in wanted.items()})
    target.apply(before, after, "op-1")
    assert same_routing(target.read().routing, after, tolerance=1e-5)
    target.apply(target.read(), before.routing, "op-2")
    assert same_routing(target.read().routing, before.routing, tolerance=1e-5)
    assert {key: value for key, value in loaded(path).items() if key != "chat-assist"} == {
        "before": {"v1": 1},
        "end": [1, 2],
    }


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("", "no table `chat-assist`"),
        ("doc-search: {v7: 1}", "no table `chat-assist`"),
        ("chat-assist:", "no table `chat-assist`"),
        ("chat-assist: [v41]", "no table `chat-assist`"),
        ("chat-assist: {}", "no weight above 0"),
        ("chat-assist: {v41: [", "while parsing"),
        ("chat-assist: {v41: {a: 1}}", "line 1: not a word and its value"),
        ("chat-assist: {v41: yes}", "not a number from 0 up"),
        ("chat-assist: {v41: '90'}", "not a number from 0 up"),
        ("chat-assist: {v41: -10}", "not a number from 0 up"),
        ("chat-assist: {v41: .nan, v42: 50}", "not a number from 0 up"),
        ("chat-assist: {v41: 0}", "no weight above 0"),
        ("chat-assist: {v41: 0.9, v42: 0.1}", "these are no percents"),
        ("base: &b {v41: 90}\nchat-assist: {<<: *b, v42: 10}", "not a word and its value"),
        ("a: 1\n---\nchat-assist: {v41: 90}", "a single document"),
        ("chat-assist: {v41: 90}\n\x00", "special characters are not allowed"),
    ],
)
def test_a_file_that_is_not_understood_is_refused_with_what_is_wrong(text: str, complaint: str, tmp_path: Path) -> None:
    (tmp_path / "routing.yaml").write_text(text)
    with pytest.raises(Rejected, match=complaint) as caught:
        built("file", tmp_path, path="routing.yaml").read()
    assert "routing.yaml" in caught.value.message
    assert caught.value.remedy


def test_a_file_that_is_no_text_is_refused(tmp_path: Path) -> None:
    (tmp_path / "routing.yaml").write_bytes(b"chat-assist: {v41: \xff}")
    with pytest.raises(Rejected, match="byte 19 is no UTF-8"):
        built("file", tmp_path, path="routing.yaml").read()


def test_weights_that_an_anchor_shares_with_another_service_are_not_changed(tmp_path: Path) -> None:
    text = "doc-search: &w {v41: 90, v42: 10}\nchat-assist: *w\n"
    (tmp_path / "routing.yaml").write_text(text)
    target = built("file", tmp_path, path="routing.yaml")
    with pytest.raises(Rejected, match="is shared with other parts"):
        target.apply(target.read(), ROLLED_BACK, "op-1")
    assert (tmp_path / "routing.yaml").read_text() == text


def test_another_services_change_is_no_conflict_and_is_kept(tmp_path: Path) -> None:
    subject = demo(tmp_path)
    before = subject.target.read()
    subject.path.write_text(demo_text().replace("{v7: 60, v8: 40}", "{v7: 0, v8: 100}  # by hand"))
    subject.target.apply(before, ROLLED_BACK, "op-1")
    assert loaded(subject.path)["doc-search"] == {"v7": 0, "v8": 100}
    assert "# by hand" in subject.path.read_text()
    assert loaded(subject.path)["chat-assist"] == {"v41": 100, "v42": 0}


def test_many_writers_of_one_file_lose_nothing(tmp_path: Path) -> None:
    path = tmp_path / "routing.yaml"
    path.write_text("".join(f"s{number}: {{a: 100}}\n" for number in range(8)))

    def count_down(number: int) -> None:
        target = built("file", tmp_path, path="routing.yaml", at=[f"s{number}"])
        for share in (0.75, 0.5, 0.25):
            target.apply(target.read(), Routing(shares={"a": share, "b": 1 - share}), "op")

    threads = [threading.Thread(target=count_down, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert loaded(path) == {f"s{number}": {"a": 25, "b": 75} for number in range(8)}


def test_owner_and_mode_stay_and_nothing_is_left_beside(tmp_path: Path) -> None:
    subject = demo(tmp_path)
    subject.path.chmod(0o640)
    before = subject.path.stat()
    subject.target.apply(subject.target.read(), ROLLED_BACK, "op-1")
    after = subject.path.stat()
    assert (after.st_mode, after.st_uid, after.st_gid) == (before.st_mode, before.st_uid, before.st_gid)
    assert after.st_ino != before.st_ino
    assert {entry.name for entry in tmp_path.iterdir()} == {"routing.yaml", ".routing.yaml.lock"}


def test_a_link_stays_a_link_and_what_it_names_is_changed(tmp_path: Path) -> None:
    (tmp_path / "shared").mkdir()
    subject = demo(tmp_path / "shared")
    (tmp_path / "link.yaml").symlink_to("shared/routing.yaml")
    target = built("file", tmp_path, path="link.yaml", unit="relative")
    target.apply(target.read(), ROLLED_BACK, "op-1")
    assert (tmp_path / "link.yaml").is_symlink()
    assert loaded(subject.path)["chat-assist"] == {"v41": 100, "v42": 0}


def test_a_second_hard_link_is_refused_as_it_would_keep_the_old_content(tmp_path: Path) -> None:
    subject = demo(tmp_path)
    os.link(subject.path, tmp_path / "other.yaml")
    with pytest.raises(Rejected, match="hard link"):
        subject.target.apply(subject.target.read(), ROLLED_BACK, "op-1")
    assert subject.path.read_text() == demo_text()


def test_a_missing_file_is_unreachable(tmp_path: Path) -> None:
    with pytest.raises(Unreachable, match="No such file"):
        built("file", tmp_path, path="routing.yaml").read()


def test_a_lock_that_somebody_holds_makes_it_busy(tmp_path: Path) -> None:
    subject = demo(tmp_path, timeout_s=0.05)
    before = subject.target.read()
    with (tmp_path / ".routing.yaml.lock").open("w") as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        with pytest.raises(Busy, match="another change is being written"):
            subject.target.apply(before, ROLLED_BACK, "op-1")
    assert subject.path.read_text() == demo_text()


def test_a_check_that_fails_puts_the_file_back(tmp_path: Path) -> None:
    subject = demo(tmp_path, check=["grep", "-q", "chat-assist: {v41: 90", "routing.yaml"], reload=["touch", "loaded"])
    with pytest.raises(Rejected, match="exit 1; the file is as it was"):
        subject.target.apply(subject.target.read(), ROLLED_BACK, "op-1")
    assert subject.path.read_text() == demo_text()
    assert not (tmp_path / "loaded").exists()


@pytest.mark.parametrize("reload", [["sh", "-c", "echo half done >&2; exit 1"], ["sleep", "60"], ["no-such-program"]])
def test_a_reload_that_fails_puts_the_file_back_and_does_not_claim_to_know(reload: list[str], tmp_path: Path) -> None:
    subject = demo(tmp_path, reload=reload, timeout_s=0.3)
    with pytest.raises(Indeterminate, match="what the router obeys is not known"):
        subject.target.apply(subject.target.read(), ROLLED_BACK, "op-1")
    assert subject.path.read_text() == demo_text()


def test_a_file_that_somebody_changed_during_the_reload_is_left_to_them(tmp_path: Path) -> None:
    subject = demo(tmp_path, reload=["sh", "-c", "echo '# mine' >> routing.yaml; exit 1"])
    with pytest.raises(Indeterminate, match="changed by somebody else"):
        subject.target.apply(subject.target.read(), ROLLED_BACK, "op-1")
    assert subject.path.read_text().endswith("# mine\n")


def in_another_process(directory: Path, prelude: str, **options: object) -> subprocess.CompletedProcess[str]:
    """Apply the roll-back in a process of its own, that may die of it."""
    program = f"""
        import sys
        from pathlib import Path
        sys.path[:0] = {[str(Path(__file__).parent), str(Path(__file__).parents[2])]!r}
        from subjects import ROLLED_BACK, built
        target = built("file", Path({str(directory)!r}), **{options!r})
        before = target.read()
        {prelude}
        target.apply(before, ROLLED_BACK, "op-1")
    """
    return subprocess.run(
        [sys.executable, "-c", textwrap.dedent(program)], check=False, capture_output=True, text=True, timeout=60
    )


def test_a_disk_that_takes_only_half_leaves_the_file_as_it_was(tmp_path: Path) -> None:
    subject = demo(tmp_path)
    limit = "import resource; resource.setrlimit(resource.RLIMIT_FSIZE, (64, 64))"
    done = in_another_process(tmp_path, limit, path="routing.yaml", unit="relative")
    assert "Rejected" in done.stderr
    assert "nothing was written" in done.stderr
    assert subject.path.read_text() == demo_text()
    assert {entry.name for entry in tmp_path.iterdir()} == {"routing.yaml", ".routing.yaml.lock"}


def test_who_is_killed_in_the_middle_leaves_a_whole_file_and_no_lock(tmp_path: Path) -> None:
    subject = demo(tmp_path)
    done = in_another_process(
        tmp_path, "", path="routing.yaml", unit="relative", reload=["sh", "-c", "kill -KILL $PPID"]
    )
    assert done.returncode == -signal.SIGKILL
    assert loaded(subject.path)["chat-assist"] == {"v41": 100, "v42": 0}
    subject.target.apply(subject.target.read(), Routing(shares={"v41": 0.9, "v42": 0.1}), "op-2")
    assert subject.path.read_text() == demo_text()


def test_what_a_dead_writer_left_beside_is_no_obstacle(tmp_path: Path) -> None:
    subject = demo(tmp_path)
    (tmp_path / ".routing.yaml.new").write_text("half a f")
    subject.target.apply(subject.target.read(), ROLLED_BACK, "op-1")
    assert loaded(subject.path)["chat-assist"] == {"v41": 100, "v42": 0}


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_a_directory_that_may_not_be_written_says_whom_to_let(tmp_path: Path) -> None:
    subject = demo(tmp_path)
    tmp_path.chmod(stat.S_IRUSR | stat.S_IXUSR)
    try:
        with pytest.raises(TargetError, match="nothing was written"):
            subject.target.apply(subject.target.read(), ROLLED_BACK, "op-1")
    finally:
        tmp_path.chmod(0o700)


def test_a_change_that_reorders_nothing_but_blanks_is_no_conflict(tmp_path: Path) -> None:
    subject = demo(tmp_path)
    before = subject.target.read()
    subject.path.write_text(demo_text().replace("{v41: 90, v42: 10}", "{ v41: 90.0,  v42: 10 }"))
    subject.target.apply(before, ROLLED_BACK, "op-1")
    with pytest.raises(Conflict, match=r"v41 90 %, v42 10 % when the plan was made, and is v41 100 %"):
        subject.target.apply(before, ROLLED_BACK, "op-2")


def test_a_rehearsal_shows_the_lines_that_would_change(tmp_path: Path) -> None:
    subject = demo(tmp_path)
    lines = subject.target.rehearse(subject.target.read(), ROLLED_BACK).splitlines()
    assert "-chat-assist: {v41: 90, v42: 10}" in lines
    assert "+chat-assist: {v41: 100, v42: 0}" in lines


def test_a_share_below_what_is_written_is_refused(tmp_path: Path) -> None:
    subject = demo(tmp_path)
    with pytest.raises(Unsupported, match="less than this target can count"):
        subject.target.requests(subject.target.read(), Routing(shares={"v41": 1 - 1e-7, "v42": 1e-7}))


@pytest.mark.parametrize(
    ("options", "complaint", "remedy"),
    [
        ({}, "missing required field `path`", "Add `path"),
        ({"path": ""}, "Expected a path", "docs/targets.md"),
        ({"path": "routing.txt"}, "does not say what it is", "format: yaml"),
        ({"path": "a.conf"}, "an nginx file needs one", "$chat_version"),
        ({"path": "a.yaml", "variable": "$v"}, "only an nginx file", "format: nginx"),
        ({"path": "a.yaml", "names": {"v1": "a", "v2": "a"}}, "two versions have one name", "its own"),
        ({"path": "a.yaml", "unt": "share"}, "options.unt", "`unit`"),
        ({"path": "a.yaml", "unit": "per cent"}, "Invalid enum value", "docs/targets.md"),
    ],
)
def test_options_that_cannot_be_right_are_refused_when_they_are_read(
    options: dict[str, object], complaint: str, remedy: str, tmp_path: Path
) -> None:
    with pytest.raises(ConfigError) as caught:
        built("file", tmp_path, **options)
    assert complaint in caught.value.message
    assert remedy in caught.value.remedy
