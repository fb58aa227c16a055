"""Every error that a person can meet, and the exit code that a script can rely on.

The tree::

    OpsConsoleError                 1   anything below; says what happened, where, and what to do next
    ├── UsageError                  2   the command's words are off
    ├── ConfigError                 3   opsconsole.yaml: names the file, the line and the nearest valid key
    ├── InputError                  4   a log that cannot be understood: which columns are missing, how to name them
    ├── DaemonError                 5   the daemon cannot be started or reached
    │   ├── NotReached              5   nobody is at its socket: nothing was asked, and so nothing was done
    │   └── RequestRefused          6   the daemon answered, and said no
    ├── QueryError                  7   SQL that DuckDB refuses, or that is not read-only
    ├── StoreError                  8   the store cannot be opened, or is of a version that cannot be migrated
    ├── JournalError                9   the journal's chain is broken
    ├── ChecklistError             17   a checklist has errors, or a rule of it says no
    ├── NotDelivered               18   somebody could not be told: names by what, and why
    └── ReleaseError               14   a release's target cannot be read, or failed; nothing was changed
        ├── ReleaseRefused         10   a rule said no, and nothing was sent: names the rule and what would satisfy it
        ├── WorldMoved             11   the target is not as it was shown, and nothing was sent
        ├── ReleaseIndeterminate   12   it was sent, and what became of it cannot be read back yet
        └── NotEffective           13   it was sent, and the target or the traffic says otherwise

No module raises a bare ``Exception`` at a person: what has no place here is a bug and shows its traceback.
"""

from __future__ import annotations


def sentences(*texts: str) -> str:
    """Texts behind each other, a full stop between them where the one before has none."""
    said = [text for text in texts if text]
    return " ".join([*(text if text[-1] in ".?!…" else f"{text}." for text in said[:-1]), *said[-1:]])


class OpsConsoleError(Exception):
    """What happened, and on a second line what to do next."""

    exit_code = 1

    def __init__(self, message: str, remedy: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.remedy = remedy

    def __str__(self) -> str:
        return f"{self.message}\n{self.remedy}" if self.remedy else self.message

    @property
    def told(self) -> str:
        """What happened and what to do next, on one line."""
        return sentences(self.message, self.remedy)


class UsageError(OpsConsoleError):
    exit_code = 2


class ConfigError(OpsConsoleError):
    exit_code = 3


class InputError(OpsConsoleError):
    exit_code = 4


class DaemonError(OpsConsoleError):
    exit_code = 5


class NotReached(DaemonError):  # noqa: N818 - past tense, as everything that happened is named
    """Never crosses the socket."""


class RequestRefused(DaemonError):  # noqa: N818
    exit_code = 6


class QueryError(OpsConsoleError):
    exit_code = 7


class StoreError(OpsConsoleError):
    exit_code = 8


class JournalError(OpsConsoleError):
    exit_code = 9


class ChecklistError(OpsConsoleError):
    exit_code = 17


class NotDelivered(OpsConsoleError):  # noqa: N818
    exit_code = 18


class ReleaseError(OpsConsoleError):
    exit_code = 14


class ReleaseRefused(ReleaseError):  # noqa: N818 - past tense, as everything that happened is named
    exit_code = 10


class WorldMoved(ReleaseError):  # noqa: N818
    exit_code = 11


class ReleaseIndeterminate(ReleaseError):  # noqa: N818
    exit_code = 12


class NotEffective(ReleaseError):  # noqa: N818
    exit_code = 13


BY_NAME: dict[str, type[OpsConsoleError]] = {
    kind.__name__: kind
    for kind in (
        OpsConsoleError,
        UsageError,
        ConfigError,
        InputError,
        DaemonError,
        RequestRefused,
        QueryError,
        StoreError,
        JournalError,
        ChecklistError,
        NotDelivered,
        ReleaseError,
        ReleaseRefused,
        WorldMoved,
        ReleaseIndeterminate,
        NotEffective,
    )
}
"""How an error crosses the socket: by class name, and rises again as the same class on the other side."""
