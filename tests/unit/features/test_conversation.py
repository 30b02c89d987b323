"""What lines set off, judged by what was said before (`earning.md` 8)."""

from typing import Any

from hypothesis import given
from hypothesis import strategies as st
from tests.actors.house import settings_with

from kryten_economy.features.chat.rules import Conversation
from kryten_economy.features.chat.triggers import (
    TRIGGERS,
    Effect,
    Memory,
    Room,
    Spoken,
    combined,
)
from kryten_economy.features.chat.utterances import emotes_in

NOW = 1_795_168_800_000
HERE = frozenset({"alice", "bob", "carol", "an"})


def room(**sections: Any) -> Room:
    settings = settings_with(**({"chat_triggers": {}, "social_triggers": {}} | sections))
    return Room(
        settings,
        "2026-11-20",
        NOW + 1000,
        HERE.__contains__,
        {"spam"}.__contains__,
        lambda text: emotes_in(text, ()),
        Memory(),
    )


PLAIN = room()


def hear(talk: Memory, name: str, text: str, after_s: float = 0, where: Room = PLAIN) -> Effect:
    """All rules see a line, which is recorded afterwards; an empty one never comes here."""
    line = Spoken(name, text, NOW + round(after_s * 1000))
    there = where._replace(memory=talk)
    effect = combined(rule.effect(line, there) for rule in TRIGGERS.rules)
    talk.of(Conversation).record(line)
    return effect


def paid(effect: Effect, trigger_id: str) -> list[str]:
    return [award.name for award in effect.awards if award.trigger_id == trigger_id]


def test_a_message_is_long_from_its_thirtieth_character() -> None:
    """30 yes, 29 no; counted and paid alike."""
    talk = Memory()
    assert paid(hear(talk, "alice", "x" * 30), "chat.long_message") == ["alice"]
    short = hear(talk, "alice", "x" * 29)
    assert paid(short, "chat.long_message") == []
    assert short.long_messages == 0


def test_silence_of_exactly_ten_minutes_is_broken() -> None:
    """Section 11; the first line ever breaks the silence, one second less does not."""
    talk = Memory()
    assert paid(hear(talk, "alice", "hi"), "chat.conversation_starter") == ["alice"]
    assert paid(hear(talk, "bob", "yo", 599.999), "chat.conversation_starter") == []
    assert paid(hear(talk, "bob", "yo", 1199.999), "chat.conversation_starter") == ["bob"]


def test_a_start_does_not_make_a_silence() -> None:
    """What the books know of the last activity counts."""
    talk = Memory()
    talk.of(Conversation).resume(NOW - 60_000)
    assert paid(hear(talk, "alice", "hi"), "chat.conversation_starter") == []


def test_a_laugh_is_never_the_next_joke() -> None:
    """P-EARN-5: the second laugher pays the teller, not the first laugher."""
    talk = Memory()
    hear(talk, "alice", "knock knock")
    assert paid(hear(talk, "bob", "lol"), "chat.laugh_received") == ["alice"]
    assert paid(hear(talk, "carol", "haha 😂"), "chat.laugh_received") == ["alice"]
    assert paid(hear(talk, "bob", "lol"), "chat.laugh_received") == []
    assert paid(hear(talk, "alice", "lol"), "chat.laugh_received") == []


def test_a_joke_grows_old_and_has_so_many_laughers() -> None:
    """300 s, ten distinct laughers."""
    talk = Memory()
    hear(talk, "alice", "knock knock")
    assert paid(hear(talk, "bob", "lol", 300.001), "chat.laugh_received") == []
    got = [paid(hear(talk, f"u{n}", "lol", 300), "chat.laugh_received") for n in range(12)]
    assert got == [["alice"]] * 10 + [[], []]


def test_nobody_laughs_at_nothing() -> None:
    """Without a joke there is no reward."""
    assert paid(hear(Memory(), "bob", "lol"), "chat.laugh_received") == []


