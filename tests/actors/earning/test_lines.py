"""Every trigger of a chat line at its edges, from the line to the balance (`earning.md` 8)."""

from pathlib import Path
from typing import Any

import anyio
import pytest
from structlog.testing import capture_logs
from tests.actors.earning.street import earned, paying, play
from tests.actors.house import CHANNEL, START_MS, House, house
from tests.actors.presence.helpers import hits

from economy_actors.messages.channel import BotSpoke
from kryten_economy.features.bans import Ban
from kryten_economy.features.chat import rules as chat_rules
from kryten_economy.features.chat.triggers import Trigger, TriggerAward, award_of
from kryten_economy.features.media import rules as media_rules
from kryten_economy.users import UserKey

DAY_MS = 86_400_000


async def _crowd(home: House, *names: str) -> None:
    for name in names:
        await home.join(name)


@pytest.mark.parametrize(("count", "paid"), [(29, 0), (30, 1), (31, 1)])
async def test_a_long_message_has_thirty_characters(tmp_path: Path, count: int, paid: int) -> None:
    """`chat.long_message`: 29 no, 30 yes; an emoji is one character."""
    async with house(tmp_path / "e.db", paying("long_message")) as home:
        await home.join("Alice")
        await home.chat("Alice", "🎬" * count)
        assert home.balance("Alice") == paid


async def test_thirty_long_messages_an_hour(tmp_path: Path) -> None:
    """8.1: 30 within an hour of the first one, refused from then on, and anew after the hour."""
    async with house(tmp_path / "e.db", paying("long_message")) as home:
        await _crowd(home, "Alice", "Bob")
        for _ in range(33):
            await home.chat("Alice", "x" * 30)
        assert home.balance("Alice") == 30
        await home.chat("Bob", "x" * 30)
        assert home.balance("Bob") == 1, "the window is each user's own"
        first_ms = START_MS + 120
        await anyio.sleep((first_ms + 3_600_000 - home.now_ms - 200) / 1000)
        await home.chat("Alice", "x" * 30)
        assert home.balance("Alice") == 30
        await anyio.sleep(1)
        for _ in range(2):
            await home.chat("Alice", "x" * 30)
        assert home.balance("Alice") == 32


async def test_the_first_message_of_each_day(tmp_path: Path) -> None:
    """P-EARN-18: claimed once a day in the books, whatever restarts; midnight begins a new one."""
    path, settings = tmp_path / "e.db", paying("first_message_of_day")
    for start_ms, balance in (
        (START_MS, 5),
        (START_MS + 3_600_000, 5),
        (START_MS + 14 * 3_600_000 - 1_000, 10),
    ):
        async with house(path, settings, start_ms=start_ms) as home:
            await home.join("Alice")
            await home.chat("Alice", "hello")
            await anyio.sleep(2)
            await home.chat("ALICE", "hello again")
            assert home.balance("Alice") == balance


@pytest.mark.parametrize(("silence_s", "paid"), [(599.9, 0), (600, 10)])
async def test_a_silence_of_ten_minutes_is_broken(
    tmp_path: Path, silence_s: float, paid: int
) -> None:
    """`chat.conversation_starter`: exactly 10 min pays; blank lines break nothing."""
    async with house(tmp_path / "e.db", paying("conversation_starter")) as home:
        await _crowd(home, "Alice", "Bob")
        await home.chat("Alice", "hello")
        said_ms = home.now_ms - 60
        assert home.balance("Alice") == 10
        await anyio.sleep(300)
        await home.chat("Alice", "   ")
        await anyio.sleep((said_ms + silence_s * 1000 - home.now_ms) / 1000)
        await home.chat("Bob", "anybody?")
        assert home.wallet("Bob") is not None
        assert home.balance("Bob") == paid


