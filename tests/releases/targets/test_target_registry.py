"""A kind of target is found by its name; what is misspelt is refused with its place and the nearest name."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from subjects import WHERE, site

from opsconsole.errors import ConfigError
from opsconsole.releases.targets import registry
from opsconsole.releases.targets.base import Kind

PLUG_INS = {
    "acme": ("acme_good:KIND", "from opsconsole.releases.targets.file import KIND\n"),
    "broken": ("acme_broken:KIND", "raise RuntimeError('no licence')\n"),
    "unfinished": ("acme_unfinished:kind", "def kind(): ...\n"),
}


@pytest.fixture
def plug_ins(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """An installed distribution with three plug-ins, two of which do not work."""
    metadata = tmp_path / "acme_ops-1.2.dist-info"
    metadata.mkdir()
    (metadata / "METADATA").write_text("Metadata-Version: 2.1\nName: acme-ops\nVersion: 1.2\n")
    lines = [f"{name} = {value}" for name, (value, _) in PLUG_INS.items()]
    (metadata / "entry_points.txt").write_text("\n".join([f"[{registry.GROUP}]", *lines]))
    for value, source in PLUG_INS.values():
        (tmp_path / f"{value.partition(':')[0]}.py").write_text(source)
    monkeypatch.syspath_prepend(tmp_path)
    yield
    for value, _ in PLUG_INS.values():
        sys.modules.pop(value.partition(":")[0], None)


def test_every_built_in_kind_is_found_under_its_own_name() -> None:
    kinds = registry.built_in()
    assert {"file", "command", "http"} <= kinds.keys()
    assert all(registry.find(name, WHERE) is kind and kind.name == name for name, kind in kinds.items())


def test_an_unknown_kind_is_refused_with_the_nearest() -> None:
    with pytest.raises(ConfigError) as caught:
        registry.find("comand", WHERE)
    assert caught.value.message == f"{WHERE}.target: no kind of target `comand`"
    assert caught.value.remedy == "Did you mean `command`?"


def test_a_kind_that_resembles_none_is_refused_with_all_of_them() -> None:
    with pytest.raises(ConfigError) as caught:
        registry.find("quux", WHERE)
    assert "command" in caught.value.remedy
    assert "file" in caught.value.remedy


@pytest.mark.usefixtures("plug_ins")
def test_a_plug_in_brings_a_kind() -> None:
    assert isinstance(registry.find("acme", WHERE), Kind)


@pytest.mark.usefixtures("plug_ins")
def test_a_broken_plug_in_is_named_where_it_is_asked_for_and_harms_nobody_else() -> None:
    with pytest.raises(ConfigError, match=r"acme-ops 1\.2 that brings `broken`.* RuntimeError: no licence"):
        registry.find("broken", WHERE)
    with pytest.raises(ConfigError, match="is no Kind"):
        registry.find("unfinished", WHERE)
    assert registry.find("file", WHERE)
    assert registry.find("acme", WHERE)


@pytest.mark.usefixtures("plug_ins")
def test_a_plug_ins_name_is_among_the_nearest() -> None:
    with pytest.raises(ConfigError, match="no kind of target") as caught:
        registry.find("acne", WHERE)
    assert "`acme`" in caught.value.remedy


def test_paths_are_relative_to_the_home(tmp_path: Path) -> None:
    (tmp_path / "routing.yaml").write_text("chat-assist: {v41: 100}")
    assert registry.make("file", {"path": "routing.yaml"}, site(tmp_path), WHERE).read().routing.shares == {"v41": 1}


def test_what_is_refused_names_its_place_and_not_what_stood_there(tmp_path: Path) -> None:
    options = {"url": "https://a", "read": {"path": "/"}, "apply": {"path": "/"}, "headers": {"X": 5}}
    with pytest.raises(ConfigError) as caught:
        registry.make("http", options, site(tmp_path), WHERE)
    assert caught.value.message.startswith(f"{WHERE}.options.headers[...]: Expected")


@pytest.mark.parametrize("name", registry.built_in())
def test_every_kind_says_what_it_is_and_what_it_was_tested_against(name: str) -> None:
    kind = registry.built_in()[name]
    assert kind.about.endswith(".")
    assert all(hazard.endswith(".") for hazard in kind.hazards)
    assert any(proof in kind.caps.tested_against for proof in ("the real thing: ", "vendor schema: "))
