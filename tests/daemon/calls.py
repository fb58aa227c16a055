"""Serving logs for tests."""

from __future__ import annotations

import json
from collections.abc import Iterable
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any


def write_calls(path: Path, start: datetime, seconds: Iterable[float], **changed: Any) -> Path:
    """One JSON line for each of these seconds after ``start``; a value that is callable gets the line's number."""
    with path.open("a") as file:
        for i, second in enumerate(seconds):
            record = {
                "ts": (start + timedelta(seconds=second)).isoformat(),
                "request_id": f"r{i}",
                "service": "chat",
                "model": "m1",
                "version": "v1",
                "status": 200,
                "latency_ms": 100 + i % 50,
                "prompt_tokens": 10,
                "completion_tokens": 20,
                "cost_usd": 0.01,
                "user": f"u{i % 5}",
                "size": i % 9,
            }
            record |= {name: value(i) if callable(value) else value for name, value in changed.items()}
            file.write(json.dumps({name: value for name, value in record.items() if value != "absent"}) + "\n")
    return path