def test_kudos_go_to_others_who_are_not_ignored() -> None:
    """Each target once, not oneself, not the ignored; both sides are counted."""
    effect = hear(Memory(), "alice", "bob++ @Bob++ alice++ spam++ gone++")
    assert paid(effect, "chat.kudos_received") == ["bob", "gone"]
    assert [(each.name, each.counter) for each in effect.tallies] == [
        ("bob", "kudos_received"),
        ("alice", "kudos_given"),
        ("gone", "kudos_received"),
        ("alice", "kudos_given"),
    ]


def test_mentions_are_whole_names_of_others_who_are_here() -> None:
    """P-EARN-4; several targets, never oneself."""
    effect = hear(Memory(), "alice", "Bob and @CAROL, alice says banana to dave")
    assert paid(effect, "social.mentioned_by_other") == ["bob", "carol"]


def test_the_first_to_greet_a_newcomer_is_paid() -> None:
    """One reward per arrival, within 60 s, not for oneself."""
    talk = Memory()
    talk.of(Conversation).arrived("Bob", NOW)
    assert paid(hear(talk, "bob", "bob is here"), "social.greeted_newcomer") == []
    assert paid(hear(talk, "alice", "hi bob!", 60), "social.greeted_newcomer") == ["alice"]
    assert paid(hear(talk, "carol", "hi bob!", 60), "social.greeted_newcomer") == []
    talk.of(Conversation).arrived("Bob", NOW)
    assert paid(hear(talk, "alice", "hi bob!", 60.001), "social.greeted_newcomer") == []


def test_the_books_are_asked_once_for_the_first_message_of_a_day() -> None:
    """Later lines of the day don't even ask; the next day does."""
    talk = Memory()
    assert paid(hear(talk, "alice", "a"), "chat.first_message_of_day") == ["alice"]
    assert paid(hear(talk, "alice", "b"), "chat.first_message_of_day") == []
    tomorrow = PLAIN._replace(day="2026-11-21")
    assert paid(hear(talk, "alice", "c", where=tomorrow), "chat.first_message_of_day") == ["alice"]


def test_the_bot_answers_somebody_or_nobody() -> None:
    """P-EARN-6: only a line that names the last speaker, or answers a line to the bot, pays."""
    talk = Memory()
    assert talk.of(Conversation).bot_spoke("hi alice", NOW, "ZCoinBot", PLAIN) is None
    hear(talk, "alice", "what now")
    assert talk.of(Conversation).bot_spoke("rain is falling", NOW, "ZCoinBot", PLAIN) is None
    named = talk.of(Conversation).bot_spoke("hi Alice!", NOW + 900_000, "ZCoinBot", PLAIN)
    assert named is not None
    assert paid(named, "social.bot_interaction") == ["alice"]
    hear(talk, "bob", "ZCoinBot, play something")
    assert talk.of(Conversation).bot_spoke("no", NOW + 120_000, "ZCoinBot", PLAIN) is not None
    assert talk.of(Conversation).bot_spoke("no", NOW + 120_001, "ZCoinBot", PLAIN) is None


def test_a_disabled_trigger_pays_nothing_and_counts_all_the_same() -> None:
    """8.6: counters change even when triggers are off."""
    quiet = room(chat_triggers={"long_message": {"enabled": False}})
    effect = hear(Memory(), "alice", "x" * 30, where=quiet)
    assert paid(effect, "chat.long_message") == []
    assert effect.long_messages == 1


@given(st.lists(st.tuples(st.sampled_from(sorted(HERE)), st.text(max_size=40)), max_size=15))
def test_nobody_is_paid_for_laughing_naming_or_thanking_oneself(
    lines: list[tuple[str, str]],
) -> None:
    """Whatever is said, what others give never comes from oneself."""
    talk = Memory()
    for name, text in lines:
        for award in hear(talk, name, f"{text} lol {name}++ {name}").awards:
            assert award.related_user != award.name
