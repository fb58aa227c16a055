"""Text that is cut says so.

Always true here: no more characters than there is room for, the ellipsis among them; what fits is left as it is.
"""

from __future__ import annotations


def clipped(text: str, most: int) -> str:
    """At most so many characters of it."""
    return text if len(text) <= most else text[: most - 1] + "…"
