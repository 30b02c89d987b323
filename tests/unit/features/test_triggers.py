"""The table of triggers (P-TXT-11)."""

from tests.actors.house import settings_with

from kryten_economy.features.chat.triggers import TRIGGERS, dead_triggers, shown_triggers
from kryten_economy.transaction_types import is_multiplied

ALL: dict[str, object] = {"chat_triggers": {}, "content_triggers": {}, "social_triggers": {}}


def test_every_trigger_is_multiplied() -> None:
    """All chat, content and social triggers earn under multipliers (`earning.md` 2.1)."""
    assert all(is_multiplied("earn", each.id) for each in TRIGGERS)


def test_hidden_and_disabled_triggers_are_not_shown() -> None:
    """All are hidden unless the file says otherwise; a disabled one is never shown."""
    assert shown_triggers(settings_with()) == ()
    chat = {
        "long_message": {"hidden": False},
        "kudos_received": {"hidden": False, "enabled": False},
    }
    shown = shown_triggers(settings_with(chat_triggers=chat))
    assert [each.id for each in shown] == ["chat.long_message"]
    assert "30" in shown[0].wording(settings_with(chat_triggers=chat))


def test_a_trigger_that_paid_is_not_dead() -> None:
    """The ids of the list are the ids that are booked; disabled ones are not listed."""
    social = {"greeted_newcomer": {"enabled": False}}
    settings = settings_with(**(ALL | {"social_triggers": social}))
    dead = dead_triggers(settings, {"chat.long_message", "presence.base"})
    assert "chat.long_message" not in dead
    assert "presence.base" not in dead
    assert "social.greeted_newcomer" not in dead
    assert "social.bot_interaction" in dead
