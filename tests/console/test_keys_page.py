"""``docs/keys.md`` says what the tables say, and all of it."""

from __future__ import annotations

from pathlib import Path

from opsconsole.console.grammar.actions import ACTIONS
from opsconsole.console.grammar.reference import keys_page


def test_the_page_of_keys_says_what_the_tables_say() -> None:
    page = Path(__file__).resolve().parents[2] / "docs" / "keys.md"
    assert page.read_text(encoding="utf-8") == keys_page(), "`make docs` writes it anew"


def test_every_action_is_on_the_page_of_keys() -> None:
    page = keys_page()
    assert [action.id for action in ACTIONS if f"`{action.id}`" not in page] == []
