"""A minute that passes while an arrival is being judged does not make it a return."""

from pathlib import Path

import anyio
from tests.actors.house import MINUTE_MS, House, house, settings_with
from tests.actors.presence.helpers import days_later, triggers

from economy_actors.messages.channel import Joined, Left, MinutePassed


async def join_at_the_tick(h: House, name: str) -> None:
    """Come in at the very moment at which the minute is over."""
    due_ms = (h.now_ms // MINUTE_MS + 1) * MINUTE_MS
    await anyio.sleep((due_ms - h.now_ms) / 1000)
    h.channel.tell(Joined(name, 1, False, h.now_ms))
    h.channel.tell(MinutePassed(due_ms))
    await h.settle()


async def test_who_comes_as_the_minute_passes_is_welcomed(tmp_path: Path) -> None:
    """The wallet is paid and the greeting counts; the minute is paid with the next one."""
    async with house(tmp_path / "e.db", settings_with(social_triggers={})) as h:
        await h.join("Alice")
        await join_at_the_tick(h, "Bob")
        assert triggers(h, "bob") == [("onboarding.wallet", 100)]
        await h.chat("Alice", "hello bob")
        assert ("social.greeted_newcomer", 3) in triggers(h, "alice")
        await h.minutes(1)
        assert ("presence.base", 2) in triggers(h, "bob")


async def test_who_comes_back_as_the_minute_passes_is_welcomed_back(tmp_path: Path) -> None:
    """The days of absence are those before the minute."""
    async with house(tmp_path / "e.db") as h:
        await h.join("Alice")
        h.channel.tell(Left("Alice", h.now_ms))
        await days_later(h, 8)
        h.channel.tell(MinutePassed(h.now_ms // MINUTE_MS * MINUTE_MS))
        await join_at_the_tick(h, "Alice")
        assert [trigger for trigger, _ in triggers(h, "alice")] == [
            "onboarding.wallet",
            "retention.welcome_back",
        ]
