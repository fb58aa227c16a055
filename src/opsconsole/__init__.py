"""opsconsole: an operations console for AI systems in production, in a terminal."""

from __future__ import annotations

__version__ = "0.1.0"
