"""What robots say about themselves, as recorded, and as rubbish."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.unit.gateway.helpers import RESTART, trace

from economy_actors.gateway.robots import News, Notice, read_notice


def test_recorded_notices() -> None:
    """A robot goes without naming its channel, starts on the bus, and is ready in its channel."""
    notices = []
    for line in trace(RESTART):
        if line["subject"].startswith("kryten.lifecycle.robot.") and line["t"] < 30:
            kind = line["subject"].rsplit(".", 1)[1]
            notices.append(read_notice(kind, json.dumps(line["data"]).encode()))
    assert notices == [
        Notice(News.GONE, "", ""),
        Notice(News.GONE, "", ""),
        Notice(News.STARTED, "", ""),
        None,
        Notice(News.READY, "cytube.test", "testchan"),
        Notice(News.STARTED, "cytube.test", "testchan"),
    ]


@given(kind=st.sampled_from(["startup", "connected", "shutdown", "else"]), body=st.binary())
def test_any_bytes(kind: str, body: bytes) -> None:
    """No bytes are an error."""
    notice = read_notice(kind, body)
    assert notice is None or notice.channel == ""


@pytest.mark.parametrize("value", [None, 5, [], {}, {"channel": 5, "domain": []}])
def test_other_json(value: object) -> None:
    """A notice with something else in it names no channel."""
    body = json.dumps(value).encode()
    assert read_notice("shutdown", body) == Notice(News.GONE, "", "")
    assert read_notice("connected", body) is None
