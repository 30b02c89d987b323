"""Answers that are larger than the bus takes."""

import json
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from economy_actors.gateway.client import TOO_LARGE, fitted

HEAD = {"service": "economy", "command": "transactions.list", "success": True}


def sent(data: dict[str, Any], bytes_max: int = 2000) -> dict[str, Any]:
    """What a caller gets."""
    body = fitted({**HEAD, "data": data}, bytes_max)
    assert len(body) <= bytes_max
    answer: dict[str, Any] = json.loads(body)
    return answer


def test_an_answer_that_fits() -> None:
    """It goes out as it is."""
    data = {"offset": 0, "transactions": [{"id": 1}]}
    assert sent(data) == {**HEAD, "data": data}


def test_a_list_is_cut_and_says_where_to_go_on() -> None:
    """Asking again from ``next_offset`` gives all of it, in order, and nothing twice."""
    rows = [{"id": number, "reason": "ü" * (number % 40)} for number in range(100)]
    got, offset = [], 0
    while True:
        data = sent({"limit": 500, "offset": offset, "transactions": rows[offset:]})["data"]
        got += data["transactions"]
        if not data.get("truncated"):
            break
        assert data["next_offset"] == offset + len(data["transactions"])
        offset = data["next_offset"]
    assert got == rows


def test_as_much_as_fits() -> None:
    """One more entry would have been too much."""
    rows = [{"id": number, "reason": "x" * 50} for number in range(100)]
    data = sent({"offset": 0, "transactions": rows})["data"]
    count = len(data["transactions"])
    more = {**HEAD, "data": {**data, "transactions": rows[: count + 1]}}
    assert len(json.dumps(more)) > 2000


def test_the_count_of_a_cut_list() -> None:
    """A count beside the list is that of the entries that are there; without offset there is no
    place to go on from."""
    names = [f"user{number:016}" for number in range(200)]
    data = sent({"count": 200, "results": names})["data"]
    assert data["count"] == len(data["results"]) < 200
    assert "next_offset" not in data
    assert data["truncated"] is True


def test_nothing_fits() -> None:
    """What can't be cut is an error with a code, and says which command it was."""
    for data in (
        {"text": "x" * 5000},
        {"rows": ["x" * 5000] * 3},
        {"rows": [], "text": "x" * 5000},
    ):
        answer = sent(data)
        assert (answer["success"], answer["error_code"]) == (False, TOO_LARGE)
        assert (answer["service"], answer["command"]) == ("economy", "transactions.list")
        assert answer["error"]


@settings(max_examples=100, deadline=None)
@given(st.lists(st.text(max_size=200), max_size=60), st.integers(400, 4000))
def test_whatever_is_answered_fits(texts: list[str], bytes_max: int) -> None:
    """No answer is ever larger than the bus takes."""
    sent({"offset": 3, "rows": texts}, bytes_max)
