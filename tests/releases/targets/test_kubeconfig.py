"""The way to a cluster: what is taken from a kubeconfig, a pod or the options, and what is refused."""

from __future__ import annotations

import base64
import ssl
import subprocess
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import yaml
from loopback import serving

from opsconsole.clock import ManualClock
from opsconsole.errors import ConfigError
from opsconsole.outside.secrets import SecretFrom
from opsconsole.releases.targets import kubernetes
from opsconsole.releases.targets.base import AuthFailed, Site, Unreachable
from opsconsole.releases.targets.kubernetes import Cluster, KubernetesOptions

PATH = "/api/v1/namespaces/ml/configmaps/x"


def site(directory: Path, **environ: str) -> Site:
    return Site("fraud", directory, ManualClock(datetime(2026, 11, 25, tzinfo=UTC)), environ)


def kubeconfig(directory: Path, cluster: Any, user: Any, mode: int = 0o600, namespace: str = "ml") -> Path:
    document = {
        "current-context": "here",
        "clusters": [{"name": "c", "cluster": cluster}],
        "users": [{"name": "u", "user": user}],
        "contexts": [
            {"name": "here", "context": {"cluster": "c", "user": "u", "namespace": namespace}},
            {"name": "broken", "context": {"cluster": "nowhere", "user": "u"}},
        ],
    }
    path = directory / "kubeconfig"
    path.write_text(yaml.safe_dump(document))
    path.chmod(mode)
    return path


def cluster(directory: Path, **options: Any) -> Cluster:
    return Cluster(KubernetesOptions(name="fraud", **options), site(directory, TOKEN="abc"))


def test_a_token_goes_as_a_bearer_wherever_it_comes_from(tmp_path: Path) -> None:
    (tmp_path / "token").write_text("from-file\n")
    with serving(lambda _: (200, {})) as there:
        server = {"server": there.url}
        ways: list[dict[str, Any]] = [
            {"server": there.url, "token": SecretFrom(env="TOKEN")},
            {"kubeconfig": kubeconfig(tmp_path, server, {"token": "inside"})},
        ]
        for options in ways:
            cluster(tmp_path, **options).get(PATH)
        cluster(tmp_path, kubeconfig=kubeconfig(tmp_path, server, {"tokenFile": "token"})).get(PATH)
        cluster(tmp_path, server=there.url).get(PATH)
    sent = [request.headers.get("authorization") for request in there.asked]
    assert sent == ["Bearer abc", "Bearer inside", "Bearer from-file", None]


def test_a_token_file_that_is_renewed_is_used_from_the_next_call_on(tmp_path: Path) -> None:
    (tmp_path / "token").write_text("first")
    with serving(lambda _: (200, {})) as there:
        reached = cluster(tmp_path, kubeconfig=kubeconfig(tmp_path, {"server": there.url}, {"tokenFile": "token"}))
        reached.get(PATH)
        (tmp_path / "token").write_text("second")
        reached.get(PATH)
        (tmp_path / "token").unlink()
        with pytest.raises(AuthFailed, match="token"):
            reached.get(PATH)
    assert [request.headers["authorization"] for request in there.asked] == ["Bearer first", "Bearer second"]


@pytest.mark.parametrize(
    ("where", "entry", "says"),
    [
        ("user", {"exec": {"command": "aws"}}, "executed"),
        ("user", {"auth-provider": {"name": "gcp"}}, "auth provider"),
        ("user", {"username": "admin", "password": "x"}, "password"),
        ("user", {"as": "root"}, "somebody else"),
        ("cluster", {"insecure-skip-tls-verify": True}, "certificates"),
        ("cluster", {"proxy-url": "http://proxy"}, "proxy"),
        ("cluster", {"certificate-authority-data": "%%"}, "certificate-authority"),
        ("cluster", {"certificate-authority": "nowhere.pem"}, "certificate-authority"),
        ("cluster", {"certificate-authority-data": base64.b64encode(b"no PEM").decode()}, "not understood"),
    ],
)
def test_what_is_not_done_is_refused_by_name(tmp_path: Path, where: str, entry: dict[str, Any], says: str) -> None:
    parts = {"cluster": {"server": "https://127.0.0.1:1"}, "user": {"token": "t"}}
    parts[where] |= entry
    with pytest.raises(ConfigError, match=says):
        cluster(tmp_path, kubeconfig=kubeconfig(tmp_path, parts["cluster"], parts["user"]))


