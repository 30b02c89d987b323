"""Chat triggers from the line to the balance (`earning.md` 8, P-EARN-11)."""

import json
from pathlib import Path
from typing import Any

import anyio
import pytest
from structlog.testing import capture_logs
from tests.actors.house import CHANNEL, PLAIN_MULTIPLIERS, House, house, settings_with

from economy_actors.messages.channel import BotSpoke, MediaChanged, Said
from kryten_economy.config import Settings
from kryten_economy.features.bans import Ban
from kryten_economy.features.chat import rules as chat_rules
from kryten_economy.features.media import rules as media_rules
from kryten_economy.features.media.rules import Medium
from kryten_economy.users import UserKey

_OFF: dict[str, Any] = {"enabled": False}
_CHAT = (
    "long_message",
    "laugh_received",
    "kudos_received",
    "first_message_of_day",
    "conversation_starter",
)
_SOCIAL = ("greeted_newcomer", "mentioned_by_other", "bot_interaction")


def only(*names: str, **sections: Any) -> Settings:
    """Settings in which nothing but these triggers pays."""
    base: dict[str, Any] = {
        "onboarding": {"welcome_wallet": 0},
        "chat_triggers": {name: _OFF for name in _CHAT if name not in names},
        "social_triggers": {name: _OFF for name in _SOCIAL if name not in names},
    }
    return settings_with(**(base | sections))


async def balances(home: House, *names: str) -> list[int]:
    return [home.balance(name) for name in names]


async def test_long_messages_pay_up_to_the_hourly_limit(tmp_path: Path) -> None:
    """The window is stored; the first hit after its end opens a new one (8.1)."""
    settings = only(
        "long_message",
        chat_triggers={"long_message": {"max_per_hour": 2}}
        | {name: _OFF for name in _CHAT if name != "long_message"},
    )
    async with house(tmp_path / "e.db", settings) as home:
        await home.join("Alice")
        for _ in range(3):
            await home.chat("Alice", "x" * 30)
        assert home.balance("Alice") == 2
        await anyio.sleep(3600)
        await home.chat("Alice", "x" * 30)
        await home.chat("Alice", "x" * 29)
        assert home.balance("Alice") == 3


async def test_the_limit_holds_over_a_restart(tmp_path: Path) -> None:
    """8.1: windows are in the books, and so is the claim of the first message."""
    chat = {"long_message": {"max_per_hour": 1}} | {
        name: _OFF for name in _CHAT if name not in ("long_message", "first_message_of_day")
    }
    settings = only(chat_triggers=chat)
    for _ in range(2):
        async with house(tmp_path / "e.db", settings) as home:
            await home.join("Alice")
            await home.chat("Alice", "x" * 30)
            assert home.balance("Alice") == 6


async def test_laughs_pay_the_teller_once_per_laugher(tmp_path: Path) -> None:
    """P-EARN-5: laughs are no jokes."""
    async with house(tmp_path / "e.db", only("laugh_received")) as home:
        for name in ("Alice", "Bob", "Carol"):
            await home.join(name)
        await home.chat("Alice", "a horse walks into a bar")
        for name, text in (("Bob", "lol"), ("Carol", "LMAO"), ("Bob", "haha"), ("Alice", "lol")):
            await home.chat(name, text)
        assert await balances(home, "Alice", "Bob", "Carol") == [4, 0, 0]


async def test_kudos_pay_those_who_have_an_account(tmp_path: Path) -> None:
    """P-EARN-3: any casing, also absent users; words ending in ++ open nothing; ten a day."""
    async with house(tmp_path / "e.db", only("kudos_received")) as home:
        await home.join("Alice")
        await home.join("Bob")
        await home.leave("Bob")
        await home.chat("Alice", "c++ is fine, @BOB++! Alice++")
        assert await balances(home, "Alice", "Bob") == [0, 3]
        assert home.wallet("c") is None
        for _ in range(12):
            await home.chat("Alice", "bob++")
        assert home.balance("Bob") == 30


