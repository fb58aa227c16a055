"""The daemon's process: take the home's lock, bind its socket, serve until told to stop.

Always true here: whatever it makes is for its own account alone, but for the socket where a group is configured.
"""

from __future__ import annotations

import argparse
import asyncio
import fcntl
import logging
import os
import signal
import socket
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from time import monotonic

import uvicorn

from opsconsole.clock import SystemClock
from opsconsole.config.load import load
from opsconsole.daemon.app import make_app
from opsconsole.daemon.desk import Desk
from opsconsole.daemon.engine import Engine
from opsconsole.daemon.hub import Hub
from opsconsole.daemon.identity import Peer, PeerProtocol, by_peer, person_at
from opsconsole.errors import DaemonError, OpsConsoleError
from opsconsole.home import Home

MOST_CALLS = 32
"""At once, of clients: a few targets that hang must leave threads for everybody else's questions."""

log = logging.getLogger("opsconsole")


class Server(uvicorn.Server):
    """Leaves signals to ``serve``: uvicorn would raise them again at its end, before the store is closed."""

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


@contextmanager
def only_daemon_of(home: Home) -> Iterator[None]:
    """Hold the home's lock; raises DaemonError when another daemon has it."""
    descriptor = os.open(home.lock, os.O_RDWR | os.O_CREAT, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError as error:
        os.close(descriptor)
        raise DaemonError(f"a daemon runs on {home.directory} already", "`opsconsole daemon stop` ends it.") from error
    try:
        yield
    finally:
        os.close(descriptor)


def bind(home: Home) -> socket.socket:
    """The home's socket, for its owner alone yet."""
    home.socket.unlink(missing_ok=True)
    listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    before = os.umask(0o177)
    try:
        listener.bind(str(home.socket))
    finally:
        os.umask(before)
    return listener


async def serve(home: Home, engine: Engine, listener: socket.socket, linger_s: float | None) -> None:
    """Answer until a signal, a stop request, or ``linger_s`` seconds without a client."""
    desk = Desk(engine)
    hub = Hub(engine, desk.compute)

    def stop() -> None:
        server.should_exit = True

    server = Server(
        uvicorn.Config(
            make_app(desk, hub, stop, by_peer(engine.settings.access.keys)),
            http=PeerProtocol,
            ws="none",
            proxy_headers=False,
            log_config=None,
            access_log=False,
            lifespan="off",
            timeout_graceful_shutdown=1,
        )
    )
    loop = asyncio.get_running_loop()
    loop.set_default_executor(ThreadPoolExecutor(MOST_CALLS, "call"))
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop)
    engine.note("daemon.started", pid=os.getpid())
    engine.start()
    desk.releasing.start()
    desk.responding.start()
    desk.alerting.start()
    desk.running.start()
    desk.notifying.start()
    restoring = asyncio.create_task(asyncio.to_thread(desk.restore))
    serving = asyncio.create_task(server.serve(sockets=[listener]))
    while not serving.done():
        await asyncio.wait({serving}, timeout=1.0)
        if linger_s is not None and not hub.waiting and monotonic() - hub.asked_at > linger_s:
            stop()
    await serving
    await restoring


def main() -> int:
    parser = argparse.ArgumentParser(prog="opsconsole daemon run", description=__doc__)
    parser.add_argument("--home", type=Path, required=True)
    parser.add_argument("--linger", type=float, help="end after this many seconds without a client")
    arguments = parser.parse_args()
    home = Home(arguments.home.absolute())
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s: %(message)s")
    try:
        os.umask(0o077)
        home.create()
        with only_daemon_of(home):
            settings = load(home.config)
            home.open_to(settings.access.group)
            actor = person_at(Peer(os.getpid(), os.getuid(), os.getgid()), {}).name
            engine = Engine(home, settings, SystemClock(), actor)
            listener = bind(home)
            try:
                home.open_socket_to(settings.access.group)
                asyncio.run(serve(home, engine, listener, arguments.linger))
            finally:
                engine.stop()
                engine.note("daemon.stopped", pid=os.getpid())
                engine.sign()
                home.socket.unlink(missing_ok=True)
    except OpsConsoleError as error:
        sys.stderr.write(f"{error}\n")
        return error.exit_code
    return 0


if __name__ == "__main__":
    sys.exit(main())
