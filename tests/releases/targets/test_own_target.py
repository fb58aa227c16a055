"""The target that the documentation shows in full keeps the promises that every target makes."""

from __future__ import annotations

import importlib.util
import inspect
import sqlite3
import sys
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from types import ModuleType
from typing import Any

import contract
import pytest
from subjects import ROLLED_BACK, SERVICE, site

from opsconsole.releases.targets.base import Rejected, Unreachable
from opsconsole.releases.targets.reference import OWN_TARGET
from opsconsole.wire import TargetRequest


@pytest.fixture(scope="module")
def own() -> Iterator[ModuleType]:
    specification = importlib.util.spec_from_file_location("own_target", OWN_TARGET)
    assert specification is not None
    assert specification.loader is not None
    module = importlib.util.module_from_spec(specification)
    sys.modules["own_target"] = module
    specification.loader.exec_module(module)
    yield module
    del sys.modules["own_target"]


class TableSubject:
    secret = ""
    after = ROLLED_BACK

    def __init__(self, directory: Path, own: ModuleType) -> None:
        self.path = directory / "gateway.db"
        self.run("CREATE TABLE weights (service TEXT, version TEXT, weight REAL)")
        self.run("INSERT INTO weights VALUES ('chat-assist', 'v41', 90), ('chat-assist', 'v42', 10)")
        self.run("INSERT INTO weights VALUES ('doc-search', 'v7', 1)")
        self.target = own.KIND.make(own.KIND.options(database=self.path), site(directory))
        self._known = self.content()

    def run(self, statement: str) -> list[Any]:
        with closing(sqlite3.connect(self.path)) as rows, rows:
            return rows.execute(statement).fetchall()

    def content(self) -> list[Any]:
        return self.run("SELECT * FROM weights")

    def received(self) -> list[TargetRequest]:
        if self.content() == self._known:
            return []
        rows = [(version, share) for service, version, share in self.content() if service == SERVICE]
        body = ", ".join(f"{version} {share:g}" for version, share in rows)
        return [TargetRequest(method="replace", where=f"{self.path}: weights", body=body)]

    def meddle(self) -> None:
        self.run("UPDATE weights SET weight = 40 WHERE version = 'v42'")
        self._known = self.content()


@pytest.mark.parametrize("claim", contract.CLAIMS, ids=contract.name)
def test_the_example_keeps_its_promises(claim: contract.Claim, own: ModuleType, tmp_path: Path) -> None:
    claim(TableSubject(tmp_path, own))


def test_the_example_fails_in_words(own: ModuleType, tmp_path: Path) -> None:
    subject = TableSubject(tmp_path, own)
    before = subject.target.read()
    subject.run("DELETE FROM weights")
    with pytest.raises(Rejected, match="no weight above 0"):
        subject.target.read()
    subject.path.unlink()
    with pytest.raises(Unreachable, match="nothing was changed"):
        subject.target.apply(before, ROLLED_BACK, "op-1")


def test_the_example_is_as_short_as_the_page_says(own: ModuleType) -> None:
    lines = [line for line in inspect.getsource(own.TableTarget).splitlines() if line.strip()]
    assert len(lines) <= 40
