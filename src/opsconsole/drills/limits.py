"""Numbers as scenarios may write them.

Always true here: what lies outside is refused at its line.
"""

from __future__ import annotations

from typing import Annotated

from msgspec import Meta

Share = Annotated[float, Meta(ge=0, le=1)]
Positive = Annotated[float, Meta(gt=0)]
NotNegative = Annotated[float, Meta(ge=0)]
NotPositive = Annotated[float, Meta(le=0)]
