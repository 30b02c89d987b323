"""Whatever JSON the bus carries, translation gives an answer."""

from datetime import UTC
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.unit.gateway.helpers import Wire, envelope_of

from economy_actors.gateway.events import Dropped, Nothing, Translated

KINDS = sorted(Wire().translator.kinds)
KEYS = ("name", "rank", "meta", "afk", "username", "msg", "time", "user", "shadow", "seconds", "id")

scalars = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(max_size=30)
    | st.sampled_from(["alice", "ZCoinBot", "[server]", "<em>a</em>", "&#xD800;", "\ud800", "<a"])
)
json_values = st.recursive(
    scalars,
    lambda inner: (
        st.lists(inner, max_size=4) | st.dictionaries(st.sampled_from(KEYS), inner, max_size=6)
    ),
    max_leaves=12,
)


@pytest.mark.parametrize("kind", KINDS)
@settings(max_examples=60)
@given(payload=json_values, channel=st.sampled_from(["testchan", "TESTCHAN", "else", ""]))
def test_any_payload(kind: str, payload: Any, channel: str) -> None:
    """Every kind of event with any payload is translated or dropped, never an exception."""
    result = Wire().feed(envelope_of(kind, payload, channel=channel))
    assert isinstance(result, Dropped | Nothing | Translated)


@settings(max_examples=60)
@given(
    kind=st.sampled_from(KINDS),
    stamp=st.datetimes(timezones=st.sampled_from([None, UTC])),
    event_id=st.text(max_size=10),
)
def test_any_envelope(kind: str, stamp: Any, event_id: str) -> None:
    """Times of any year, with or without zone, and any id do no harm."""
    payload = {"username": "alice", "msg": "hi", "name": "alice", "rank": 1}
    envelope = envelope_of(kind, payload, timestamp=stamp.isoformat(), correlation_id=event_id)
    assert isinstance(Wire().feed(envelope), Dropped | Nothing | Translated)
