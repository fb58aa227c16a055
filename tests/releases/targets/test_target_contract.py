"""The targets for files, commands and HTTP keep the promises that every target makes."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from pathlib import Path

import contract
import pytest
from subjects import CommandSubject, FileSubject, HttpSubject, demo_text

BLOCK_YAML = """\
# who answers
routing:
  chat-assist:        # ours
    v41: 90.0         # stable
    "v42": 10
  doc-search: {v7: 10, v8: 90}
headers: {}
"""
JSON = '{"chat-assist": {"v41": 90, "v42": 10},\n\t"doc-search": {"v7": 10, "v8": 90}}\n'
NGINX = """\
# Which version answers.
split_clients "${request_id}" $chat_version {
    10%  v42;   # canary
    *    v41;
}
split_clients "${request_id}" $search_version { 40% v8; * v7; }
"""
NGINX_WITH_HEADER = (
    NGINX
    + """
map $http_x_model_version $chat_route {
    default  $chat_version;
    v43      v43;
}
"""
)


@contextlib.contextmanager
def http(directory: Path) -> Iterator[contract.Subject]:
    subject = HttpSubject(directory)
    with subject.server:
        yield subject
    subject.target.close()


def plain(make: Callable[[Path], contract.Subject]) -> Callable[[Path], contextlib.AbstractContextManager]:
    @contextlib.contextmanager
    def opened(directory: Path) -> Iterator[contract.Subject]:
        yield make(directory)

    return opened


SUBJECTS = {
    "demo's yaml": plain(lambda home: FileSubject(home, "routing.yaml", demo_text(), unit="relative")),
    "block yaml": plain(
        lambda home: FileSubject(
            home,
            "routes.yml",
            BLOCK_YAML,
            at=["routing", "chat-assist"],
            headers_at=["headers"],
            reload=["cp", "routes.yml", "loaded"],
        )
    ),
    "json": plain(lambda home: FileSubject(home, "routing.json", JSON)),
    "nginx": plain(lambda home: FileSubject(home, "split.conf", NGINX, variable="$chat_version")),
    "nginx with header": plain(
        lambda home: FileSubject(
            home, "split.conf", NGINX_WITH_HEADER, variable="$chat_version", header_variable="$chat_route"
        )
    ),
    "command": plain(CommandSubject),
    "http": http,
}


@pytest.fixture(params=SUBJECTS)
def subject(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[contract.Subject]:
    with SUBJECTS[request.param](tmp_path) as made:
        yield made


@pytest.mark.parametrize("claim", contract.CLAIMS, ids=contract.name)
def test_a_target_keeps_its_promises(claim: contract.Claim, subject: contract.Subject) -> None:
    claim(subject)