async def test_mentions_pay_those_who_are_here(tmp_path: Path) -> None:
    """P-EARN-4: whole words only, five an hour for a pair, departing users not at all."""
    async with house(tmp_path / "e.db", only("mentioned_by_other")) as home:
        for name in ("Alice", "an", "Bob"):
            await home.join(name)
        await home.chat("Alice", "a banana and Bob")
        assert await balances(home, "an", "Bob") == [0, 1]
        for _ in range(6):
            await home.chat("Alice", "BOB")
        await home.chat("an", "bob?")
        assert home.balance("Bob") == 6
        await home.leave("Bob")
        await home.chat("an", "bob?")
        assert home.balance("Bob") == 6


async def test_the_first_greeter_of_an_arrival_is_paid(tmp_path: Path) -> None:
    """Within 60 s of a genuine arrival; a bounce is none."""
    async with house(tmp_path / "e.db", only("greeted_newcomer")) as home:
        for name in ("Alice", "Carol", "Bob"):
            await home.join(name)
        await home.chat("Alice", "welcome Bob")
        await home.chat("Carol", "welcome Bob")
        assert await balances(home, "Alice", "Carol") == [3, 0]
        await home.leave("Bob")
        await home.join("Bob")
        await home.chat("Carol", "welcome back Bob")
        assert home.balance("Carol") == 0


async def test_the_first_line_of_a_day_and_after_a_silence(tmp_path: Path) -> None:
    """5 and 10 Z on the first line ever; 10 more after ten silent minutes."""
    settings = only("first_message_of_day", "conversation_starter")
    async with house(tmp_path / "e.db", settings) as home:
        await home.join("Alice")
        await home.chat("Alice", "hello")
        await home.chat("Alice", "anybody?")
        assert home.balance("Alice") == 15
        await anyio.sleep(601)
        await home.chat("Alice", "ok")
        assert home.balance("Alice") == 25
    async with house(tmp_path / "e.db", settings) as home:
        await home.join("Alice")
        await home.chat("Alice", "still nobody")
        assert home.balance("Alice") == 25


async def test_the_bot_pays_whom_it_answers(tmp_path: Path) -> None:
    """P-EARN-6: a line of the bot that names the last speaker; ten a day."""
    async with house(tmp_path / "e.db", only("bot_interaction")) as home:
        await home.join("Alice")
        await home.chat("Alice", "hm")
        home.channel.tell(BotSpoke("It rains coins"))
        await home.settle()
        assert home.balance("Alice") == 0
        for _ in range(12):
            home.channel.tell(BotSpoke("No, alice."))
            await home.settle()
        assert home.balance("Alice") == 20


async def test_multipliers_apply_and_are_told(tmp_path: Path) -> None:
    """P-EARN-1: a crowd of one makes 1.5 of each coin; the rest is kept until it is whole."""
    multipliers = PLAIN_MULTIPLIERS | {"high_population": {"min_users": 1, "multiplier": 1.5}}
    async with house(tmp_path / "e.db", only("long_message", multipliers=multipliers)) as home:
        await home.join("Alice")
        await home.chat("Alice", "x" * 30)
        assert home.balance("Alice") == 1
        await home.chat("Alice", "x" * 30)
        assert home.balance("Alice") == 3
        user = UserKey.of(CHANNEL, "Alice")
        row = home.report(lambda reports: reports.transactions(user, 1, 0))[0]
        assert json.loads(row.metadata)["multiplier"] == 1.5


async def test_the_banned_and_the_ignored_get_nothing(tmp_path: Path) -> None:
    """Section 1: no laughs, no kudos, no awards for lines."""
    async with house(tmp_path / "e.db", only("kudos_received", "long_message")) as home:
        await home.join("Alice")
        await home.join("Bob")
        await home.commit(Ban(UserKey.of(CHANNEL, "Bob"), "Bob", "boss", "", home.now_ms))
        await home.chat("Alice", "bob++")
        await home.chat("Bob", "alice++ " + "x" * 30)
        assert await balances(home, "Alice", "Bob") == [0, 0]


