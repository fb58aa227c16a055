"""How numbers are written: short, with their unit, and never invented.

Always true here: ``None`` becomes an en dash, never 0; a number that rounds to zero but is not says so (``<0.01%``);
every form has a widest case, so that columns can be fixed.
"""

from __future__ import annotations

import math
import re
from datetime import datetime

from opsconsole import rates, wire

MISSING = "–"


def duration(ms: float | None) -> str:
    """Milliseconds in at most five cells: ``0.4ms``, ``812ms``, ``2.14s``, ``12.3s``, ``135s``, ``12m``, ``3.4h``."""
    if ms is None:
        return MISSING
    if ms < 9.95:
        return "0ms" if ms == 0 else f"{ms:.1f}ms" if ms >= 0.05 else "<.1ms"
    if ms < 999.5:
        return f"{ms:.0f}ms"
    seconds = ms / 1000
    if seconds < 9.995:
        return f"{seconds:.2f}s"
    if seconds < 99.95:
        return f"{seconds:.1f}s"
    if seconds < 599.5:
        return f"{seconds:.0f}s"
    return f"{seconds / 60:.0f}m" if seconds < 3600 else f"{seconds / 3600:.1f}h" if seconds < 35_640 else "≥10h"


def count(n: float | None) -> str:
    """A count in at most five cells: ``812``, ``9,120``, ``44.6k``, ``1.2M``."""
    if n is None:
        return MISSING
    if n < 9_999.5:
        return f"{n:,.0f}"
    for limit, divisor, suffix in ((999_950, 1e3, "k"), (999_950_000, 1e6, "M"), (999_950_000_000, 1e9, "G")):
        if n < limit:
            scaled = n / divisor
            return f"{scaled:.1f}{suffix}" if scaled < 99.95 else f"{scaled:.0f}{suffix}"
    return f"{n / 1e12:.1f}T"


def rate(per_s: float | None) -> str:
    """Requests a second in at most five cells; below one a minute it says how small."""
    if per_s is None:
        return MISSING
    if per_s == 0:
        return "0"
    if per_s < 0.01:
        return "<0.01"
    if per_s < 9.995:
        return f"{per_s:.2f}"
    return f"{per_s:.1f}" if per_s < 999.95 else count(per_s)


def percent(share: float | None) -> str:
    """A share of one in at most six cells: ``0%``, ``<0.01%``, ``0.42%``, ``12.3%``, ``100%``."""
    return MISSING if share is None else rates.percent(share)


def share(of_one: float) -> str:
    """A version's part of the traffic: whole percents, but never 0 % or 100 % for something in between."""
    if 0 < of_one < 0.01:
        return "<1%"
    return ">99%" if 0.99 < of_one < 1 else f"{of_one * 100:.0f}%"


def money(usd: float | None) -> str:
    """Dollars in at most eight cells: ``$0``, ``70µ$``, ``$0.00013``, ``$3.10``, ``$1,875``, ``$12.3k``."""
    if usd is None:
        return MISSING
    if usd == 0:
        return "$0"
    if usd < 0.000_0995:
        return f"{usd * 1e6:.2g}µ$" if usd >= 1e-7 else "<0.1µ$"
    if usd < 0.095:
        return f"${usd:.{1 - math.floor(math.log10(max(usd, 1e-4)))}f}"
    if usd < 99.995:
        return f"${usd:.2f}"
    return f"${count(usd)}"


def unpriced(tokens: int) -> str:
    """What stands where a cost would: tokens without a price are never free."""
    return f"unpriced {count(tokens)} tok"


def effect(value: float | None) -> str:
    """A drift effect, 0 to 0.83, in four cells."""
    return MISSING if value is None else f"{value:.2f}"


def ratio(value: float | None) -> str:
    return MISSING if value is None else f"{value:.2f}×" if value < 9.995 else f"{value:.0f}×"


def age(seconds: float | None) -> str:
    """How old, in at most four cells: ``3s``, ``14m``, ``3h``, ``12d``, ``2y``."""
    if seconds is None:
        return MISSING
    s = max(0, int(seconds))
    for limit, divisor, suffix in ((60, 1, "s"), (3600, 60, "m"), (86_400, 3600, "h"), (31_536_000, 86_400, "d")):
        if s < limit:
            return f"{s // divisor}{suffix}"
    return f"{s // 31_536_000}y"


def coarse_age(seconds: float | None) -> str:
    """As ``age``, but below a minute only ``now`` and ``<1m``, so that many of them on a screen cost little."""
    if seconds is not None and seconds < 60:
        return "now" if seconds < 10 else "<1m"
    return age(seconds)


def ticking_age(seconds: float | None) -> str:
    """As ``age``, but from ten seconds to a minute in steps of ten: the one age on the screen that counts seconds."""
    return age(seconds if seconds is None or not 10 <= seconds < 60 else seconds // 10 * 10)


def size(n: int) -> str:
    """Bytes: ``812 B``, ``4.2 MB``."""
    if n < 1000:
        return f"{n} B"
    value = float(n)
    for suffix in ("kB", "MB", "GB", "TB"):
        value /= 1000
        if value < 999.5 or suffix == "TB":
            break
    return f"{value:.1f} {suffix}" if value < 99.95 else f"{value:.0f} {suffix}"


def minute(at: datetime) -> str:
    return at.strftime("%Y-%m-%d %H:%M")


def clock_time(at: datetime) -> str:
    return at.strftime("%H:%M:%S")


def value(estimate: wire.Estimate | None) -> float | None:
    """The estimate's middle, if there is an estimate."""
    return None if estimate is None else estimate.value


def bounded(estimate: wire.Estimate | None) -> str:
    """A duration with the bounds of its bin: ``812ms (803–821)``, in one unit where both bounds share it."""
    if estimate is None:
        return MISSING
    low, high = duration(estimate.low), duration(estimate.high)
    if _unit(low) == _unit(high):
        low, high = low.removesuffix(_unit(low)), high.removesuffix(_unit(high))
    return f"{duration(estimate.value)} ({low}–{high})"


def _unit(written: str) -> str:
    return re.sub(r"^[^a-z]*", "", written)


def tick(value: float) -> str:
    """A round number on an axis: ``0``, ``0.5``, ``200``, ``5k``."""
    for least, suffix in ((1e6, "M"), (1e3, "k")):
        if value >= least:
            return f"{value / least:g}{suffix}"
    return f"{value:g}" if value >= 0.001 or not value else f"{value:.0e}".replace("e-0", "e-")


def tick_duration(ms: float) -> str:
    """A round duration on an axis: ``0``, ``200ms``, ``2.5s``, ``1000s``."""
    if not ms:
        return "0"
    return f"{ms:g}ms" if ms < 1000 else f"{ms / 1000:g}s" if ms < 1e8 else f"{tick(ms / 1000)}s"


def minutes(seconds: float | None) -> str:
    """A span, as ``2:05``."""
    return MISSING if seconds is None else f"{int(seconds) // 60}:{int(seconds) % 60:02d}"


def since_start(t: float) -> str:
    """A moment of a drill, since its start: ``+2:05``."""
    return f"{'-' if t < 0 else '+'}{minutes(abs(round(t)))}"
