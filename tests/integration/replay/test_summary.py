"""What ``kryten-economy replay FILE`` prints at the end."""

import io
import json
from pathlib import Path

import pytest
from tests.integration.sandbox.recordings import RESTART

from economy_sandbox import replaying


def until(path: Path, until_s: float, folder: Path) -> Path:
    """The recording cut off at a moment, as a file of its own."""
    texts = path.read_text(encoding="utf-8").splitlines()
    cut = folder / "cut.jsonl"
    cut.write_text("\n".join(text for text in texts if json.loads(text)["t"] < until_s))
    return cut


async def test_the_summary_ends_with_people_and_books(tmp_path: Path) -> None:
    """Who is present, minutes, lines and balance of each user, and that the books balance."""
    sink = io.StringIO()
    assert await replaying.main(until(RESTART, 120.0, tmp_path), sink=sink) == 0

    text = sink.getvalue().splitlines()
    start = text.index("Present at the end in testchan: alice, boss, eve.")
    assert [line.split() for line in text[start + 1 : -1]] == [
        ["user", "minutes", "messages", "balance"],
        ["alice", "3", "7", "120"],
        ["Bob", "0", "1", "105"],
        ["boss", "3", "0", "103"],
        ["carol", "1", "2", "106"],
        ["Dave_99", "1", "0", "101"],
        ["eve", "2", "0", "102"],
    ]
    assert text[-1] == "The books balance: 6 wallets, 22 transfers."


async def test_a_recording_without_events_is_refused(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Where nobody is told anything there is nothing to replay, and one line says so."""
    path = tmp_path / "silent.jsonl"
    path.write_text('{"t": 1.0, "subject": "_trace.note", "reply": null, "data": "nothing"}\n')
    assert await replaying.main(path) == 1
    assert "holds no events of a channel" in capsys.readouterr().err
