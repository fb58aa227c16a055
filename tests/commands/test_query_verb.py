"""``query`` asks the store, changes nothing, hides nothing, and prints nothing that a terminal or a sheet obeys."""

from __future__ import annotations

import csv
import io
from pathlib import Path

import pytest
from commandline import opsconsole

from opsconsole import wire

BY_VERSION = "SELECT version, count(*) AS n FROM requests GROUP BY version ORDER BY version"


def test_answer_is_a_table_json_or_csv(full_home: Path) -> None:
    assert opsconsole("query", BY_VERSION, "--home", full_home).cells == [
        ["version", "n"],
        ["v1", "400"],
        ["v2", "200"],
    ]
    reply = opsconsole("query", BY_VERSION, "--json", "--home", full_home).decoded(wire.QueryReply)
    assert (reply.columns, reply.rows, reply.truncated) == (("version", "n"), [["v1", 400], ["v2", 200]], False)
    sheet = opsconsole("query", BY_VERSION, "--csv", "--home", full_home).out
    assert list(csv.reader(io.StringIO(sheet))) == [["version", "n"], ["v1", "400"], ["v2", "200"]]


@pytest.mark.parametrize(
    "sql",
    [
        "DELETE FROM requests",
        "SELECT 1; DROP TABLE requests",
        "CREATE TABLE mine AS SELECT 1",
        "COPY requests TO '/tmp/stolen.csv'",
        "SELECT * FROM read_csv('/etc/passwd')",
        "ATTACH '/tmp/other.duckdb'",
        "SET memory_limit = '1GB'",
        "SELEC 1",
    ],
)
def test_whatever_is_no_reading_of_the_store_is_refused(sql: str, full_home: Path) -> None:
    outcome = opsconsole("query", sql, "--home", full_home)
    assert (outcome.code, outcome.out) == (7, "")
    assert outcome.err.startswith("opsconsole: ")
    assert opsconsole("query", "SELECT count(*) FROM requests", "--home", full_home).cells[1] == ["600"]


def test_cut_answer_says_so_on_stderr(full_home: Path) -> None:
    outcome = opsconsole("query", "SELECT * FROM range(100)", "--limit", "3", "--csv", "--home", full_home)
    assert outcome.out.splitlines() == ["range", "0", "1", "2"]
    assert outcome.err == "only the first 3 rows: raise --limit for more\n"
    whole = opsconsole("query", "SELECT * FROM range(3)", "--limit", "3", "--home", full_home)
    assert whole.err == ""


@pytest.mark.parametrize("limit", ["0", "-1", "many"])
def test_limit_that_is_no_number_of_rows_is_a_usage_error(limit: str, full_home: Path) -> None:
    assert opsconsole("query", "SELECT 1", "--limit", limit, "--home", full_home).code == 2


def test_csv_holds_no_formula_for_a_spreadsheet(full_home: Path) -> None:
    sql = """SELECT '=cmd|x' AS "=a", '+1' AS b, '-1' AS c, '@x' AS d, chr(9) || '=1' AS e, -5 AS n, 'a=b' AS f"""
    outcome = opsconsole("query", sql, "--csv", "--home", full_home)
    header, row = csv.reader(io.StringIO(outcome.out))
    assert header == ["'=a", "b", "c", "d", "e", "n", "f"]
    assert row == ["'=cmd|x", "'+1", "'-1", "'@x", "'␉=1", "-5", "a=b"]


@pytest.mark.parametrize("form", [[], ["--csv"], ["--json"]])
def test_neither_cells_nor_headings_are_obeyed_by_a_terminal(form: list[str], full_home: Path) -> None:
    sql = "SELECT chr(27) || ']0;pwn' || chr(7) AS a, chr(155) || '2J' AS \"b\x1b[31m\", chr(8238) AS c"
    outcome = opsconsole("query", sql, *form, "--home", full_home)
    assert outcome.code == 0
    assert all(character.isprintable() or character == "\n" for character in outcome.out)
    if form == ["--json"]:
        assert outcome.decoded(wire.QueryReply).rows == [["\x1b]0;pwn\x07", "\x9b2J", "\u202e"]]


def test_columns_line_up_under_wide_characters(full_home: Path) -> None:
    outcome = opsconsole("query", "SELECT '日本' AS name, 1 AS n UNION ALL SELECT 'four', 2", "--home", full_home)
    assert outcome.out == "name  n\n日本  1\nfour  2\n"


def test_missing_value_is_a_dash_and_null_not_zero(full_home: Path) -> None:
    assert opsconsole("query", "SELECT NULL AS x", "--home", full_home).out == "x\n–\n"
    reply = opsconsole("query", "SELECT NULL AS x", "--json", "--home", full_home).decoded(wire.QueryReply)
    assert reply.rows == [[None]]
