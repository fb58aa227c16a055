"""The LiteLLM target: on configuration files, and on a real proxy that reads them when it starts."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import contract
import httpx
import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st
from loopback import Asked, Said, free_port, serving
from peer_programs import peer
from processes import server
from subjects import built

from opsconsole.releases.targets.base import (
    AuthFailed,
    Conflict,
    Indeterminate,
    Rejected,
    Target,
    Unreachable,
    Unsupported,
)
from opsconsole.releases.targets.litellm_config import ConfigText
from opsconsole.wire import Routing, TargetRequest

KEY = "sk-0123456789abcdef0123456789abcdef"
CONFIG = """\
# the gateway
model_list:
  - model_name: chat                 # what clients ask for
    litellm_params:
      model: openai/harbor-1   # the stable one
      api_key: os.environ/KEY
      weight: 90
      mock_response: "I am v1"
    model_info: {id: v1}
  - model_name: chat
    litellm_params: {model: openai/harbor-2, api_key: x, weight: 10, mock_response: I am v2}
    model_info:
      id: v2
  - model_name: search
    litellm_params:
      model: openai/other
      weight: 3
general_settings:
  master_key: os.environ/LITELLM_MASTER_KEY
"""
V1, V2 = Routing(shares={"v1": 1.0, "v2": 0.0}), Routing(shares={"v1": 0.0, "v2": 1.0})
HALVES = Routing(shares={"v1": 0.5, "v2": 0.5})


def on(home: Path, text: str = CONFIG, **options: Any) -> Target:
    (home / "config.yaml").write_text(text)
    return built("litellm", home, {"KEY": KEY}, config="config.yaml", model="chat", **options)


# Promises -----------------------------------------------------------------------------------------------------------


class ConfigSubject:
    """A configuration file."""

    secret = ""
    after = V1

    def __init__(self, home: Path) -> None:
        self.target = on(home)
        self.path = home / "config.yaml"
        self.known = self.path.read_text()

    def content(self) -> str:
        return self.path.read_text()

    def received(self) -> list[TargetRequest]:
        if self.content() == self.known:
            return []
        entries = [entry for entry in yaml.safe_load(self.content())["model_list"] if entry["model_name"] == "chat"]
        lines = [
            f"{entry['model_info']['id']}: litellm_params.weight: {entry['litellm_params']['weight']}"
            for entry in entries
        ]
        return [TargetRequest(method="replace", where=str(self.path), body="\n".join(lines))]

    def meddle(self) -> None:
        self.path.write_text(self.known.replace("weight: 90", "weight: 40"))
        self.known = self.content()


@pytest.mark.parametrize("claim", contract.CLAIMS, ids=contract.name)
def test_a_configuration_keeps_the_promises(claim: contract.Claim, tmp_path: Path) -> None:
    claim(ConfigSubject(tmp_path))


# The file -----------------------------------------------------------------------------------------------------------


def test_only_the_weights_change_and_comments_stay(tmp_path: Path) -> None:
    target = on(tmp_path)
    target.apply(target.read(), Routing(shares={"v1": 0.995, "v2": 0.005}), "op-1")
    changed = CONFIG.replace("weight: 90", "weight: 99.5").replace("weight: 10", "weight: 0.5")
    assert (tmp_path / "config.yaml").read_text() == changed
    assert target.read().routing == Routing(shares={"v1": 0.995, "v2": 0.005})


def test_weights_are_added_where_there_are_none_whatever_the_style() -> None:
    text = CONFIG.replace("      weight: 90\n", "").replace("weight: 10, ", "")
    chat = ConfigText("chat")
    assert chat.parse(text).shares == {"v1": 0.5, "v2": 0.5}, "without any weight LiteLLM picks all alike"
    changed = chat.replaced(text, Routing(shares={"v1": 0.8, "v2": 0.2}))
    assert chat.parse(changed).shares == {"v1": 0.8, "v2": 0.2}
    assert changed == text.replace("model: openai/harbor-1", "weight: 80\n      model: openai/harbor-1").replace(
        "{model: openai/harbor-2", "{weight: 20, model: openai/harbor-2"
    )


@pytest.mark.parametrize(
    ("first", "second", "shares"),
    [
        ("weight: 3", "weight: 1", [0.75, 0.25]),
        ("weight: 3", "rpm: 100", [1.0, 0.0]),
        ("rpm: 100", "rpm: 300", [0.25, 0.75]),
        ("tpm: 100", "weight: 0", [1.0, 0.0]),
        ("weight: 0", "weight: 0", [0.5, 0.5]),
    ],
)
def test_shares_are_what_litellm_makes_of_weights_rates_and_none(first: str, second: str, shares: list[float]) -> None:
    text = CONFIG.replace("weight: 90", first).replace("weight: 10", second)
    assert list(ConfigText("chat").parse(text).shares.values()) == shares


def test_a_deployment_without_an_id_is_called_by_its_model() -> None:
    text = CONFIG.replace("    model_info: {id: v1}\n", "")
    assert list(ConfigText("chat").parse(text).shares) == ["openai/harbor-1", "v2"]


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("a: [", "not YAML"),
        ("- 1", "not a LiteLLM configuration"),
        ("model_list: []", "no chat"),
        (CONFIG.replace("id: v2", "id: v1"), "one name"),
        (CONFIG.replace("weight: 90", "weight: much"), "not understood"),
        (CONFIG + "router_settings: {routing_strategy: least-busy}\n", "passes over weights"),
    ],
)
def test_what_is_not_understood_is_rejected_in_words(tmp_path: Path, text: str, says: str) -> None:
    with pytest.raises(Rejected, match=says):
        on(tmp_path, text).read()


def test_deployments_that_share_their_parameters_are_left_alone(tmp_path: Path) -> None:
    shared = """\
