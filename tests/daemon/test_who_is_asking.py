"""The daemon knows who asks by the socket, and lets everybody do what their account may and no more."""

from __future__ import annotations

import asyncio
import base64
import hashlib
import os
import pwd
import socket
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import msgspec
import pytest
import uvicorn
from calls import write_calls
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from inprocess import START, Daemon
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from opsconsole import wire
from opsconsole.client import AsyncClient
from opsconsole.config.settings import AccessSetting, Settings
from opsconsole.daemon.app import make_app
from opsconsole.daemon.identity import Peer, PeerProtocol, by_peer, person_at
from opsconsole.daemon.sshkey import claimed_key
from opsconsole.errors import RequestRefused
from opsconsole.releases.access import Person

BOB = Person(name="bob", uid=4001)
EVE = Person(name="eve", uid=4002)
ME = pwd.getpwuid(os.getuid()).pw_name
NOBODY = 65534

as_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root can become another account")


# In one process -------------------------------------------------------------------------------------------------------


@pytest.fixture
def settings() -> Settings:
    access = AccessSetting(viewers=("vera",), operators=("bob",), admins=("@admins",))
    return Settings(environment="prod", access=access)


@pytest.mark.parametrize("path", ["/v1/health", "/v1/fleet", "/v1/sources", "/v1/diagnosis", "/v1/nothing"])
def test_a_stranger_is_refused_everywhere_with_the_rule_and_the_remedy(daemon: Daemon, path: str) -> None:
    with pytest.raises(RequestRefused, match=r"eve may not look: `access\.viewers` names neither eve") as refused:
        daemon.ask("GET", path, wire.Health, person=EVE)
    assert "opsconsole.yaml" in refused.value.remedy


def test_a_viewer_looks_and_changes_nothing(daemon: Daemon, tmp_path: Path) -> None:
    daemon.start()
    log = write_calls(tmp_path / "calls.jsonl", START, range(30))
    vera = Person(name="vera", uid=4003)
    assert daemon.ask("GET", "/v1/fleet", wire.FleetView, person=vera).services == ()
    refused = {
        "/v1/attach": (wire.AttachRequest(paths=(str(log),)), "attach logs"),
        "/v1/map": (wire.MapRequest(path=str(log)), "map logs"),
        "/v1/baseline": (wire.BaselineRequest(service="chat", version="v1"), "pin baselines"),
        "/v1/stop": (b"", "stop the daemon"),
    }
    for path, (body, act) in refused.items():
        with pytest.raises(RequestRefused, match=f"vera may not {act}"):
            daemon.ask("POST", path, wire.Attached, body, person=vera)
    assert daemon.stops == []
    noted = [(event.kind, event.actor, event.data["why"].partition(":")[0]) for event in daemon.engine.journal.events()]
    assert noted == [("request.refused", "vera", f"vera may not {act}") for _, act in refused.values()]


def test_strangers_and_nobodies_who_were_refused_stand_in_the_journal(daemon: Daemon) -> None:
    async def who(request: Request) -> Person:
        raise RequestRefused("who is asking cannot be told")

    for _ in range(50):
        with pytest.raises(RequestRefused):
            daemon.ask("GET", "/v1/fleet", wire.Health, person=EVE)
    daemon.app = make_app(daemon.desk, daemon.hub, lambda: None, who)
    with pytest.raises(RequestRefused, match="cannot be told"):
        daemon.ask("GET", "/v1/fleet", wire.Health)
    noted = [(event.kind, event.actor) for event in daemon.engine.journal.events()]
    assert noted == [("request.refused", "eve"), ("request.refused", "somebody")]


def test_an_operator_stops_no_daemon_and_an_admin_does(daemon: Daemon) -> None:
    with pytest.raises(RequestRefused, match=r"access\.admins"):
        daemon.ask("POST", "/v1/stop", dict[str, str], person=BOB)
    daemon.ask("POST", "/v1/stop", dict[str, str], person=Person(name="ada", uid=4004, groups=("admins",)))
    assert len(daemon.stops) == 1


def test_what_a_person_does_stands_in_the_journal_under_their_name(daemon: Daemon, tmp_path: Path) -> None:
    daemon.attach(write_calls(tmp_path / "calls.jsonl", START, range(200)))
    ops = Person(name="bob", uid=4001, key="SHA256:" + "k" * 43, called="ann")
    reply = daemon.ask(
        "POST", "/v1/baseline", wire.BaselineReply, wire.BaselineRequest(service="chat", version="v1"), person=ops
    )
    assert reply.baseline.set_by == "bob (ann, SHA256:kkkkkkkkkkk…)"
    events = [(event.kind, event.actor) for event in daemon.engine.journal.events()]
    assert events == [("sources.attached", "ann"), ("baseline.set", "bob (ann, SHA256:kkkkkkkkkkk…)")]


