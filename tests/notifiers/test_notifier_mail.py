"""Mail: over an encrypted connection or not at all, one thread a key, and an end that is understood."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from mail_server import PASSWORD, USER, Mailbox, Security, mail_server
from telling import NOW, built, notice

from faulty_server import closed_port
from opsconsole.errors import ConfigError
from opsconsole.notifiers.base import (
    AuthFailed,
    Busy,
    Indeterminate,
    Message,
    Notifier,
    OutsideError,
    Rejected,
    Unreachable,
)

MESSAGE = Message(notice(), "3f2a9c01d4e5f607")


def mail(directory: Path, box: Mailbox | None, security: Security = "starttls", **changed: Any) -> Notifier:
    given: dict[str, Any] = {
        "host": "127.0.0.1",
        "port": box.port if box else 0,
        "security": security,
        "ca_file": "ca.pem",
        "user": USER,
        "password": {"env": "SMTP_PASSWORD"},
        "sender": "opsconsole <ops@example.org>",
        "recipients": ["Ann <ann@example.org>", "bob@example.org"],
        "timeout_s": 1.0,
    }
    environ = {"SMTP_PASSWORD": changed.pop("secret", PASSWORD)}
    options = {name: value for name, value in (given | changed).items() if value is not None}
    return built("email", directory, environ, **options)


@pytest.mark.parametrize("security", ["starttls", "tls"])
def test_a_mail_goes_to_everybody_over_an_encrypted_connection(security: Security, tmp_path: Path) -> None:
    with mail_server(tmp_path, security) as box:
        told = mail(tmp_path, box, security).send(MESSAGE)
    [received] = box.received
    assert told == "taken for ann@example.org, bob@example.org"
    assert (received.sender, received.recipients) == ("ops@example.org", ("ann@example.org", "bob@example.org"))
    assert received.was_encrypted
    assert received.mail["Subject"] == "[FIRING] prod chat-assist: error budget burns 14 times too fast"
    assert received.mail["From"] == "opsconsole <ops@example.org>"
    assert "errors 9.1 % (low 8.2 %)" in received.mail.get_content()
    assert received.mail["Date"].datetime == NOW.replace(microsecond=0)


def test_everything_that_is_said_of_one_thing_is_one_thread(tmp_path: Path) -> None:
    with mail_server(tmp_path) as box:
        notifier = mail(tmp_path, box)
        for id, changed in (("1", {}), ("2", {"kind": "resolved"}), ("2", {"kind": "resolved"}), ("3", {"key": "x"})):  # noqa: A001
            notifier.send(Message(notice(**changed), id))
    ids = [each.mail["Message-ID"] for each in box.received]
    threads = [each.mail["References"] for each in box.received]
    assert ids[0] != ids[1] == ids[2] != ids[3]
    assert threads[0] == threads[1] == threads[2] != threads[3]
    assert [each.mail["In-Reply-To"] for each in box.received] == threads


def test_without_encryption_nothing_is_said(tmp_path: Path) -> None:
    with mail_server(tmp_path) as box:
        box.offers_tls = False
        with pytest.raises(Unreachable, match="nothing was sent"):
            mail(tmp_path, box).send(MESSAGE)
    assert {line.split(" ")[0] for line in box.said} <= {"EHLO", "ehlo", "QUIT", "quit"}
    assert box.received == []


def test_a_certificate_that_nobody_vouches_for_is_refused(tmp_path: Path) -> None:
    with mail_server(tmp_path) as box, pytest.raises(Unreachable, match=r"(?i)certificate.*nothing was sent"):
        mail(tmp_path, box, ca_file=None).send(MESSAGE)
    assert not any(line.upper().startswith(("AUTH", "MAIL")) for line in box.said)


def test_a_server_of_this_machine_needs_neither_encryption_nor_password(tmp_path: Path) -> None:
    with mail_server(tmp_path, "none", needs_password=False) as box:
        mail(tmp_path, box, "none", user=None, password=None, ca_file=None).send(MESSAGE)
    assert len(box.received) == 1


FAULTS: dict[str, tuple[dict[str, str], type[OutsideError]]] = {
    "it is busy at once": ({"CONNECT": "421 4.3.2 come back"}, Unreachable),
    "it does not want us": ({"CONNECT": "554 5.7.1 no"}, Unreachable),
    "it hangs at once": ({"CONNECT": "hang"}, Unreachable),
    "it drips": ({"EHLO": "drip"}, Unreachable),
    "it hangs up before": ({"AUTH": "drop"}, Unreachable),
    "greylisting": ({"RCPT ann@example.org": "450 4.7.1 later", "RCPT bob@example.org": "450 4.7.1 later"}, Busy),
    "nobody there": ({"RCPT ann@example.org": "550 5.1.1 no", "RCPT bob@example.org": "550 5.1.1 no"}, Rejected),
    "one later, one never": ({"RCPT ann@example.org": "450 later", "RCPT bob@example.org": "550 no"}, Busy),
    "the sender is refused": ({"MAIL": "550 5.7.1 not you"}, Rejected),
    "the mail is refused": ({".": "554 5.7.1 spam"}, Rejected),
    "the disk is full": ({".": "452 4.3.1 full"}, Busy),
    "it hangs at the end": ({".": "hang"}, Indeterminate),
    "it takes it and hangs up": ({".": "drop after"}, Indeterminate),
}


@pytest.mark.parametrize("name", FAULTS)
def test_how_it_ends_says_whether_it_is_sent_again(name: str, tmp_path: Path) -> None:
    answers, kind = FAULTS[name]
    with mail_server(tmp_path) as box:
        notifier = mail(tmp_path, box)
        box.answers |= answers
        with pytest.raises(OutsideError) as caught:
            notifier.send(MESSAGE)
        assert type(caught.value) is kind
        box.answers.clear()
        notifier.send(MESSAGE)
    assert {each.mail["Message-ID"] for each in box.received} == {f"<opsconsole.{MESSAGE.id}@example.org>"}


@pytest.mark.parametrize("ending", ["drop", "hang", "421 4.0.0 bye"])
def test_what_was_taken_is_taken_however_they_part(ending: str, tmp_path: Path) -> None:
    with mail_server(tmp_path) as box:
        box.answers["QUIT"] = ending
        assert mail(tmp_path, box).send(MESSAGE).startswith("taken")


def test_who_did_not_get_it_is_said(tmp_path: Path) -> None:
    with mail_server(tmp_path) as box:
        box.answers["RCPT bob@example.org"] = "550 5.1.1 no such person"
        told = mail(tmp_path, box).send(MESSAGE)
    assert told.startswith("taken for 1 of 2: bob@example.org: ")
    assert "no such person" in told


def test_a_wrong_password_is_a_matter_of_credentials_and_is_not_quoted(tmp_path: Path) -> None:
    with mail_server(tmp_path) as box, pytest.raises(AuthFailed, match="535") as caught:
        mail(tmp_path, box, secret="another-secret").send(MESSAGE)
    assert "another-secret" not in caught.value.message


def test_where_nobody_listens_nothing_was_sent(tmp_path: Path) -> None:
    with mail_server(tmp_path):
        notifier = mail(tmp_path, None, port=closed_port())
    with pytest.raises(Unreachable, match="nothing was sent"):
        notifier.send(MESSAGE)


def test_a_title_cannot_add_a_header(tmp_path: Path) -> None:
    with mail_server(tmp_path) as box:
        mail(tmp_path, box).send(Message(notice(title="x\r\nBcc: eve@example.org\r\n\r\nhello"), "1"))
    [received] = box.received
    assert received.mail["Bcc"] is None
    assert received.recipients == ("ann@example.org", "bob@example.org")


@pytest.mark.parametrize(
    ("changed", "complaint"),
    [
        ({"recipients": ["nobody"]}, "is no mail address"),
        ({"sender": "a@b\r\nBcc: c@d"}, "is no mail address"),
        ({"user": None}, "one without the other"),
        ({"security": "none", "host": "smtp.example.org"}, "in the clear"),
        ({"ca_file": "nowhere.pem"}, "certificates cannot be read"),
        ({"recipients": []}, "recipients"),
    ],
)
def test_what_cannot_work_is_refused_when_it_is_read(changed: dict[str, Any], complaint: str, tmp_path: Path) -> None:
    with mail_server(tmp_path) as box, pytest.raises(ConfigError, match=complaint):
        mail(tmp_path, box, **changed)
