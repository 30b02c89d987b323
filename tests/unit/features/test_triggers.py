"""The table of triggers (P-TXT-11)."""

import pytest
from tests.actors.house import settings_with

from kryten_economy.features.chat.rules import laugh
from kryten_economy.features.chat.triggers import (
    NOTHING,
    TRIGGERS,
    Memory,
    daily_counter,
    dead_triggers,
    shown_triggers,
    trigger,
)
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


def test_an_id_belongs_to_one_trigger_and_one_rule() -> None:
    """Whoever takes an id that is taken learns it when the module is imported."""
    before = tuple(TRIGGERS), TRIGGERS.rules
    with pytest.raises(ValueError, match=r"two triggers are called chat\.laugh_received"):
        trigger(
            laugh.id, "Again", section=laugh.section, reward=laugh.reward, wording=laugh.wording
        )(lambda _line, _room: NOTHING)
    with pytest.raises(ValueError, match=r"two rules are called daily\.gifs_posted"):
        daily_counter("gifs_posted")(lambda _line, _room: NOTHING)
    assert (tuple(TRIGGERS), TRIGGERS.rules) == before


def test_what_rules_remember_belongs_to_one_channel() -> None:
    """One value of each class, made when it is first needed."""

    class Seen(list[str]):
        pass

    here, elsewhere = Memory(), Memory()
    here.of(Seen).append("alice")
    assert here.of(Seen) == ["alice"]
    assert elsewhere.of(Seen) == []