def test_a_console_is_shown_under_the_name_that_the_daemon_knows_whatever_it_claims(daemon: Daemon) -> None:
    async def talk() -> wire.Present:
        client = AsyncClient(daemon.home, daemon.transport(BOB))
        try:
            return await client.present(wire.Presence(console="c", user="ann", origin="", view="fleet", service=""))
        finally:
            await client.close()

    assert [each.user for each in asyncio.run(talk()).consoles] == ["bob"]


# Over a socket --------------------------------------------------------------------------------------------------------


@pytest.fixture
def place() -> Iterator[Path]:
    """A directory that every account may enter, with a short name."""
    with tempfile.TemporaryDirectory(prefix="ocw-", dir="/tmp") as directory:
        Path(directory).chmod(0o711)
        yield Path(directory)


@contextmanager
def served(path: Path, keys: dict[str, str]) -> Iterator[None]:
    """A server that answers who asked, by the socket alone."""
    who = by_peer(keys)

    async def answer(request: Request) -> Response:
        try:
            return JSONResponse(msgspec.to_builtins(await who(request)))
        except RequestRefused as error:
            return JSONResponse({"refused": error.message}, status_code=400)

    app = Starlette(routes=[Route("/", answer)])
    server = uvicorn.Server(
        uvicorn.Config(app, http=PeerProtocol, ws="none", proxy_headers=False, log_config=None, lifespan="off")
    )
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(path))
        path.chmod(0o666)
        thread = threading.Thread(target=lambda: asyncio.run(server.serve(sockets=[listener])))
        thread.start()
        try:
            yield
        finally:
            server.should_exit = True
            thread.join()


ASK = """
import ctypes, os, socket, sys
path, uid, claims = sys.argv[1], int(sys.argv[2]), sys.argv[3:]
if uid != os.getuid():
    os.setgroups([]); os.setgid(uid); os.setuid(uid)
    ctypes.CDLL(None).prctl(4, 1)  # PR_SET_DUMPABLE: as it is for a program that this account started itself
asking = socket.socket(socket.AF_UNIX)
asking.connect(path)
lines = ["GET / HTTP/1.1", "Host: x", "Connection: close", *claims, "", ""]
asking.sendall("\\r\\n".join(lines).encode())
answer = b"".join(iter(lambda: asking.recv(65536), b""))
sys.stdout.write(answer.partition(b"\\r\\n\\r\\n")[2].decode())
"""


def ask(path: Path, *claims: str, uid: int | None = None, **environ: str) -> Person:
    """As another process, and as another account if wanted."""
    done = subprocess.run(
        [sys.executable, "-c", ASK, path, str(os.getuid() if uid is None else uid), *claims],
        capture_output=True,
        text=True,
        check=True,
        env={"PATH": os.environ["PATH"], **environ},
    )
    return msgspec.json.decode(done.stdout, type=Person)


def test_a_client_is_the_account_that_it_runs_as_whatever_it_sends(place: Path) -> None:
    with served(place / "s", {}):
        me = ask(place / "s", "X-Forwarded-For: 10.0.0.1", "X-Forwarded-User: root", "From: eve", "Forwarded: for=eve")
    assert (me.name, me.uid, me.key) == (ME, os.getuid(), "")
    assert set(me.groups) == set(person_at(Peer(0, os.getuid(), os.getgid()), {}).groups)


@as_root
def test_two_accounts_on_one_socket_are_told_apart(place: Path) -> None:
    with served(place / "s", {}):
        nobody, stranger, root = ask(place / "s", uid=NOBODY), ask(place / "s", uid=987_654), ask(place / "s")
    assert (nobody.name, nobody.uid, nobody.groups) == ("nobody", NOBODY, ("nogroup",))
    assert (stranger.name, stranger.uid, stranger.groups) == ("#987654", 987_654, ())
    assert (root.name, root.uid) == ("root", 0)


def test_a_connection_that_has_no_peer_is_refused() -> None:
    async def talk() -> httpx.Response:
        async def answer(request: Request) -> Response:
            try:
                return JSONResponse(msgspec.to_builtins(await by_peer({})(request)))
            except RequestRefused as error:
                return Response(error.message, status_code=400)

        transport = httpx.ASGITransport(Starlette(routes=[Route("/", answer)]))
        async with httpx.AsyncClient(transport=transport, base_url="http://test") as http:
            return await http.get("/")

    assert asyncio.run(talk()).text == "who is asking cannot be told"


