"""What a version is made of, read exactly: what pins each part, how two versions differ, how one is made again.

Always true here: everything is a pure function of manifests, so that the daemon, the command line and the console say
the same; a manifest is text of strangers, so nothing of it stands in a command unquoted; what cannot be told is said
to be unclear and never counts as the same.
"""

from opsconsole.provenance.comparing import Difference, PartDifference, compare
from opsconsole.provenance.pins import KINDS, NO_HASHES, Pin, pin_of, short_digest
from opsconsole.provenance.reproducing import Gap, Reproduction, Step, is_reproducible, reproduce

__all__ = [
    "KINDS",
    "NO_HASHES",
    "Difference",
    "Gap",
    "PartDifference",
    "Pin",
    "Reproduction",
    "Step",
    "compare",
    "is_reproducible",
    "pin_of",
    "reproduce",
    "short_digest",
]
