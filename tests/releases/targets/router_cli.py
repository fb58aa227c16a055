"""A router with a command line, for the tests of the command target: its state is a JSON file beside this script's log.

    router_cli.py STATE read SERVICE
    router_cli.py STATE apply SERVICE TOKEN OP_ID VERSION=PERCENT…
    router_cli.py STATE rehearse SERVICE VERSION=PERCENT…

The environment says how it fails: ``FAULT`` is a verb and the name of a function here, ``apply:die``; with ``half`` in
between a part of the change is made before, and with ``after`` all of it. It needs ``ROUTER_TOKEN``.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

CONFLICT, BUSY, REJECTED = 3, 4, 5


def hang() -> None:
    time.sleep(60)


def hang_and_ignore() -> None:
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    Path(sys.argv[1]).with_suffix(".child").write_text(str(subprocess.Popen(["sleep", "60"]).pid))
    time.sleep(60)


def die() -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def refuse() -> None:
    sys.exit(f"no such version, says {os.environ['ROUTER_TOKEN']}")


def busy() -> None:
    sys.exit(BUSY)


def conflict() -> None:
    sys.exit(CONFLICT)


def rejected() -> None:
    print("v42 is not built", file=sys.stderr)
    sys.exit(REJECTED)


def talk() -> None:
    for _ in range(300):
        sys.stdout.write("x" * 10_000 + "\n")


def leave_a_child() -> None:
    subprocess.Popen(["sleep", "5"])


def garble() -> None:
    print("weights: v41")
    sys.exit(0)


def main(state_file: str, verb: str, service: str, *rest: str) -> None:
    path = Path(state_file)
    with path.with_suffix(".log").open("a") as log:
        log.write(json.dumps({"argv": sys.argv[1:], "environment": dict(os.environ)}) + "\n")
    fault = os.environ.get("FAULT", "")
    state = json.loads(path.read_text())
    mine: dict[str, Any] = state[service]
    if fault.startswith(f"{verb}:half:"):
        mine["shares"] = dict.fromkeys(mine["shares"], 50)
        path.write_text(json.dumps(state))
    if fault.startswith(f"{verb}:") and not fault.startswith(f"{verb}:after:"):
        globals()[fault.rpartition(":")[2]]()
    match verb:
        case "read":
            print(json.dumps(mine))
        case "rehearse":
            print(f"would set {' '.join(rest)}")
        case "apply":
            token, op_id, *weights = rest
            if token != mine["token"]:
                sys.exit(CONFLICT)
            mine["shares"] = {name: float(value) for name, value in (weight.split("=") for weight in weights)}
            mine["token"] = op_id
            path.write_text(json.dumps(state))
            if fault.startswith("apply:after:"):
                globals()[fault.rpartition(":")[2]]()
            print(f"set by {op_id} with {os.environ['ROUTER_TOKEN']}")


if __name__ == "__main__":
    main(*sys.argv[1:])
