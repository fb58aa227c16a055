"""The routing file decides; a bad one changes nothing."""

from __future__ import annotations

from pathlib import Path

import pytest

from opsconsole.demo.fleet import ROUTING
from opsconsole.demo.routing import RoutingFile, parse
from opsconsole.demo.stage import routing_text
from opsconsole.errors import ConfigError

ROLLED_BACK = routing_text({**ROUTING, "chat-assist": {"v41": 100, "v42": 0}})


def replace(path: Path, text: str) -> None:
    beside = path.with_suffix(".new")
    beside.write_text(text, encoding="utf-8")
    beside.replace(path)


def test_what_is_staged_is_what_is_read() -> None:
    assert parse(routing_text(ROUTING)) == ROUTING


def test_version_that_is_left_out_gets_nothing() -> None:
    assert parse(ROLLED_BACK.replace(", v42: 0", ""))["chat-assist"] == {"v41": 100, "v42": 0}


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("", "no services"),
        ("chat-assist: [", "while parsing"),
        (ROLLED_BACK.replace("chat-assist", "chat-asist"), "no service 'chat-asist'"),
        (ROLLED_BACK.replace("v41: 100", "v40: 100"), "no version 'v40'"),
        (ROLLED_BACK.replace("100", "-1"), "not a number from 0 up"),
        (ROLLED_BACK.replace("100", "yes"), "not a number from 0 up"),
        (ROLLED_BACK.replace("100", ".nan"), "not a number from 0 up"),
        (ROLLED_BACK.replace("100", "0"), "every weight is 0"),
        ("doc-search: {v7: 1}", "chat-assist: no weights"),
    ],
)
def test_bad_routing_says_what_is_wrong_and_what_to_write(text: str, complaint: str) -> None:
    with pytest.raises(ConfigError, match=complaint) as caught:
        parse(text)
    assert caught.value.remedy


def test_replaced_file_is_obeyed(tmp_path: Path) -> None:
    path = tmp_path / "routing.yaml"
    path.write_text(routing_text(ROUTING))
    routing = RoutingFile(path)
    assert not routing.refresh()
    replace(path, ROLLED_BACK)
    assert routing.refresh()
    assert routing.weights["chat-assist"] == {"v41": 100, "v42": 0}


@pytest.mark.parametrize("damage", ["chat-assist: {v41", "", "\x00"])
def test_damaged_file_leaves_the_weights_in_force(tmp_path: Path, damage: str) -> None:
    path = tmp_path / "routing.yaml"
    path.write_text(ROLLED_BACK)
    routing = RoutingFile(path)
    replace(path, damage)
    assert not routing.refresh()
    assert routing.weights["chat-assist"]["v41"] == 100
    replace(path, routing_text(ROUTING))
    assert routing.refresh()


def test_removed_file_leaves_the_weights_in_force(tmp_path: Path) -> None:
    path = tmp_path / "routing.yaml"
    path.write_text(ROLLED_BACK)
    routing = RoutingFile(path)
    path.unlink()
    assert not routing.refresh()
    assert routing.weights["chat-assist"]["v42"] == 0


def test_missing_file_names_itself(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"routing\.yaml"):
        RoutingFile(tmp_path / "routing.yaml")
