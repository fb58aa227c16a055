"""nginx configurations: written as nginx reads them, and obeyed by a real one where there is one."""

from __future__ import annotations

import contextlib
import os
import shutil
import subprocess
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st
from subjects import ROLLED_BACK, built

from faulty_server import closed_port
from opsconsole.releases.targets.base import Rejected, Target, Unsupported
from opsconsole.releases.targets.nginx import NginxText
from opsconsole.releases.targets.shares import same_routing
from opsconsole.wire import Routing

SPLIT = """\
# Which version answers; see "the runbook" {section 3}
upstream v41 { server 10.0.0.1; }
split_clients "${remote_addr}$request_id" $chat_version {
    10%  v42;  # canary
    *    v41;
}
split_clients $request_id $search_version { 40% v8; * v7; }
map $http_x_model_version $chat_route {
    default  $chat_version;
    beta     v43;
}
log_format plain '$remote_addr "$request" # no comment';
"""
TEXT = NginxText("$chat_version", "$chat_route")


def written(shares: dict[str, float], headers: dict[str, str] | None = None, text: str = SPLIT) -> str:
    return TEXT.replaced(text, Routing(shares=shares, headers=headers or {}))


def test_what_stands_in_the_blocks_is_read() -> None:
    found = TEXT.parse(SPLIT)
    assert found.shares == {"v42": 0.1, "v41": 0.9}
    assert found.headers == {"X-Model-Version: beta": "v43"}


def test_only_the_insides_of_the_two_blocks_change() -> None:
    text = written({"v41": 0.75, "v42": 0.25}, {"X-Model-Version: v42": "v42"})
    wanted = SPLIT.replace("    10%  v42;  # canary\n    *    v41;", "    25%  v42;\n    *  v41;")
    wanted = wanted.replace(
        "    default  $chat_version;\n    beta     v43;", "    default  $chat_version;\n    v42  v42;"
    )
    assert text == wanted


def test_a_version_without_traffic_is_left_out_as_nginx_refuses_zero() -> None:
    assert "{\n    *  v41;\n}" in written({"v41": 1.0, "v42": 0.0})


def test_a_canary_that_grows_keeps_the_users_that_it_had() -> None:
    text = SPLIT
    for share in (0.2, 0.5, 0.9):
        text = written({"v41": 1 - share, "v42": share}, text=text)
        assert f"{{\n    {100 * share:g}%  v42;\n    *  v41;\n}}" in text
    assert "{\n    *  v42;\n}" in written({"v42": 1.0}, text=text)


def test_thirds_add_up() -> None:
    text = written({"a": 1 / 3, "b": 1 / 3, "c": 1 / 3})
    assert sum(TEXT.parse(text).shares.values()) == pytest.approx(1)
    assert sorted(TEXT.parse(text).shares.values()) == [0.3333, 0.3333, 0.3334]


WORDS = st.text(st.characters(codec="utf-8", exclude_categories=["C", "Z"], exclude_characters="$"), min_size=1)


@given(
    weights=st.dictionaries(WORDS, st.integers(1, 99), min_size=1, max_size=4),
    routes=st.dictionaries(WORDS, WORDS, max_size=3),
)
def test_any_names_are_read_as_they_were_written(weights: dict[str, int], routes: dict[str, str]) -> None:
    shares = {version: weight / sum(weights.values()) for version, weight in weights.items()}
    after = Routing(shares=shares, headers={f"X-Model-Version: {value}": to for value, to in routes.items()})
    assert same_routing(TEXT.parse(TEXT.replaced(SPLIT, after)), after)


@pytest.mark.parametrize(
    ("old", "new", "complaint"),
    [
        ("$chat_version {", "$other {", "no block `split_clients"),
        ("$search_version {", "$chat_version {", "more than one block"),
        ("10%  v42;", "10%  v42; 95% v43;", "add up to 105"),
        ("*    v41;", "80% v41;", "add up to 90"),
        ("10%  v42;", "10.123%  v42;", "10.123% v42` is not understood"),
        ("10%  v42;", "10%  v41;", "is not understood"),
        ("10%  v42;", "include more.conf;", "is not understood"),
        ("10%  v42;", "10%  v42 v43;", "is not understood"),
        ("default  $chat_version;", "", "lacks `default"),
        ("beta     v43;", "~^beta v43;", "is not understood"),
        ("map $http_x_model_version", "map $cookie_v", "does not go by a header"),
        ("10%  v42;", "10% { v42; }", "is not understood"),
    ],
)
def test_what_is_not_understood_is_refused_and_never_written_over(old: str, new: str, complaint: str) -> None:
    text = SPLIT.replace(old, new)
    with pytest.raises(Rejected, match=complaint.replace("$", r"\$")):
        TEXT.parse(text)
    with pytest.raises(Rejected):
        TEXT.replaced(text, ROLLED_BACK)


