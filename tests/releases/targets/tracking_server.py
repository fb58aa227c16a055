"""A real tracking server of MLflow that knows a model in two versions; a test that moves an alias has its own one."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from loopback import free_port
from peer_programs import peer
from processes import server

TWO_MODELS = """
import mlflow
from mlflow import MlflowClient

class Constant(mlflow.pyfunc.PythonModel):
    def __init__(self, value):
        self.value = value

    def predict(self, context, model_input, params=None):
        return [self.value] * len(model_input)

for value in (3.0, 300.0):
    with mlflow.start_run():
        mlflow.pyfunc.log_model(
            name="model", python_model=Constant(value), registered_model_name="scorer", pip_requirements=["mlflow"]
        )
MlflowClient().set_registered_model_alias("scorer", "champion", "1")
"""


QUIETLY = {
    "MLFLOW_DISABLE_TELEMETRY": "true",
    "MLFLOW_SERVER_ENABLE_JOB_EXECUTION": "false",
    "GIT_PYTHON_REFRESH": "quiet",
}
"""Without the half dozen processes that wait for evaluations, each with all of MLflow in it."""


@dataclass(frozen=True)
class Tracking:
    url: str
    bin: Path
    directory: Path
    environ: dict[str, str]


@contextmanager
def tracking_server(directory: Path) -> Iterator[Tracking]:
    """A tracking server that knows two versions of ``scorer``: the first answers 3, the second 300."""
    programs = peer("mlflow", "mlflow").parent
    url = f"http://127.0.0.1:{free_port()}"
    environ = {
        "PATH": f"{programs}:{os.environ['PATH']}",
        "HOME": str(directory),
        "MLFLOW_TRACKING_URI": url,
        **QUIETLY,
    }
    words = [programs / "mlflow", "server", "--host", "127.0.0.1", "--port", url.rpartition(":")[2], "--workers", "1"]
    store = ["--backend-store-uri", f"sqlite:///{directory}/store.db", "--artifacts-destination", str(directory / "a")]
    log = directory / "server.log"
    with server([*words, *store], f"{url}/health", log, environ):
        subprocess.run([programs / "python", "-c", TWO_MODELS], env=environ, check=True, capture_output=True)
        yield Tracking(url, programs, directory, environ)