async def test_new_users_are_counted_before_they_earn(tmp_path: Path) -> None:
    """2.4: what the gate withholds is not paid later."""
    gate = {"welcome_wallet": 0, "min_messages_to_earn": 3}
    async with house(tmp_path / "e.db", only("long_message", onboarding=gate)) as home:
        await home.join("Alice")
        for _ in range(3):
            await home.chat("Alice", "x" * 30)
        assert home.balance("Alice") == 1


async def test_others_are_promoted_by_what_they_are_given(tmp_path: Path) -> None:
    """2.3: after every credit the rank is looked at, also of those who only were thanked."""
    tiers = [{"name": "A", "min_lifetime_earned": 0}, {"name": "B", "min_lifetime_earned": 3}]
    settings = only("kudos_received", ranks={"tiers": tiers}, cytube_promotion={"min_rank": "B"})
    async with house(tmp_path / "e.db", settings) as home:
        await home.join("Alice")
        await home.join("Bob")
        await home.chat("Alice", "bob++")
        wallet = home.wallet("Bob")
        assert wallet is not None
        assert wallet.rank_name == "B"


async def test_empty_messages_pay_nothing(tmp_path: Path) -> None:
    """Section 8: not even the silence is broken."""
    async with house(tmp_path / "e.db", only("conversation_starter")) as home:
        await home.join("Alice")
        await home.join("Bob")
        await home.chat("Alice", "  ")
        await home.chat("Bob", "hi")
        assert await balances(home, "Alice", "Bob") == [0, 10]


def _broken(*_: object, **__: object) -> Any:
    raise ZeroDivisionError("a defect")


@pytest.mark.parametrize(
    ("module", "rule", "trigger_id", "earned_z"),
    [
        (chat_rules, "kudos_in", "chat.kudos_received", [1, 1, 0]),
        (chat_rules, "is_laugh", "chat.laugh_received", [1, 4, 0]),
        (chat_rules, "has_gif", "daily.gifs_posted", [1, 4, 0]),
        (media_rules, "comment_cap", "content.comment_during_media", [1, 4, 0]),
    ],
)
async def test_a_defect_in_one_trigger_leaves_the_others_and_the_counting_alone(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    module: Any,
    rule: str,
    trigger_id: str,
    earned_z: list[int],
) -> None:
    """P-EARN-12: it is logged with the line's id and counted, and the rest of the line stands."""
    settings = only("long_message", "kudos_received", "mentioned_by_other", "laugh_received")
    async with house(tmp_path / "e.db", settings) as home:
        for name in ("Alice", "Bob", "Carol"):
            await home.join(name)
        home.channel.tell(MediaChanged(Medium("yt:a", "Film", 0), home.now_ms))
        monkeypatch.setattr(module, rule, _broken)
        with capture_logs() as logged:
            home.channel.tell(Said("Alice", "bob++ " + "x" * 30, home.now_ms), trace="line-1")
            await home.settle()
        [line] = [each for each in logged if each["log_level"] == "error"]
        assert f"{line['trigger']}" == trigger_id
        assert (line["event"], line["correlation_id"]) == ("a trigger failed", "line-1")
        value = home.context.metrics.registry.get_sample_value
        assert value("economy_errors_total", {"component": "triggers"}) == 1
        assert await balances(home, "Alice", "Bob", "Carol") == earned_z
        wallet = home.wallet("Alice")
        assert wallet is not None
        assert wallet.lifetime_messages == 1


async def test_a_defect_of_what_the_bot_or_the_medium_pays_leaves_the_channel_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """P-EARN-12: who is here is still known, and the next item plays."""
    async with house(tmp_path / "e.db", only("bot_interaction")) as home:
        await home.join("Alice")
        await home.chat("Alice", "hm")
        monkeypatch.setattr(media_rules.Screening, "is_survivable", _broken)
        monkeypatch.setattr(chat_rules.Conversation, "bot_spoke", _broken)
        for key in ("yt:a", "yt:b"):
            home.channel.tell(MediaChanged(Medium(key, "Film", 600), home.now_ms))
        home.channel.tell(BotSpoke("No, alice."))
        await home.settle()
        assert home.context.playing[CHANNEL].key == "yt:b"
        assert await home.present() == {"Alice"}
