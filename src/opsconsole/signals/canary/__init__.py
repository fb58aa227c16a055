"""Is the new version worse than the old one, while both serve? The statistics of a gradual rollout.

``begun`` → ``after`` for every minute → ``read``; or ``judged`` for all minutes at once. Each module is one thing:
``odds`` and ``shift`` are the two kinds of evidence, ``streams``, ``tail`` and ``outputs`` what they are asked about,
``past`` what is usual, ``stakes`` how several become one, ``analysis`` the fold over the minutes, ``reading`` its
words.
"""

from opsconsole.signals.canary.analysis import Analysis, after, begun, counts, judged
from opsconsole.signals.canary.reading import read

__all__ = ["Analysis", "after", "begun", "counts", "judged", "read"]
