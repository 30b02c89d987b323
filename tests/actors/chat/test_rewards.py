"""`rewards` and `triggers.stats` tell of the same triggers (P-TXT-11)."""

from pathlib import Path
from typing import Any

from tests.actors.api.helpers import api
from tests.actors.house import CHANNEL, house, settings_with


async def test_rewards_tells_what_is_no_secret(tmp_path: Path) -> None:
    """Rate, milestones, streaks, bridge, shown triggers; hidden ones only as a hint."""
    chat: dict[str, Any] = {
        "long_message": {"hidden": False, "reward": 7},
        "kudos_received": {"hidden": False, "enabled": False},
    }
    content = {"comment_during_media": {"hidden": False}}
    settings = settings_with(chat_triggers=chat, content_triggers=content)
    async with house(tmp_path / "e.db", settings) as home:
        await home.join("Alice")
        text = "\n".join(await home.pm("Alice", "rewards"))
    assert "1 Z per minute" in text
    assert "24h 1,000 Z" in text
    assert "500 Z" in text
    assert "30 characters or more: 7 Z" in text
    assert "0.5 Z" in text
    assert "kudos" not in text
    assert "laugh" not in text
    assert "hidden" in text


async def test_the_api_tells_what_triggers_paid(tmp_path: Path) -> None:
    """Distinct users over the range, the largest amount first, 30 days at most."""
    settings = settings_with(
        chat_triggers={
            "long_message": {},
            "conversation_starter": {"enabled": False},
            "first_message_of_day": {"enabled": False},
        }
    )
    async with api(tmp_path, settings) as it:
        for name in ("Alice", "Bob"):
            await it.house.join(name)
            await it.house.chat(name, "x" * 30)
        await it.house.chat("Bob", "x" * 30)
        data = await it.data("triggers.stats", days=2)
        assert (data["channel"], data["start_date"], data["end_date"]) == (
            CHANNEL,
            "2026-11-19",
            "2026-11-20",
        )
        row = next(r for r in data["triggers"] if r["trigger_id"] == "chat.long_message")
        assert row == {
            "trigger_id": "chat.long_message",
            "hit_count": 3,
            "unique_users": 2,
            "total_z_awarded": 3,
        }
        data = await it.data("triggers.stats", days=31)
        assert data["start_date"] == "2026-10-22"
