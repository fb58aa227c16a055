"""What is staged is what the console and the fleet read, and what people changed is kept."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

from opsconsole.config.load import load
from opsconsole.demo.fleet import FLEET
from opsconsole.demo.stage import prepare
from opsconsole.demo.versions import registered_by
from opsconsole.provenance import is_reproducible
from opsconsole.registering import yamlfile
from opsconsole.registering.combining import combine


def test_staged_configuration_is_valid_and_points_at_staged_files(tmp_path: Path) -> None:
    prepare(tmp_path)
    settings = load(tmp_path / "opsconsole.yaml")
    assert settings.environment == "demo"
    assert [str(source.path) for source in settings.sources] == [str(tmp_path / "logs/*.jsonl")]
    assert all(price.file.is_file() for price in settings.prices)
    versions = {service.name: {version.name for version in service.versions} for service in FLEET}
    baselines = {name: service.baseline for name, service in settings.services.items()}
    assert baselines.keys() == versions.keys()
    assert all(baseline and baseline.version in versions[name] for name, baseline in baselines.items())


def test_every_model_with_tokens_has_a_price(tmp_path: Path) -> None:
    prepare(tmp_path)
    (file,) = (price.file for price in load(tmp_path / "opsconsole.yaml").prices)
    prices = json.loads(file.read_text())
    models = {version.model for service in FLEET for version in service.versions if version.prompt_tokens}
    assert models == prices.keys()


def test_staging_again_keeps_a_roll_back(tmp_path: Path) -> None:
    prepare(tmp_path)
    routing = tmp_path / "routing.yaml"
    routing.write_text(routing.read_text().replace("v41: 90, v42: 10", "v41: 100, v42: 0"))
    prepare(tmp_path)
    assert "v42: 0" in routing.read_text()


def test_staging_and_launching_import_nothing_slow() -> None:
    program = "import sys, opsconsole.demo.stage, opsconsole.demo.launch; print(' '.join(sys.modules))"
    loaded = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True).stdout.split()
    assert not {"numpy", "duckdb", "polars", "scipy", "textual"} & set(loaded)


def test_every_version_of_the_fleet_is_written_down_from_files_that_are_there(tmp_path: Path) -> None:
    prepare(tmp_path)
    told = [yamlfile.read(file) for file in registered_by(tmp_path)]
    fleet = {(service.name, version.name): version.model for service in FLEET for version in service.versions}
    assert {(each.service, each.version) for each in told} == fleet.keys()
    for each in told:
        model = next(part for part in each.parts if part.kind == "model")
        assert model.name == fleet[each.service, each.version]
        assert is_reproducible(combine([each], "", "", ""))
        assert all("Stand-in of the demo" in Path(part.uri).read_text() for part in each.parts)