model_list:
  - model_name: chat
    litellm_params: &same {model: openai/x, weight: 1}
    model_info: {id: v1}
  - model_name: chat
    litellm_params: *same
    model_info: {id: v2}
"""
    target = on(tmp_path, shared)
    before = target.read()
    with pytest.raises(Rejected, match="without changing anything else"):
        target.apply(before, V2, "op-1")
    assert (tmp_path / "config.yaml").read_text() == shared


def test_a_version_that_is_not_deployed_is_refused_when_it_is_planned(tmp_path: Path) -> None:
    target = on(tmp_path)
    with pytest.raises(Unsupported, match="no deployment v3"):
        target.requests(target.read(), Routing(shares={"v1": 0.9, "v3": 0.1}))


@given(parts=st.lists(st.integers(0, 10_000), min_size=2, max_size=2).filter(any))
def test_any_split_is_read_back_as_it_was_written(parts: list[int]) -> None:
    shares = {f"v{n + 1}": part / sum(parts) for n, part in enumerate(parts)}
    chat = ConfigText("chat")
    try:
        changed = chat.replaced(CONFIG, Routing(shares=shares))
    except Unsupported:
        assert 0 < min(shares.values()) < 0.0001
        return
    assert chat.parse(changed).shares == pytest.approx(shares, abs=0.0001)


def test_a_file_that_is_not_there_or_was_changed_is_told_apart(tmp_path: Path) -> None:
    target = on(tmp_path)
    before = target.read()
    (tmp_path / "config.yaml").write_text(CONFIG.replace("weight: 10", "weight: 30"))
    with pytest.raises(Conflict):
        target.apply(before, V1, "op-1")
    (tmp_path / "config.yaml").unlink()
    with pytest.raises(Unreachable):
        target.read()


def test_a_restart_that_fails_puts_the_file_back_and_is_indeterminate(tmp_path: Path) -> None:
    target = on(tmp_path, restart=["false"])
    assert target.caps.scope == "serving"
    with pytest.raises(Indeterminate, match="false"):
        target.apply(target.read(), V2, "op-1")
    assert (tmp_path / "config.yaml").read_text() == CONFIG
    target = on(tmp_path, check=["false"])
    assert target.caps.scope == "metadata"
    with pytest.raises(Rejected, match="false"):
        target.apply(target.read(), V2, "op-2")
    assert (tmp_path / "config.yaml").read_text() == CONFIG


# The proxy ----------------------------------------------------------------------------------------------------------


def running(**weights: float) -> Any:
    entries = [
        {"model_name": "chat", "litellm_params": {"model": "m", "weight": weight}, "model_info": {"id": name}}
        for name, weight in weights.items()
    ]
    return {"data": [*entries, {"model_name": "search", "litellm_params": {"model": "m"}, "model_info": {"id": "x"}}]}


def test_what_is_in_force_is_told_beside_what_the_file_says(tmp_path: Path) -> None:
    asked: list[Asked] = []

    def answer(request: Asked) -> Said:
        asked.append(request)
        return 200, running(v1=9, v2=1)

    with serving(answer) as there:
        target = on(tmp_path, proxy=there.url, key={"env": "KEY"})
        before = target.read()
        assert (before.phase, before.detail["in force"]) == ("steady", "the same")
        target.apply(before, V2, "op-1")
        state = target.read()
        assert state.routing == V2
        assert state.phase == "mixed"
        assert state.detail["in force"] == "v1 90 %, v2 10 %: the proxy has not been started since the file was changed"
        target.apply(state, V1, "op-2")
        target.close()
    assert {request.headers["authorization"] for request in asked} == {f"Bearer {KEY}"}
    assert {request.method for request in asked} == {"GET"}


@pytest.mark.parametrize(
    "said", [(401, {}), (404, {}), (500, {}), (429, {}), "hang", "reset", (200, b"<html>"), (200, {"data": [1]})]
)
def test_a_proxy_that_does_not_tell_leaves_what_is_in_force_unknown_and_the_file_can_be_changed(
    tmp_path: Path, said: Said
) -> None:
    with serving(lambda _: said) as there:
        target = on(tmp_path, proxy=there.url, timeout_s=0.4)
        state = target.read()
        assert state.phase == "unknown"
        assert state.detail["in force"].startswith("not known: ")
        target.apply(state, V2, "op-1")
        assert target.read().routing == V2
    gone = on(tmp_path, proxy=f"http://127.0.0.1:{free_port()}").read()
    assert gone.detail["in force"].startswith("not known: ")


def test_a_key_that_is_not_there_is_told(tmp_path: Path) -> None:
    (tmp_path / "key").write_text(KEY)
    (tmp_path / "key").chmod(0o600)
    with serving(lambda _: (200, running(v1=9, v2=1))) as there:
        target = on(tmp_path, proxy=there.url, key={"file": "key"})
        (tmp_path / "key").unlink()
        assert "key" in target.read().detail["in force"]
    assert AuthFailed.__name__ not in repr(target)


@contextmanager
def proxy(home: Path, url: str) -> Iterator[None]:
    program = peer("litellm", "litellm")
    environ = {
        "PATH": f"{program.parent}:{os.environ['PATH']}",
        "HOME": str(home),
        "KEY": "unused",
        "LITELLM_MASTER_KEY": KEY,
        "LITELLM_LOCAL_MODEL_COST_MAP": "True",
    }
    words: list[str | Path] = [program, "--config", home / "config.yaml", "--host", "127.0.0.1"]
    words += ["--port", url.rpartition(":")[2], "--telemetry", "False"]
    with server(words, f"{url}/health/liveliness", home / "proxy.log", environ):
        yield


def served(url: str, requests: int) -> Counter[str]:
    """How many of the requests which deployment answered."""
    body = {"model": "chat", "messages": [{"role": "user", "content": "who are you?"}]}
    headers = {"Authorization": f"Bearer {KEY}"}
    with httpx.Client(timeout=30.0, headers=headers) as client:
        answers = [client.post(f"{url}/v1/chat/completions", json=body) for _ in range(requests)]
    assert {answer.status_code for answer in answers} == {200}
    return Counter(answer.headers["x-litellm-model-id"] for answer in answers)


@pytest.mark.timeout(300)
def test_a_real_proxy_obeys_the_file_after_it_was_started_anew_and_not_before(tmp_path: Path) -> None:
    url = f"http://127.0.0.1:{free_port()}"
    text = CONFIG.replace("weight: 90", "weight: 1").replace("weight: 10", "weight: 0")
    target = on(tmp_path, text, proxy=url, key={"env": "KEY"})
    assert target.caps.scope == "metadata"
    with proxy(tmp_path, url):
        before = target.read()
        assert (before.routing, before.phase) == (V1, "steady")
        assert served(url, 20) == {"v1": 20}
        target.apply(before, HALVES, "op-1")
        state = target.read()
        assert (state.routing, state.phase) == (HALVES, "mixed")
        assert served(url, 20) == {"v1": 20}, "what runs has read its configuration when it started"
    with proxy(tmp_path, url):
        assert target.read().phase == "steady"
        assert served(url, 60).keys() == {"v1", "v2"}
    target.close()
