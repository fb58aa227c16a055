"""How asking another system can fail, for every room that asks one.

Always true here: which failure it is says whether anything may have been changed, and so whether it may be sent again.

The errors::

    OutsideError
    ├── Conflict        it is not as it was when it was looked at: nothing was sent, or nothing taken
    ├── Busy            it takes nothing for now: nothing was sent, or nothing taken
    ├── Rejected        it understood and said no: nothing changed
    ├── Unsupported     it cannot do this at all: nothing was sent
    ├── AuthFailed      credentials are missing, wrong or expired: nothing changed
    ├── Unreachable     no connection was made: nothing was sent
    └── Indeterminate   it was sent, or may have been, and there is no answer
"""

from __future__ import annotations


class OutsideError(Exception):
    """What another system said or did not say, and what to do about it."""

    def __init__(self, message: str, remedy: str = "", *, retry_after_s: float | None = None) -> None:
        """``retry_after_s`` is how long it asks to be left alone, in seconds; None where it does not say."""
        super().__init__(message)
        self.message = message
        self.remedy = remedy
        self.retry_after_s = retry_after_s


class Conflict(OutsideError):  # noqa: N818 - named for what happened, as in the table above
    """Carries what whoever asked found instead, in their own terms; None where that could not be read."""

    def __init__(
        self,
        message: str,
        remedy: str = "",
        found: object = None,
        *,
        retry_after_s: float | None = None,
    ) -> None:
        super().__init__(message, remedy, retry_after_s=retry_after_s)
        self.found = found


class Busy(OutsideError):  # noqa: N818
    pass


class Rejected(OutsideError):  # noqa: N818
    pass


class Unsupported(OutsideError):  # noqa: N818
    pass


class AuthFailed(OutsideError):  # noqa: N818
    pass


class Unreachable(OutsideError):  # noqa: N818
    pass


class Indeterminate(OutsideError):  # noqa: N818
    pass