def test_a_kubeconfig_with_credentials_that_others_can_read_is_refused(tmp_path: Path) -> None:
    file = kubeconfig(tmp_path, {"server": "https://127.0.0.1:1"}, {"token": "t"}, mode=0o644)
    with pytest.raises(ConfigError, match="others than its owner") as caught:
        cluster(tmp_path, kubeconfig=file)
    assert "chmod 600" in caught.value.remedy


@pytest.mark.parametrize("text", ["", "- 1", "clusters: 3", "a: b: c", "clusters: []\ncontexts: []\nusers: []"])
def test_what_is_no_kubeconfig_is_told_with_its_name(tmp_path: Path, text: str) -> None:
    (tmp_path / "kubeconfig").write_text(text)
    with pytest.raises(ConfigError, match="kubeconfig"):
        cluster(tmp_path, kubeconfig=Path("kubeconfig"))


def test_a_context_or_cluster_that_is_not_there_is_named(tmp_path: Path) -> None:
    file = kubeconfig(tmp_path, {"server": "https://127.0.0.1:1"}, {"token": "t"})
    with pytest.raises(ConfigError, match="no context `other`") as caught:
        cluster(tmp_path, kubeconfig=file, context="other")
    assert "here, broken" in caught.value.remedy
    with pytest.raises(ConfigError, match="no cluster `nowhere`"):
        cluster(tmp_path, kubeconfig=file, context="broken")
    with pytest.raises(ConfigError, match="both"):
        cluster(tmp_path, kubeconfig=file, server="https://127.0.0.1:1")
    with pytest.raises(ConfigError, match="no pod"):
        cluster(tmp_path)


def test_the_namespace_is_the_options_or_the_contexts_or_default(tmp_path: Path) -> None:
    file = kubeconfig(tmp_path, {"server": "https://127.0.0.1:1"}, {"token": "t"})
    assert cluster(tmp_path, kubeconfig=file).namespace == "ml"
    assert cluster(tmp_path, kubeconfig=file, namespace="other").namespace == "other"
    assert cluster(tmp_path, server="https://127.0.0.1:1").namespace == "default"


# TLS ----------------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Authority:
    """A certificate authority, a server's pair and a client's pair, as PEM files."""

    directory: Path

    def file(self, name: str) -> Path:
        return self.directory / name

    def make(self, name: str, subject: str, *extensions: str, words: tuple[str, ...] = ("-x509", "-days", "2")) -> None:
        key = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-batch"]
        command = ["openssl", "req", *words, *key, "-subj", f"/CN={subject}", "-keyout", f"{name}.key", "-out", name]
        command += [word for extension in extensions for word in ("-addext", extension)]
        subprocess.run(command, cwd=self.directory, check=True, capture_output=True)

    def signed(self, name: str, subject: str, *extensions: str) -> None:
        self.make(name, subject, *extensions, words=("-new",))
        words = ["openssl", "x509", "-req", "-copy_extensions", "copy", "-in", name, "-out", f"{name}.signed"]
        authority = ["-CA", "ca", "-CAkey", "ca.key", "-CAcreateserial", "-days", "2"]
        subprocess.run([*words, *authority], cwd=self.directory, check=True, capture_output=True)

    def inside(self, name: str) -> str:
        return base64.b64encode(self.file(name).read_bytes()).decode()


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    made = Authority(tmp_path_factory.mktemp("tls"))
    made.make("ca", "authority", "basicConstraints=critical,CA:TRUE", "keyUsage=critical,keyCertSign,cRLSign")
    made.make("other", "somebody else")
    ends = ("basicConstraints=critical,CA:FALSE", "subjectAltName=IP:127.0.0.1")
    made.signed("server", "127.0.0.1", *ends)
    made.signed("client", "opsconsole", *ends)
    return made