# SSH keys -------------------------------------------------------------------------------------------------------------


def new_key() -> tuple[str, str]:
    """(public key as OpenSSH writes it, its fingerprint)."""
    public = Ed25519PrivateKey.generate().public_key()
    line = public.public_bytes(serialization.Encoding.OpenSSH, serialization.PublicFormat.OpenSSH).decode()
    digest = hashlib.sha256(base64.b64decode(line.split()[1])).digest()
    return line, "SHA256:" + base64.b64encode(digest).decode().rstrip("=")


def test_the_key_that_sshd_exposes_names_the_person_behind_a_shared_account(place: Path) -> None:
    line, fingerprint = new_key()
    (place / "auth").write_text(f"publickey {line}\n")
    with served(place / "s", {fingerprint: "ann"}):
        person = ask(place / "s", SSH_USER_AUTH=str(place / "auth"))
        assert (person.key, person.called) == (fingerprint, "ann")
        assert person.actor == f"{ME} (ann, {fingerprint[:18]}…)"
        forced = ask(place / "s", OPSCONSOLE_KEY_ID=fingerprint)
        assert (forced.key, forced.called) == (fingerprint, "ann")
        unknown_line, unknown = new_key()
        (place / "auth").write_text(f"publickey {unknown_line}\n")
        assert ask(place / "s", SSH_USER_AUTH=str(place / "auth")).actor == f"{ME} ({unknown})"


def test_where_no_keys_are_configured_none_is_looked_for(place: Path) -> None:
    with served(place / "s", {}):
        assert ask(place / "s", OPSCONSOLE_KEY_ID=new_key()[1]).actor == ME


def test_a_certificate_counts_as_the_key_in_it(place: Path) -> None:
    line, fingerprint = new_key()
    ca = Ed25519PrivateKey.generate()
    certificate = (
        serialization.SSHCertificateBuilder()
        .public_key(serialization.load_ssh_public_key(line.encode()))  # type: ignore[arg-type]
        .serial(1)
        .type(serialization.SSHCertificateType.USER)
        .key_id(b"ann")
        .valid_for_all_principals()
        .valid_after(0)
        .valid_before(2**63)
        .sign(ca)
    )
    (place / "auth").write_text(f"publickey {certificate.public_bytes().decode()}\n")
    with served(place / "s", {fingerprint: "ann"}):
        assert ask(place / "s", SSH_USER_AUTH=str(place / "auth")).called == "ann"


@pytest.mark.parametrize("how", ["words", "two keys", "fifo", "directory", "link", "missing", "short"])
def test_what_cannot_be_understood_or_contradicts_itself_is_no_key(place: Path, how: str) -> None:
    (line, fingerprint), (other_line, other) = new_key(), new_key()
    auth, environ = place / "auth", {"SSH_USER_AUTH": str(place / "auth")}
    if how == "fifo":
        os.mkfifo(auth)
    elif how == "directory":
        auth.mkdir()
    elif how == "link":
        (place / "real").write_text(f"publickey {line}\n")
        auth.symlink_to(place / "real")
    elif how == "two keys":
        auth.write_text(f"publickey {line}\n")
        environ["OPSCONSOLE_KEY_ID"] = other
    elif how == "words":
        auth.write_text("publickey ssh-ed25519 not/base64\npublickey\nkeyboard-interactive\n\n")
    elif how == "short":
        environ["OPSCONSOLE_KEY_ID"] = fingerprint[:-1]
    with served(place / "s", {fingerprint: "ann", other: "bob"}):
        assert (ask(place / "s", **environ).key, other_line != line) == ("", True)


@as_root
def test_a_file_of_another_account_names_nobody(place: Path) -> None:
    """Nobody can have the daemon read what they could not read themselves."""
    line, fingerprint = new_key()
    (place / "auth").write_text(f"publickey {line}\n")
    (place / "auth").chmod(0o644)
    with served(place / "s", {fingerprint: "ann"}):
        assert ask(place / "s", uid=NOBODY, SSH_USER_AUTH=str(place / "auth")).key == ""
        os.chown(place / "auth", NOBODY, NOBODY)
        assert ask(place / "s", uid=NOBODY, SSH_USER_AUTH=str(place / "auth")).called == "ann"


def test_a_process_that_is_gone_or_another_accounts_has_no_key() -> None:
    gone = subprocess.Popen([sys.executable, "-c", ""], env={"OPSCONSOLE_KEY_ID": new_key()[1]})
    gone.wait()
    assert claimed_key(gone.pid, os.getuid()) == ""
    assert claimed_key(0, os.getuid()) == ""
    assert claimed_key(os.getpid(), os.getuid() + 1) == ""