@pytest.mark.parametrize(("away_minutes", "paid"), [(9, 0), (11, 10)])
async def test_the_first_line_since_the_start(tmp_path: Path, away_minutes: int, paid: int) -> None:
    """The silence goes on over a restart: what the books know of the last activity counts."""
    path, settings = tmp_path / "e.db", paying("conversation_starter")
    async with house(path, settings) as home:
        await home.join("Alice")
        await home.chat("Alice", "hello")
        before_ms = home.now_ms
    async with house(path, settings, start_ms=before_ms + away_minutes * 60_000) as home:
        await home.join("Bob")
        await home.chat("Bob", "hello")
        assert home.balance("Bob") == paid


@pytest.mark.parametrize(
    ("after_s", "text", "paid"),
    [
        (59, "welcome Bob!", 3),
        (61, "welcome Bob!", 0),
        (5, "@BOB: hi", 3),
        (5, "bobby is here", 0),
        (5, "welcome", 0),
    ],
)
async def test_a_newcomer_is_greeted_by_name_within_a_minute(
    tmp_path: Path, after_s: int, text: str, paid: int
) -> None:
    """`social.greeted_newcomer`: a whole word, within 60 s of a genuine arrival."""
    async with house(tmp_path / "e.db", paying("greeted_newcomer")) as home:
        await home.userlist(("Alice", 1), stored=True)
        await home.join("Bob")
        await anyio.sleep(after_s)
        await home.chat("Alice", text)
        assert home.balance("Alice") == paid


async def test_one_newcomer_a_message_and_one_greeter_an_arrival(tmp_path: Path) -> None:
    """The first greeter only; not oneself; two newcomers take two messages."""
    async with house(tmp_path / "e.db", paying("greeted_newcomer")) as home:
        await home.userlist(("Alice", 1), ("Carol", 1), stored=True)
        await _crowd(home, "Bob", "Dave")
        await home.chat("Bob", "Bob is here")
        await home.chat("Alice", "welcome Bob and Dave")
        await home.chat("Carol", "welcome Bob and Dave")
        await home.chat("Carol", "welcome Bob and Dave")
        rows = earned(home, "Alice", "Bob", "Carol")
        assert rows == [[("social.greeted_newcomer", 3)], [], [("social.greeted_newcomer", 3)]]


async def test_mentions_pay_five_an_hour_for_a_pair(tmp_path: Path) -> None:
    """P-EARN-4: several at once, whole words, not oneself; another speaker has five too."""
    async with house(tmp_path / "e.db", paying("mentioned_by_other")) as home:
        await _crowd(home, "Alice", "Bob", "an", "Carol")
        await home.leave("Carol")
        for _ in range(7):
            await home.chat("Alice", "banana for BOB, @an and alice, not Carol")
        assert [home.balance(name) for name in ("Alice", "Bob", "an", "Carol")] == [0, 5, 5, 0]
        await home.chat("an", "Bob?")
        assert home.balance("Bob") == 6
        await anyio.sleep(3600)
        await home.chat("Alice", "Bob?")
        assert home.balance("Bob") == 7


@pytest.mark.parametrize(
    ("said", "answer", "after_s", "paid"),
    [
        ("what time is it?", "It is late, ALICE.", 5, 2),
        ("what time is it?", "It is late, Alicent.", 5, 0),
        ("zcoinbot, what time is it?", "It is late.", 119, 2),
        ("ZCoinBot what time is it?", "It is late.", 121, 0),
        ("what time is it?", "The film starts.", 5, 0),
    ],
)
async def test_the_bot_answers_whom_it_names_or_who_named_it(
    tmp_path: Path, said: str, answer: str, after_s: int, paid: int
) -> None:
    """8.4: a whole word of the bot's line, or the bot's name in a line at most 120 s old."""
    async with house(tmp_path / "e.db", paying("bot_interaction")) as home:
        await _crowd(home, "Bob", "Alice")
        await home.chat("Bob", "ZCoinBot is there")
        await home.chat("Alice", said)
        await anyio.sleep(after_s)
        home.channel.tell(BotSpoke(answer))
        await home.settle()
        assert (home.balance("Alice"), home.balance("Bob")) == (paid, 0)


