"""The process of a drill that people attend: its socket, its pace, its end.

Always true here: it is served like any daemon, so that every console and every verb works on it; the live home's
configuration is never read.
"""

from __future__ import annotations

import asyncio
import logging
import signal
from concurrent.futures import ThreadPoolExecutor
from time import monotonic

import uvicorn

from opsconsole import wire
from opsconsole.client import Client
from opsconsole.clock import SystemClock
from opsconsole.config.settings import AccessSetting
from opsconsole.daemon.__main__ import MOST_CALLS, Server, bind, only_daemon_of
from opsconsole.daemon.drilling.guarding import LOOK_EVERY_S, real_pages
from opsconsole.daemon.drilling.session import Session
from opsconsole.daemon.drilling.stage import Stage
from opsconsole.daemon.identity import PeerProtocol, by_peer
from opsconsole.daemon_process import is_running
from opsconsole.drills.archive import Run
from opsconsole.drills.reading import ScenarioFile
from opsconsole.errors import OpsConsoleError
from opsconsole.home import Home

PASSABLE = 0o711
"""Of the directories on the way to the socket where a group may join: through, and nothing else to be seen."""
LINGERS_S = 600.0
"""After its time was over, without anybody asking anything: the report is written, and the files stay."""
FAREWELL_S = 2.0
"""After somebody ended it: so long it still answers, so that consoles show that it is over."""
log = logging.getLogger("opsconsole")


def serve(
    file: ScenarioFile,
    run: Run,
    seed: int,
    *,
    beat_s: int,
    speed: float,
    facilitators: tuple[str, ...],
    observers: tuple[str, ...],
    live: Home,
    access: AccessSetting,
) -> None:
    """Play it until somebody ends it, or its time is over and everybody has left, or it is told to stop.

    A page of the ``live`` home makes it stand still. ``access`` says which group may join, and whose SSH keys are
    whose: it gives no right in a drill.
    """
    home = Home(run.home)
    home.create()
    with only_daemon_of(home):
        asyncio.run(_serve(file, run, home, seed, beat_s, speed, facilitators, observers, live, access))
    home.socket.unlink(missing_ok=True)


async def _serve(
    file: ScenarioFile,
    run: Run,
    home: Home,
    seed: int,
    beat_s: int,
    speed: float,
    facilitators: tuple[str, ...],
    observers: tuple[str, ...],
    live: Home,
    access: AccessSetting,
) -> None:
    def stop() -> None:
        server.should_exit = True

    stage = Stage(file.scenario, run.home, seed, by_peer(access.keys), beat_s, stop, observers=observers)
    session = Session(stage, file, run, facilitators, speed, observers)
    stage.app.router.routes.extend(session.routes())
    server = Server(
        uvicorn.Config(
            stage.app,
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
    await asyncio.to_thread(session.lead_up)
    home.open_to(access.group)
    listener = bind(home)
    home.open_socket_to(access.group)
    if access.group:
        for directory in (run.directory, run.directory.parent):
            directory.chmod(PASSABLE)
    session.start()
    began, looked = SystemClock().now(), monotonic()
    over_at: float | None = None
    serving = asyncio.create_task(server.serve(sockets=[listener]))
    try:
        while not serving.done():
            await asyncio.wait({serving}, timeout=1.0)
            if monotonic() - looked >= LOOK_EVERY_S and not stage.is_over:
                looked = monotonic()
                session.give_way(await asyncio.to_thread(real_pages, live, began))
            if not stage.is_over:
                continue
            if over_at is None:
                over_at = monotonic()
                await asyncio.to_thread(_tell, live, run.name, session.score())
            has_ended = session.was_ended and monotonic() - over_at > FAREWELL_S
            if has_ended or (not stage.hub.waiting and monotonic() - stage.hub.asked_at > LINGERS_S):
                stop()
        await serving
    finally:
        await asyncio.to_thread(session.stop)
        await asyncio.to_thread(stage.close)


def _tell(live: Home, run: str, score: wire.DrillScore) -> None:
    """The live daemon writes down that these checklists were rehearsed, where one runs."""
    if not is_running(live):
        log.info("no live daemon runs: nobody was told that the checklists were rehearsed")
        return
    client = Client(live)
    try:
        client.drill_scored(run, score)
    except OpsConsoleError as error:
        log.warning("the live daemon was not told that the checklists were rehearsed: %s", error.told)
    finally:
        client.close()
