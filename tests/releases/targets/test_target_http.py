"""HTTP targets in front of a server that refuses, hangs, resets, fails and does things by halves."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from subjects import ROLLED_BACK, SECRET, SERVICE, HttpSubject, built

from faulty_server import Answer, Fault, closed_port
from opsconsole.errors import ConfigError
from opsconsole.releases.targets.base import (
    AuthFailed,
    Busy,
    Conflict,
    Indeterminate,
    Rejected,
    TargetError,
    Unreachable,
    Unsupported,
)
from opsconsole.wire import Routing

NO = {"message": f"no, {SECRET}"}


@pytest.fixture
def subject(tmp_path: Path) -> Iterator[HttpSubject]:
    made = HttpSubject(tmp_path)
    with made.server:
        yield made
    made.target.close()


FAULTS: dict[str, tuple[Fault, type[TargetError], type[TargetError]]] = {
    "hang": (Fault("hang"), Indeterminate, Unreachable),
    "hang after it was obeyed": (Fault("hang", is_obeyed=True), Indeterminate, Unreachable),
    "one byte at a time": (Fault("drip", is_obeyed=True), Indeterminate, Unreachable),
    "reset after send": (Fault("reset"), Indeterminate, Unreachable),
    "reset after it was obeyed": (Fault("reset", is_obeyed=True), Indeterminate, Unreachable),
    "answer cut off": (Fault("cut", is_obeyed=True), Indeterminate, Unreachable),
    "301": (Fault(answer=Answer(301, NO, {"Location": "https://elsewhere"})), Rejected, Rejected),
    "400": (Fault(answer=Answer(400, NO)), Rejected, Rejected),
    "401": (Fault(answer=Answer(401, NO)), AuthFailed, AuthFailed),
    "403": (Fault(answer=Answer(403, NO)), AuthFailed, AuthFailed),
    "404": (Fault(answer=Answer(404, NO)), Rejected, Rejected),
    "408": (Fault(answer=Answer(408, NO)), Indeterminate, Unreachable),
    "409": (Fault(answer=Answer(409, NO)), Conflict, Rejected),
    "412": (Fault(answer=Answer(412, NO)), Conflict, Rejected),
    "422": (Fault(answer=Answer(422, NO)), Rejected, Rejected),
    "423": (Fault(answer=Answer(423, NO)), Busy, Unreachable),
    "429": (Fault(answer=Answer(429, NO, {"Retry-After": "30"})), Busy, Unreachable),
    "500": (Fault(answer=Answer(500, NO)), Indeterminate, Unreachable),
    "500 after it was obeyed": (Fault(answer=Answer(500, NO), is_obeyed=True), Indeterminate, Unreachable),
    "501": (Fault(answer=Answer(501, NO)), Rejected, Rejected),
    "502": (Fault(answer=Answer(502, b"<html>Bad Gateway</html>")), Indeterminate, Unreachable),
    "503": (Fault(answer=Answer(503, NO)), Busy, Unreachable),
    "504": (Fault(answer=Answer(504, NO)), Indeterminate, Unreachable),
    "777": (Fault(answer=Answer(777, NO)), Indeterminate, Unreachable),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_a_write_that_fails_is_told_for_what_it_is_and_sent_once(fault: str, subject: HttpSubject) -> None:
    how, expected, _ = FAULTS[fault]
    before = subject.target.read()
    subject.server.fail(how)
    with pytest.raises(TargetError) as caught:
        subject.target.apply(before, ROLLED_BACK, "op-1")
    assert type(caught.value) is expected
    assert caught.value.remedy
    assert SECRET not in str(caught.value) + caught.value.remedy
    assert len(subject.server.writes()) == 1


@pytest.mark.parametrize("fault", FAULTS)
def test_a_read_that_fails_changed_nothing_and_can_be_repeated(fault: str, subject: HttpSubject) -> None:
    how, _, expected = FAULTS[fault]
    subject.server.fail(how, on=("GET",))
    with pytest.raises(TargetError) as caught:
        subject.target.read()
    assert type(caught.value) is expected
    assert SECRET not in str(caught.value)
    assert subject.target.read().routing.shares == {"v41": 0.9, "v42": 0.1}


def test_where_nobody_listens_nothing_was_sent(tmp_path: Path) -> None:
    target = built("http", tmp_path, **(GOOD | {"url": f"http://127.0.0.1:{closed_port()}"}))
    with pytest.raises(Unreachable, match="nothing was sent"):
        target.read()


def test_a_write_to_a_server_that_went_away_was_not_sent(tmp_path: Path) -> None:
    subject = HttpSubject(tmp_path)
    with subject.server:
        before = subject.target.read()
    with pytest.raises(Unreachable):
        subject.target.apply(before, ROLLED_BACK, "op-1")


def test_half_a_change_is_indeterminate_and_then_read_back_as_it_is(subject: HttpSubject) -> None:
    before = subject.target.read()
    subject.server.fail(Fault(instead=subject.half))
    with pytest.raises(Indeterminate, match="out of memory"):
        subject.target.apply(before, ROLLED_BACK, "op-1")
    assert subject.target.read().routing.shares == pytest.approx({"v41": 50 / 60, "v42": 10 / 60})


def test_who_changes_it_between_the_last_look_and_the_write_is_found_by_the_etag(subject: HttpSubject) -> None:
    before = subject.target.read()
    subject.server.fail(Fault(instead=lambda asked: (subject.meddle(), subject.answer(asked))[1]))
    with pytest.raises(Conflict, match="412"):
        subject.target.apply(before, ROLLED_BACK, "op-1")
    assert subject.weights == {"v41": 80, "v42": 20}


def test_what_is_changing_already_is_busy(subject: HttpSubject) -> None:
    before = subject.target.read()
    subject.phase = "Updating"
    with pytest.raises(Busy, match="changing"):
        subject.target.apply(before, ROLLED_BACK, "op-1")
    assert subject.server.writes() == []


def test_a_phase_that_nobody_named_is_unknown(subject: HttpSubject) -> None:
    subject.phase = "Pondering"
    assert subject.target.read().phase == "unknown"


def test_retry_after_is_told_in_words(subject: HttpSubject) -> None:
    before = subject.target.read()
    subject.server.fail(Fault(answer=Answer(429, NO, {"Retry-After": "30"})))
    with pytest.raises(Busy) as caught:
        subject.target.apply(before, ROLLED_BACK, "op-1")
    assert "in 30 s" in caught.value.remedy


def test_a_missing_secret_is_named_before_anything_is_asked(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"\$NO_SUCH_VARIABLE"):
        built("http", tmp_path, **GOOD, headers={"Authorization": {"env": "NO_SUCH_VARIABLE"}})


def test_a_secret_that_others_can_read_by_now_stops_the_next_call(tmp_path: Path) -> None:
    token = tmp_path / "token"
    token.write_text(SECRET + "\n")
    token.chmod(0o600)
    subject = HttpSubject(tmp_path, headers={"Authorization": {"file": "token", "prefix": "Bearer "}})
    with subject.server:
        assert subject.target.read()
        token.chmod(0o644)
        with pytest.raises(AuthFailed) as caught:
            subject.target.read()
    assert caught.value.remedy == f"chmod 600 {token}"
    assert len(subject.server.asked) == 1


@pytest.mark.parametrize(
    ("options", "document"),
    [
        ({"weights_at": "weights"}, {"weights": {"v41": 9, "v42": 1}}),
        ({"weights_at": "routes.0.split"}, {"routes": [{"split": {"v41": 0.9, "v42": 0.1}}]}),
        (
            {"weights_at": "traffic", "name_key": "name", "weight_key": "percent"},
            {"traffic": [{"name": "v41", "percent": 90}, {"name": "v42", "percent": 10}]},
        ),
    ],
)
def test_weights_are_found_wherever_they_stand(options: dict[str, str], document: object, tmp_path: Path) -> None:
    subject = HttpSubject(tmp_path, etag=False, phase_at="", **options)
    with subject.server:
        subject.server.fail(Fault(answer=Answer(200, document)), on=("GET",))
        assert subject.target.read().routing.shares == pytest.approx({"v41": 0.9, "v42": 0.1})


@pytest.mark.parametrize(
    ("document", "complaint"),
    [
        (b"<html>", "no JSON"),
        ({"state": {}}, "`weights` is missing"),
        ({"state": {"weights": ["v41"]}}, "Expected `object`"),
        ({"state": {"weights": {"v41": "all"}}}, "Expected `float`"),
        ({"state": {"weights": {"v41": 0}}}, "no weight above 0"),
        ({"state": {"weights": {"v41": -1, "v42": 2}}}, "not a number from 0 up"),
    ],
)
def test_an_answer_that_is_not_understood_is_refused_with_what_is_wrong(
    document: object, complaint: str, subject: HttpSubject
) -> None:
    if isinstance(document, dict):
        document["state"]["phase"] = "InService"
    subject.server.fail(Fault(answer=Answer(200, document, {"ETag": '"1"'})), on=("GET",))
    with pytest.raises(Rejected, match=complaint):
        subject.target.read()


def test_an_etag_that_was_promised_and_is_missing_is_refused(subject: HttpSubject) -> None:
    document = {"state": {"weights": {"v41": 1}, "phase": "InService"}}
    subject.server.fail(Fault(answer=Answer(200, document)), on=("GET",))
    with pytest.raises(Rejected, match="no ETag"):
        subject.target.read()


def test_weights_go_out_in_the_unit_and_the_shape_that_the_interface_has(tmp_path: Path) -> None:
    subject = HttpSubject(tmp_path, unit="share", name_key="name", weight_key="part", etag=False, phase_at="")
    rows = [{"name": "v41", "part": 0.9}, {"name": "v42", "part": 0.1}]
    with subject.server:
        subject.server.fail(Fault(answer=Answer(200, {"state": {"weights": rows}})), on=("GET",))
        before = subject.target.read()
    request = subject.target.requests(before, Routing(shares={"v41": 0.75, "v42": 0.25}))[0]
    assert '[{"name": "v41", "part": 0.75}, {"name": "v42", "part": 0.25}]' in request.body


def test_a_share_too_small_for_whole_percents_is_refused_and_not_rounded_away(subject: HttpSubject) -> None:
    before = subject.target.read()
    with pytest.raises(Unsupported, match="less than this target can count"):
        subject.target.requests(before, Routing(shares={"v41": 0.996, "v42": 0.004}))


def test_a_version_is_quoted_in_the_address(tmp_path: Path) -> None:
    call = {"method": "PUT", "path": "/v1/{service}/{version}", "body": "{weights}"}
    subject = HttpSubject(tmp_path, apply=call)
    with subject.server:
        request = subject.target.requests(subject.target.read(), Routing(shares={"v43/../admin?x": 1.0}))[0]
    assert request.where.endswith(f"/v1/{SERVICE}/v43%2F..%2Fadmin%3Fx")


GOOD = {"url": "https://router.internal", "read": {"path": "/r"}, "apply": {"path": "/w"}}


@pytest.mark.parametrize(
    ("options", "complaint", "remedy"),
    [
        ({"url": "http://router.internal"}, "not encrypted", "plain_http: true"),
        ({"url": "https://me:hunter2@router.internal"}, "has a password in it", "env: NAME"),
        ({"url": "router.internal"}, "no address of HTTP", "https://host"),
        ({"headers": {"Authorization": "Bearer hunter2"}}, "credentials do not stand", "env: NAME"),
        ({"apply": {"path": "/w/{verson}"}}, "no placeholder {verson}", "`version`"),
        ({"apply": {"path": "/w", "body": {"a": ["{weight}"]}}}, "no placeholder {weight}", "`weights`"),
        ({"apply": {"path": "w"}}, "does not begin with `/`", "behind `url`"),
        ({"apply": {"path": "/w", "verb": "PUT"}}, "options.apply.verb", "Known here"),
        ({"read": {"path": "/{version}"}}, "no placeholder {version}", "service"),
        ({"name_key": "name"}, "one without the other", "both"),
        ({"etag": True, "token_at": "x"}, "both say", "one of them"),
        ({"ca_file": "missing.pem"}, "certificates cannot be read", "PEM"),
        ({"timeout_s": 0}, r"timeout_s: Expected `float` > 0", "docs/targets.md"),
    ],
)
def test_options_that_cannot_be_right_are_refused_when_they_are_read(
    options: dict[str, object], complaint: str, remedy: str, tmp_path: Path
) -> None:
    with pytest.raises(ConfigError) as caught:
        built("http", tmp_path, **(GOOD | options))
    assert complaint in caught.value.message
    assert "opsconsole.yaml:14" in caught.value.message
    assert "hunter2" not in str(caught.value)
    assert remedy in caught.value.remedy
