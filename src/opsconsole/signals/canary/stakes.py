"""How several e-processes become one: their mean, over those that have had data.

A mean of e-processes is one. So that a stream which is never logged does not dilute the others, it has no part until
its first data arrive; that they arrive is seen before what they say. A stream that joins late must not raise what was
there: it takes its equal part at the e-value 1 only if the mean stands at 1 or more, and else at what the mean stands
at.

Always true here: joining never raises the whole, so that P(it ever reaches 1/α) ≤ α (Ville 1939) holds through it;
where all streams begin in one minute, which is the usual case, the whole is the plain mean of their e-values.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from math import inf, log

import numpy as np

from opsconsole.signals.canary.odds import log_sum


@dataclass(frozen=True)
class Stakes:
    """Logarithm of each stream's part."""

    logs: Mapping[str, float] = field(default_factory=dict)

    def joined(self, names: Sequence[str], log_es: Mapping[str, float]) -> Stakes:
        """With streams whose first data are about to be looked at; ``log_es`` of the others as they stand before."""
        new = [name for name in names if name not in self.logs]
        if not new:
            return self
        had, has = len(self.logs), len(self.logs) + len(new)
        entry = min(self.log_e(log_es), 0.0) if had else 0.0
        kept = {name: each + log(had / has) for name, each in self.logs.items()}
        return Stakes(kept | {name: entry - log(has) for name in new})

    def log_e(self, log_es: Mapping[str, float]) -> float:
        """ln of the whole; 0 while nobody has joined."""
        if not self.logs:
            return 0.0
        found = log_sum(np.array([each + log_es[name] for name, each in self.logs.items()]))
        return found if found > -inf else -1e9