async def test_ten_answers_a_day(tmp_path: Path) -> None:
    """Ten a UTC day are paid, all are counted; after midnight the next ten."""
    path, settings = tmp_path / "e.db", paying("bot_interaction")
    async with house(path, settings, start_ms=START_MS + 14 * 3_600_000 - 30_000) as home:
        await home.join("Alice")
        await home.chat("Alice", "hm")
        for _ in range(12):
            home.channel.tell(BotSpoke("Yes, Alice?"))
            await home.settle()
        assert home.balance("Alice") == 20
        assert _day(home, "alice")["bot_interactions"] == 12
        await anyio.sleep(30)
        home.channel.tell(BotSpoke("Yes, Alice?"))
        await home.settle()
        assert home.balance("Alice") == 22


def _day(home: House, name: str, day: str = "2026-11-20") -> dict[str, int]:
    days = home.report(lambda reports: reports.day_of_all(CHANNEL, day))
    return next(dict(each.values) for each in days if each.name == name)


@pytest.mark.parametrize("is_paid", [True, False], ids=["capped", "disabled"])
async def test_what_is_capped_or_switched_off_is_counted(tmp_path: Path, is_paid: bool) -> None:
    """8.6: counters change whether or not a trigger pays."""
    names = ("long_message", "laugh_received", "kudos_received", "bot_interaction")
    limits: dict[str, Any] = {
        "chat_triggers": {"long_message": {"max_per_hour": 1}},
        "social_triggers": {"bot_interaction": {"max_per_day": 1}},
    }
    settings = paying(*(names if is_paid else ()), **limits)
    async with house(tmp_path / "e.db", settings) as home:
        await _crowd(home, "Alice", "Bob")
        for _ in range(3):
            await home.chat("Alice", "x" * 30)
        await home.chat("Alice", "look https://tenor.com/view/x and https://a.test/b.GIF?c=1")
        await home.chat("Alice", "ok https://a.test/b.png")
        home.channel.tell(BotSpoke("Alice, please."))
        home.channel.tell(BotSpoke("Alice, please."))
        await home.settle()
        for _ in range(11):
            await home.chat("Bob", "Alice++ lol")
        day = _day(home, "alice")
        wanted = {
            "messages_sent": 5,
            "long_messages": 4,
            "gifs_posted": 1,
            "laughs_received": 1,
            "kudos_received": 11,
            "bot_interactions": 2,
        }
        assert {key: day[key] for key in wanted} == wanted
        assert _day(home, "bob")["kudos_given"] == 11
        assert (home.balance("Alice") > 0) == is_paid


async def test_the_banned_count_nothing(tmp_path: Path) -> None:
    """8.6: no counter of a banned speaker or target changes, nor the sender's for naming one."""
    async with house(tmp_path / "e.db", paying("kudos_received", "long_message")) as home:
        await _crowd(home, "Alice", "Mallory")
        ban = Ban(UserKey(CHANNEL, "mallory"), "Mallory", "boss", "", home.now_ms)
        await home.commit(ban)
        await home.chat("Mallory", "Alice++ https://a.test/b.gif is a long message")
        await home.chat("Alice", "Mallory++")
        assert earned(home, "Alice", "Mallory") == [[], []]
        assert _day(home, "alice")["kudos_given"] == 0
        days = home.report(lambda reports: reports.day_of_all(CHANNEL, "2026-11-20"))
        assert not any(
            value for each in days if each.name == "mallory" for value in each.values.values()
        )


