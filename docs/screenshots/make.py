"""Takes the pictures of the console that the documentation shows: the real console, on the real daemon, on the demo.

``make screenshots`` runs it; names of views behind it leave the others as they are. The demo fleet, a drill and their
daemons live in temporary homes and end with this script. It waits until the demo's bad version has raised its alert.
"""

from __future__ import annotations

import asyncio
import getpass
import re
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path

from textual.pilot import Pilot

from opsconsole import wire
from opsconsole.client import AsyncClient, Client
from opsconsole.console.app import OpsConsole
from opsconsole.console.glyphs import GLYPHS
from opsconsole.daemon_process import ensure_daemon
from opsconsole.demo.launch import start_fleet, stop_fleet
from opsconsole.demo.stage import prepare
from opsconsole.home import Home

HERE = Path(__file__).parent
SIZES = ((80, 24), (160, 50))
WAYS: dict[str, tuple[str, ...]] = {
    "fleet": (),
    "service": ("enter",),
    "versions": ("v",),
    "requests": ("enter", "r"),
    "request": ("enter", "r", "o", "enter"),
    "drift": ("d",),
    "cost": ("enter", "$"),
    "saturation": ("S",),
    "explain": ("x",),
    "timeline": ("enter", "T"),
    "sources": ("s",),
    "release": ("V",),
    "plan": ("b",),
    "alerts": ("A",),
    "alert": ("A", "enter"),
    "incidents": ("I",),
    "incident": ("I", "enter"),
    "checklists": ("C",),
    "run": ("C", "enter"),
    "drill": ("D",),
}
"""View → the keys that lead to it from the fleet, the cursor on the service that warns."""
READY_WITHIN_S = 60.0
CALLED_WITHIN_S = 240.0
"""The rule that finds the demo's bad version asks that it be so for two minutes."""

FONT = 'ui-monospace, "DejaVu Sans Mono", Menlo, Consolas, monospace'
"""What is on the reader's machine: a picture fetches nothing."""


DRILL, LEADS, DRILLED_S = "leaked-key", getpass.getuser(), 200.0
"""Which drill is shown, to whom, and how long after its start."""


def main() -> None:
    names = sys.argv[1:] or list(WAYS)
    if "drill" in names:
        take_drill()
    if views := [name for name in names if name != "drill"]:
        take_demo(views)


def take_demo(views: Sequence[str]) -> None:
    with tempfile.TemporaryDirectory(prefix="opsconsole-") as directory:
        home = Home(Path(directory))
        home.create()
        prepare(home.directory)
        start_fleet(home.directory)
        ensure_daemon(home)
        client = Client(home)
        try:
            wait_until_judged(client)
            work(client, wait_until_called(client))
            for size in SIZES:
                asyncio.run(take(home, size, views))
        finally:
            stop_fleet(home.directory)
            client.stop()
            client.close()
            wait_until_gone(home)


def take_drill() -> None:
    """What its facilitator sees in the middle of it."""
    with tempfile.TemporaryDirectory(prefix="opsconsole-") as directory:
        words = ["drill", "run", DRILL, "--facilitator", LEADS, "--speed", "30", "--no-console", "--home", directory]
        subprocess.run([sys.executable, "-m", "opsconsole.cli", *words], check=True)  # noqa: S603 - our own words
        home = Home(Path(directory) / "drills" / "drill-1" / "home")
        client = Client(home)
        try:
            while client.drill().t < DRILLED_S:
                time.sleep(0.2)
            client.drill_command(wire.DrillCommand(word="pause"))
            for size in SIZES:
                asyncio.run(take(home, size, ["drill"]))
        finally:
            client.stop()
            client.close()
            wait_until_gone(home)


def wait_until_judged(client: Client) -> None:
    """Until the history is read and measured against the configured baselines."""
    deadline = time.monotonic() + READY_WITHIN_S
    while time.monotonic() < deadline:
        services = client.status("1h").services
        if len(services) > 1 and all(each.drift.baseline.kind == "version" for each in services):
            return
        time.sleep(0.2)
    raise TimeoutError(f"the demo was not ready within {READY_WITHIN_S:.0f} s")


def wait_until_called(client: Client) -> wire.Alert:
    """Until an alert has fired."""
    deadline = time.monotonic() + CALLED_WITHIN_S
    while time.monotonic() < deadline:
        if alerts := client.alerts().alerts:
            return alerts[0]
        time.sleep(1.0)
    raise TimeoutError(f"nothing fired within {CALLED_WITHIN_S:.0f} s")


def work(client: Client, alert: wire.Alert) -> None:
    """What whoever is on call has done so far: taken the alert, made an incident of it, begun its checklist."""
    client.acknowledge(wire.AckRequest(alert=alert.id, note="looking"))
    opened = client.respond("open", wire.OpenIncident(title="v42 fails", services=alert.services, alert=alert.id))
    incident = opened.incident.incident
    client.respond("role", wire.ChangeRole(incident=incident, role="commander", act="take"))
    params = {"service": alert.services[0], "version": "v42"}
    client.begin_run(wire.RunRequest(checklist=alert.checklist, params=params, incident=incident))


def wait_until_gone(home: Home) -> None:
    """Until the daemon has left its home, so that the home can be removed."""
    deadline = time.monotonic() + READY_WITHIN_S
    while home.socket.exists() and time.monotonic() < deadline:
        time.sleep(0.1)


async def take(home: Home, size: tuple[int, int], names: Sequence[str]) -> None:
    """These views of the demo's chat service, at one size."""
    client = AsyncClient(home)
    app = OpsConsole(client, colours="truecolor", glyph_set=GLYPHS["braille"])
    async with app.run_test(size=size) as pilot:
        await until(pilot, lambda: app.frame.fleet is not None)
        for view in names:
            keys = WAYS[view]
            for key in keys:
                await pilot.press(key)
                await until(pilot, lambda: app.frame.answers.get(app.frame.state.view) is not None)
            await until(pilot, lambda: app.frame.view is not None or app.frame.sources is not None)
            save(app, view, size)
            while app.frame.state.view != "fleet":
                await pilot.press("backspace")
                await pilot.pause(0.05)
    await client.close()


async def until(pilot: Pilot[None], is_there: Callable[[], bool]) -> None:
    async with asyncio.timeout(READY_WITHIN_S):
        while not is_there():
            await pilot.pause(0.05)
    await pilot.pause(0.2)


def save(app: OpsConsole, view: str, size: tuple[int, int]) -> None:
    """One picture, its font taken from the reader's machine."""
    picture = app.export_screenshot(title="opsconsole")
    picture = re.sub(r"@font-face \{.*?\}", "", picture, flags=re.DOTALL)
    picture = re.sub(r"font-family: Fira Code[^;]*;", f"font-family: {FONT};", picture)
    lines = (line.rstrip() for line in picture.splitlines())
    path = HERE / f"{view}-{size[0]}x{size[1]}.svg"
    path.write_text("\n".join(line for line in lines if line) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
