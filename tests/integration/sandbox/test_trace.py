"""Reading recordings: good ones whole, bad ones refused with the line and the fault."""

import json
from pathlib import Path

import pytest
from tests.integration.sandbox.recordings import BASIC, RESTART

from economy_sandbox.trace import Trace, TraceError

GOOD = '{"t": 1.0, "subject": "kryten.lifecycle.robot.startup", "reply": null, "data": {}}'
EVENT = {
    "event_name": "login",
    "payload": {"name": "ZCoinBot"},
    "channel": "c",
    "domain": "d",
    "timestamp": "2026-11-20T10:38:54.707764+00:00",
}


def _event(**changes: object) -> str:
    data = {key: value for key, value in {**EVENT, **changes}.items() if value is not None}
    return json.dumps({"t": 2, "subject": "kryten.events.cytube.c.login", "data": data})


@pytest.mark.parametrize(("path", "count", "length_s"), [(BASIC, 889, 309), (RESTART, 322, 132)])
def test_recordings_are_read_whole(path: Path, count: int, length_s: float) -> None:
    """Both recordings load; channel, bot and length are found in them."""
    trace = Trace.load(path)
    assert len(trace.lines) == count
    assert trace.channels == (("cytube.test", "testchan"),)
    assert trace.bot == "ZCoinBot"
    assert trace.duration_s == pytest.approx(length_s, abs=2)
    assert trace.began_s == pytest.approx(1_795_171_131 if path == BASIC else 1_795_171_445, abs=5)


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("{oops", "Line 2: not JSON"),
        ("[1]", "Line 2: not a JSON object"),
        ('{"subject": "a", "data": 1}', "Line 2: t must be a number"),
        ('{"t": true, "subject": "a", "data": 1}', "Line 2: t must be a number"),
        ('{"t": NaN, "subject": "a", "data": 1}', "Line 2: t must be a number"),
        ('{"t": 0.5, "subject": "a", "data": 1}', r"Line 2: t goes back from 1\.0 to 0\.5"),
        ('{"t": 2, "subject": 5, "data": 1}', "Line 2: subject must be a text"),
        ('{"t": 2, "subject": "a", "reply": 1, "data": 1}', "Line 2: reply must be"),
        ('{"t": 2, "subject": "a"}', "Line 2: data is missing"),
        (_event(payload=None), "Line 2: the event has no payload"),
        (_event(timestamp="noon"), "Line 2: timestamp is no ISO time"),
    ],
)
def test_bad_line_is_named(text: str, fault: str) -> None:
    """The error tells the number of the line and what is wrong."""
    with pytest.raises(TraceError, match=fault):
        Trace.parse([GOOD, text])


def test_blank_lines_are_passed_over() -> None:
    """An empty last line is no fault."""
    assert len(Trace.parse([GOOD, "", "  \n"]).lines) == 1


def test_empty_file_is_refused(tmp_path: Path) -> None:
    """A file without messages, or without a file, says so."""
    path = tmp_path / "empty.jsonl"
    path.write_text("\n")
    with pytest.raises(TraceError, match="holds no messages"):
        Trace.load(path)
    with pytest.raises(TraceError, match="No such file"):
        Trace.load(tmp_path / "missing.jsonl")
    path.write_bytes(b"\xff\xfe\x00")
    with pytest.raises(TraceError, match="not a text file"):
        Trace.load(path)