def test_a_quote_that_is_never_closed_is_refused_with_its_line() -> None:
    with pytest.raises(Rejected, match="line 2 is not understood"):
        TEXT.parse('split_clients $request_id $chat_version {\n    * "v41;\n}\n')


@pytest.mark.parametrize(
    ("routing", "complaint"),
    [
        (Routing(shares={"$host": 1.0}), "cannot be written"),
        (Routing(shares={"a": 0.99999, "b": 0.00001}), "less than this target can count"),
        (Routing(shares={"a": 1.0}, headers={"X-Team: labs": "a"}), "goes by X-Model-Version, not by X-Team"),
    ],
)
def test_what_nginx_cannot_say_is_refused(routing: Routing, complaint: str) -> None:
    with pytest.raises(Unsupported, match=complaint):
        TEXT.replaced(SPLIT, routing)


MAIN = """\
pid {home}/nginx.pid;
error_log {home}/error.log;
events {{}}
http {{
    access_log off;
    client_body_temp_path {home}/tmp; proxy_temp_path {home}/tmp; fastcgi_temp_path {home}/tmp;
    uwsgi_temp_path {home}/tmp; scgi_temp_path {home}/tmp;
    include {home}/split.conf;
    server {{ listen 127.0.0.1:{port}; location / {{ return 200 $chat_route; }} }}
}}
"""


@pytest.fixture
def nginx(tmp_path: Path) -> Iterator[tuple[Target, str]]:
    program = shutil.which("nginx", path=f"{os.environ['PATH']}:/usr/sbin")
    if program is None:
        if os.environ.get("CI"):
            pytest.fail("nginx must be there in CI: apt-get install nginx-light")
        pytest.skip("needs nginx: apt-get install nginx-light")
    port = closed_port()
    (tmp_path / "nginx.conf").write_text(MAIN.format(home=tmp_path, port=port))
    (tmp_path / "split.conf").write_text(SPLIT)
    command = [program, "-e", str(tmp_path / "error.log"), "-p", str(tmp_path), "-c", str(tmp_path / "nginx.conf")]
    target = built(
        "file",
        tmp_path,
        path="split.conf",
        variable="$chat_version",
        header_variable="$chat_route",
        check=[*command, "-t"],
        reload=[*command, "-s", "reload"],
    )
    with subprocess.Popen([*command, "-g", "daemon off;"]) as server:
        try:
            url = f"http://127.0.0.1:{port}/"
            wait_for(lambda: answers(url, 1))
            yield target, url
        finally:
            server.terminate()


def answers(url: str, times: int, headers: dict[str, str] | None = None) -> Counter[str]:
    with contextlib.suppress(httpx.TransportError), httpx.Client() as client:
        return Counter(client.get(url, headers=headers).text for _ in range(times))
    return Counter()


def wait_for(question) -> None:
    for _ in range(500):
        if question():
            return
        time.sleep(0.01)
    pytest.fail("it did not happen")


def test_a_real_nginx_obeys(nginx: tuple[Target, str]) -> None:
    target, url = nginx
    target.apply(
        target.read(), Routing(shares={"v41": 0.5, "v42": 0.5}, headers={"X-Model-Version: v 44": "v44"}), "op-1"
    )
    wait_for(lambda: answers(url, 1, {"X-Model-Version": "v 44"}) == {"v44": 1})
    found = answers(url, 400)
    assert found.keys() == {"v41", "v42"}
    assert 120 < found["v41"] < 280, "of 400 fair draws, outside with a probability below 1e-14"
    target.apply(target.read(), ROLLED_BACK, "op-2")
    wait_for(lambda: answers(url, 100) == {"v41": 100})


def test_what_a_real_nginx_refuses_is_put_back(nginx: tuple[Target, str], tmp_path: Path) -> None:
    target, _ = nginx
    before = target.read()
    text = SPLIT + "no_such_directive on;\n"
    (tmp_path / "split.conf").write_text(text)
    with pytest.raises(Rejected, match=r"no_such_directive|test failed"):
        target.apply(before, ROLLED_BACK, "op-1")
    assert (tmp_path / "split.conf").read_text() == text
