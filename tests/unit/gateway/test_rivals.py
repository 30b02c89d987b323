"""Another service of our name in a channel of ours is noticed, and forgotten when it goes."""

import json
from typing import Any

import anyio
import pytest
import structlog.testing

from economy_actors.gateway.robots import Places, Rivals, about
from kryten_economy.config.connection import Channel

PLACES = Places([Channel(domain="cytube.test", channel="Lounge")])
pytestmark = pytest.mark.anyio


def message(instance: str | None, *channels: str, **more: Any) -> bytes:
    """What a service says of itself; without an instance it is an older one."""
    body: dict[str, Any] = {"service": "economy", "version": "0.15.2", "hostname": "vm", **more}
    if instance is not None:
        places = Places([Channel(domain="cytube.test", channel=name) for name in channels])
        body["metadata"] = {"endpoints": {}} | about(instance, places)
    return json.dumps(body).encode()


async def test_ourselves() -> None:
    """What we say of ourselves comes back, and is no rival."""
    rivals = Rivals("me", PLACES)
    assert not rivals.hear("startup", message("me", "Lounge"))
    assert rivals.present() == ()


async def test_another_one_in_our_channel() -> None:
    """It is news once, warned of once with host and channel, and present until it says goodbye."""
    rivals = Rivals("me", PLACES)
    with structlog.testing.capture_logs() as logged:
        news = [rivals.hear(kind, message("it", "lounge")) for kind in ("startup", "heartbeat")]
    assert news == [True, False]
    [line] = logged
    assert (line["log_level"], line["host"], line["channels"]) == ("warning", "vm", ("Lounge",))
    [told] = rivals.present()
    assert "Lounge" in told
    assert not rivals.hear("shutdown", message("it", "Lounge"))
    assert rivals.present() == ()


async def test_an_older_service() -> None:
    """One that does not say which channels it serves may serve ours."""
    rivals = Rivals("me", PLACES)
    assert rivals.hear("heartbeat", message(None))
    assert not rivals.hear("heartbeat", message(None))
    assert len(rivals.present()) == 1


async def test_another_channel_is_no_rival() -> None:
    """Services of our name that share the work by channels disturb nobody."""
    rivals = Rivals("me", PLACES)
    assert not rivals.hear("startup", message("it", "Elsewhere"))
    assert rivals.present() == ()


async def test_one_that_falls_silent() -> None:
    """A rival that was killed is forgotten some time after its last heartbeat."""
    rivals = Rivals("me", PLACES, silent_s=0.05)
    rivals.hear("startup", message("it", "Lounge"))
    await anyio.sleep(0.1)
    assert rivals.present() == ()


@pytest.mark.parametrize("body", [b"", b"[]", b"7", b"{}", b"\xff", b"[" * 100_000])
async def test_rubbish(body: bytes) -> None:
    """What can't be read is nobody."""
    rivals = Rivals("me", PLACES)
    assert not rivals.hear("heartbeat", body)
    assert rivals.present() == ()


async def test_rivals_are_bounded() -> None:
    """Ever new names fill no memory."""
    rivals = Rivals("me", PLACES)
    for number in range(1000):
        rivals.hear("heartbeat", message(f"it{number}", "Lounge"))
    assert len(rivals.present()) == 64