@pytest.fixture
def mutual(authority: Authority) -> ssl.SSLContext:
    """A server that lets in only who shows a certificate of the authority."""
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH, cafile=str(authority.file("ca")))
    context.load_cert_chain(authority.file("server.signed"), authority.file("server.key"))
    context.verify_mode = ssl.CERT_REQUIRED
    return context


def test_a_client_certificate_from_inside_or_beside_the_kubeconfig_opens_the_door(
    tmp_path: Path, authority: Authority, mutual: ssl.SSLContext
) -> None:
    with serving(lambda _: (200, {"ok": True}), tls=mutual) as there:
        trusted = {"server": there.url, "certificate-authority-data": authority.inside("ca")}
        user = {
            "client-certificate-data": authority.inside("client.signed"),
            "client-key-data": authority.inside("client.key"),
        }
        assert cluster(tmp_path, kubeconfig=kubeconfig(tmp_path, trusted, user)).get(PATH) == {"ok": True}
        beside = {
            "client-certificate": str(authority.file("client.signed")),
            "client-key": str(authority.file("client.key")),
        }
        trusted = {"server": there.url, "certificate-authority": str(authority.file("ca"))}
        assert cluster(tmp_path, kubeconfig=kubeconfig(tmp_path, trusted, beside)).get(PATH) == {"ok": True}


def test_a_server_that_is_not_of_the_authority_gets_nothing(
    tmp_path: Path, authority: Authority, mutual: ssl.SSLContext
) -> None:
    mutual.verify_mode = ssl.CERT_NONE
    with serving(lambda _: (200, {}), tls=mutual) as there:
        stranger = {"server": there.url, "certificate-authority-data": authority.inside("other")}
        reached = cluster(tmp_path, kubeconfig=kubeconfig(tmp_path, stranger, {"token": "secret"}))
        with pytest.raises(Unreachable, match="certificate"):
            reached.get(PATH)
    assert there.asked == []


def test_certificates_are_named_in_one_place(tmp_path: Path, authority: Authority) -> None:
    trusted = {"server": "https://127.0.0.1:1", "certificate-authority-data": authority.inside("ca")}
    file = kubeconfig(tmp_path, trusted, {"token": "t"})
    with pytest.raises(ConfigError, match="ca_file"):
        cluster(tmp_path, kubeconfig=file, ca_file=authority.file("ca"))


def test_a_pod_whose_service_account_is_half_there_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(kubernetes, "MOUNTED", tmp_path)
    with pytest.raises(ConfigError, match="namespace"):
        Cluster(KubernetesOptions(name="fraud"), site(tmp_path, KUBERNETES_SERVICE_HOST="127.0.0.1"))


def test_in_a_pod_the_mounted_service_account_is_used(
    tmp_path: Path, authority: Authority, mutual: ssl.SSLContext, monkeypatch: pytest.MonkeyPatch
) -> None:
    mutual.verify_mode = ssl.CERT_NONE
    monkeypatch.setattr(kubernetes, "MOUNTED", tmp_path)
    for name, text in (("namespace", "serving"), ("token", "mounted"), ("ca.crt", authority.file("ca").read_text())):
        (tmp_path / name).write_text(text)
    with serving(lambda _: (200, {}), tls=mutual) as there:
        port = there.url.rpartition(":")[2]
        here = site(tmp_path, KUBERNETES_SERVICE_HOST="127.0.0.1", KUBERNETES_SERVICE_PORT=port)
        reached = Cluster(KubernetesOptions(name="fraud"), here)
        reached.get(PATH)
    assert reached.namespace == "serving"
    assert there.asked[0].headers["authorization"] == "Bearer mounted"
