"""The recorded traffic, read for comparison with what the sandbox says."""

import json
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

FOLDER = Path(__file__).parents[2] / "traces"
BASIC = FOLDER / "session-basic.jsonl"
RESTART = FOLDER / "robot-restart.jsonl"


@cache
def lines(path: Path) -> tuple[dict[str, Any], ...]:
    """All lines of a recording."""
    return tuple(json.loads(line) for line in path.read_text(encoding="utf-8").splitlines())


def between(path: Path, start_s: float, end_s: float) -> Iterator[dict[str, Any]]:
    """The lines of a stretch of a recording."""
    return (line for line in lines(path) if start_s <= line["t"] < end_s)


def events(path: Path, start_s: float = 0, end_s: float = 1e9) -> list[dict[str, Any]]:
    """The event envelopes of a stretch; without the beats that come when they like."""
    return [
        line["data"]
        for line in between(path, start_s, end_s)
        if line["subject"].startswith("kryten.events.")
        and line["data"]["event_name"] not in {"mediaUpdate", "usercount"}
    ]


def shape(value: Any) -> Any:
    """A value with its texts and numbers taken out: what keys and kinds it has."""
    if isinstance(value, dict):
        return {key: shape(item) for key, item in value.items()}
    if isinstance(value, list):
        return [shape(value[0])] if value else []
    return "number" if isinstance(value, int | float) else type(value).__name__