async def test_analytics_know_distinct_users(tmp_path: Path) -> None:
    """P-EARN-10: hits, distinct users and Z of a trigger, by day; halves count when whole."""
    settings = paying("first_message_of_day", chat_triggers={"first_message_of_day": {"reward": 4}})
    async with house(tmp_path / "e.db", settings) as home:
        await _crowd(home, "Alice", "Bob")
        for name in ("Alice", "Bob", "Alice"):
            await home.chat(name, "hello")
        told = hits(home, "chat.first_message_of_day")
        assert told is not None
        assert (told.hit_count, told.unique_users, told.total_z_awarded) == (2, 2, 8)


@pytest.mark.parametrize("text", ["join", "!race 10 red", "!nonsense", "A"])
async def test_what_is_for_games_is_a_line_like_others(tmp_path: Path, text: str) -> None:
    """8: chat commands and a bare `join` go through the same evaluation."""
    async with house(tmp_path / "e.db", paying("first_message_of_day")) as home:
        await home.join("Alice")
        await home.chat("Alice", text)
        assert (home.balance("Alice"), home.pms("alice"), home.lines()) == (5, [], [])


_EACH = {
    "chat.long_message": ("Alice", 1),
    "chat.first_message_of_day": ("Alice", 5),
    "chat.conversation_starter": ("Alice", 10),
    "social.greeted_newcomer": ("Alice", 3),
    "content.first_after_media_change": ("Alice", 3),
    "content.comment_during_media": ("Alice", 1),
    "social.mentioned_by_other": ("Bob", 1),
    "chat.kudos_received": ("Bob", 3),
    "chat.laugh_received": ("Carol", 2),
}


@pytest.mark.parametrize("broken", _EACH)
async def test_one_triggers_error_stops_no_other(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, broken: str
) -> None:
    """P-EARN-12: one line sets off nine triggers; whichever fails, eight pay and all live on."""
    settings = paying(
        *(name.split(".")[1] for name in _EACH),
        chat_triggers={"conversation_starter": {"min_silence_minutes": 0}},
        content_triggers={"comment_during_media": {"reward_per_message": 1}},
    )

    def failing(trigger: Trigger, *args: Any, **more: Any) -> tuple[TriggerAward, ...]:
        if trigger.id == broken:
            raise ZeroDivisionError
        return award_of(trigger, *args, **more)

    async with house(tmp_path / "e.db", settings) as home:
        await _crowd(home, "Alice", "Carol")
        await home.chat("Carol", "a joke")
        await home.join("Bob")
        await play(home, "a")
        before = dict(zip(("Alice", "Carol"), earned(home, "Alice", "Carol"), strict=True))
        with monkeypatch.context() as patch, capture_logs() as logged:
            patch.setattr(chat_rules, "award_of", failing)
            patch.setattr(media_rules, "award_of", failing)
            await home.chat("Alice", "lol, welcome in the channel, Bob++")
        for name in ("Alice", "Bob", "Carol"):
            rows = earned(home, name)[0][len(before.get(name, [])) :]
            wanted = {each: z for each, (whom, z) in _EACH.items() if whom == name}
            wanted.pop(broken, None)
            assert dict(rows) == wanted
        assert [each["event"] for each in logged].count("a trigger failed") == 1
        assert b'economy_errors_total{component="triggers"} 1.0' in home.context.metrics.render()
        assert await home.present() == {"Alice", "Bob", "Carol"}
        wallet = home.wallet("Alice")
        assert wallet is not None
        assert wallet.lifetime_messages == 1


async def test_a_blank_line_does_nothing(tmp_path: Path) -> None:
    """8: it is not counted, claims nothing, breaks no silence and ends nobody's idleness."""
    settings = paying("first_message_of_day", "conversation_starter")
    async with house(tmp_path / "e.db", settings) as home:
        await home.join("Alice")
        await home.pm("Alice", "balance")
        for text in ("", "   ", "\t\n"):
            await home.chat("Alice", text)
        wallet = home.wallet("Alice")
        assert wallet is not None
        assert (wallet.balance_z, wallet.lifetime_messages, wallet.last_active_ms) == (0, 0, None)
        await home.chat("Alice", "hello")
        assert home.balance("Alice") == 15
