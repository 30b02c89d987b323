"""How a body becomes a call, and what the envelope says when it does not."""

import json
from typing import cast

import pytest
from hypothesis import given
from hypothesis import strategies as st

from economy_actors.context import Context
from economy_actors.handlers.answers import Code, Done, Failed, Refused, result_of
from economy_actors.handlers.balance import DELTA
from economy_actors.handlers.fields import NotJson, read_body
from economy_actors.handlers.reading import Rejected, Understood, envelope, understand
from economy_actors.handlers.registry import REQUEST_ID, REQUESTS, ApiCall

CHANNELS = {"lounge": "Lounge"}


def understood(**body: object) -> Understood | Rejected:
    return understand(read_body(json.dumps(body).encode()), lambda name: CHANNELS.get(name.lower()))


def called(found: Understood | Rejected) -> ApiCall:
    assert isinstance(found, Understood)
    context = cast("Context", None)
    return ApiCall.of(context, found.channel, found.values, found.spec.fields)


def test_a_complete_request_becomes_a_call() -> None:
    """Fields are typed, and the channel has the spelling of the configuration."""
    call = called(
        understood(
            command="balance.adjust",
            channel="LOUNGE",
            username="@Bob",
            amount="25",
            request_id="r1",
        )
    )
    assert call.user == ("Lounge", "bob")
    assert call.values[DELTA] == 25
    assert call.values[REQUEST_ID] == "r1"
    assert call.op_id == "api:r1"
    assert call.by == "system"


def test_requests_without_an_id_never_share_one() -> None:
    """Two requests without ``request_id`` are two acts."""
    first, second = (
        called(understood(command="balance.set", channel="lounge", username="bob", amount=0))
        for _ in range(2)
    )
    assert first.op_id != second.op_id


WITHOUT_CHANNEL = {
    "config.history",
    "config.reload",
    "config.revert",
    "config.show",
    "vanity.check_color",
}


@pytest.mark.parametrize("command", sorted(REQUESTS.names - WITHOUT_CHANNEL))
def test_a_command_names_what_it_misses(command: str) -> None:
    """Without its required fields a command is an invalid request and echoes its name."""
    found = understood(command=command)
    if command.startswith("system."):
        assert isinstance(found, Understood)
        return
    assert isinstance(found, Rejected)
    assert found.echo == command
    assert found.refusal == Refused(Code.INVALID_REQUEST, "channel is required")


def test_an_unknown_channel_has_its_own_code() -> None:
    """The text names the channel."""
    found = understood(command="stats.float", channel="elsewhere")
    assert isinstance(found, Rejected)
    assert found.refusal.code is Code.UNKNOWN_CHANNEL
    assert "elsewhere" in found.refusal.text


def test_an_unknown_command_is_named() -> None:
    """The text of unknown commands names the command (`admin-api.md` 7)."""
    found = understood(command="balance.got")
    assert found == Rejected(
        "balance.got", Refused(Code.UNKNOWN_COMMAND, "Unknown command: balance.got")
    )


@pytest.mark.parametrize("command", [None, "", 5, True, ["system.ping"], {}])
def test_a_request_without_a_command_is_invalid(command: object) -> None:
    """``command`` is a text and must be there."""
    found = understood(command=command)
    assert isinstance(found, Rejected)
    assert found.refusal.code is Code.INVALID_REQUEST
    assert "command" in found.refusal.text


def test_rubbish_is_answered_with_an_envelope() -> None:
    """What is no JSON gets the same form of answer as everything else."""
    found = understand(NotJson(), CHANNELS.get)
    assert isinstance(found, Rejected)
    assert envelope(found.echo, found.refusal) == {
        "service": "economy",
        "command": "",
        "success": False,
        "error": "The request must be JSON in UTF-8",
        "error_code": "invalid_request",
    }


def test_a_success_carries_data_and_no_error() -> None:
    """The envelope of `admin-api.md` 1."""
    assert envelope("system.ping", Done({"pong": True})) == {
        "service": "economy",
        "command": "system.ping",
        "success": True,
        "data": {"pong": True},
    }


def test_an_endless_command_is_not_echoed_endlessly() -> None:
    """Neither the echo nor the error grows with the request."""
    found = understood(command="x" * 100_000)
    assert isinstance(found, Rejected)
    assert len(json.dumps(envelope(found.echo, found.refusal))) < 400


def test_outcomes_are_counted_by_whose_fault_they_are() -> None:
    """A caller's mistake is refused, the service's own trouble is an error."""
    assert result_of(Done({})) == "ok"
    assert result_of(Refused(Code.NOT_FOUND, "")) == "refused"
    assert result_of(Failed(Code.INTERNAL, "")) == "error"
    assert result_of(Failed(Code.UNAVAILABLE, "")) == "error"


@given(body=st.binary(max_size=80))
def test_any_bytes_are_answered(body: bytes) -> None:
    """Understanding never fails, whatever bytes come."""
    assert isinstance(understand(read_body(body), CHANNELS.get), Rejected)


VALUES: st.SearchStrategy[object] = (
    st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.just([]) | st.just({})
)


@given(
    command=st.sampled_from(sorted(REQUESTS.names)),
    fields=st.dictionaries(
        st.sampled_from(
            ["channel", "username", "amount", "limit", "offset", "reason", "admin", "message",
             "pattern", "request_id"]
        ),
        VALUES,
    ),
)  # fmt: skip
def test_any_fields_are_answered(command: str, fields: dict[str, object]) -> None:
    """Understanding never fails, and every rejection is fit to be sent."""
    found = understood(**({"channel": "lounge", "username": "bob"} | fields | {"command": command}))
    if isinstance(found, Rejected):
        assert found.refusal.code in {
            Code.INVALID_REQUEST,
            Code.UNKNOWN_CHANNEL,
            Code.NOT_FOUND,
        }
        json.dumps(envelope(found.echo, found.refusal)).encode()
