"""Private messages from text to answer (`commands.md` 1 to 6)."""

import re
from pathlib import Path

import anyio
import pytest
from tests.actors.house import CHANNEL, House, house, settings_with

from economy_actors.handlers.registry import COMMANDS
from economy_actors.outbox.message import Pm, Priority
from kryten_economy.features.bans import Ban
from kryten_economy.users import UserKey


async def test_balance_tells_money_rank_and_symbol(tmp_path: Path) -> None:
    """`balance` names amount, currency and rank; `bal`, `!bal` and `/BAL` are the same."""
    async with house(tmp_path / "e.db") as h:
        await h.join("Alice")
        for text in ("balance", "bal", "!bal", "/BAL", "  Balance  "):
            [answer] = await h.pm("Alice", text)
            assert "100" in answer
            assert "Extra" in answer


async def test_a_reply_goes_out_as_a_reply(tmp_path: Path) -> None:
    """Answers to people have the highest priority and carry the trace of the question."""
    async with house(tmp_path / "e.db") as h:
        await h.join("Alice")
        await h.pm("Alice", "about", trace="cause-1")
        answer = h.heard[-1]
        assert isinstance(answer, Pm)
        assert (answer.priority, answer.trace) == (Priority.REPLY, "cause-1")
        assert "1.2.3" in answer.text


async def test_an_unknown_word_suggests_the_nearest_command(tmp_path: Path) -> None:
    """Typos are answered with what was probably meant; rubbish points to help."""
    async with house(tmp_path / "e.db") as h:
        await h.join("Alice")
        [answer] = await h.pm("Alice", "balence")
        assert "balance" in answer
        [answer] = await h.pm("Alice", "xyzzy")
        assert "help" in answer
        [answer] = await h.pm("Alice", "17")
        assert "help" in answer


async def test_blank_messages_are_ignored(tmp_path: Path) -> None:
    """A PM of nothing but spaces gets no answer and costs nothing."""
    async with house(tmp_path / "e.db") as h:
        await h.join("Alice")
        for text in ("", "   ", "\n", "!", "/ "):
            assert await h.pm("Alice", text) == []


async def test_history_shows_every_movement_with_the_balance_after_it(tmp_path: Path) -> None:
    """Wallet, minutes and grants stand in `history`, newest first, each with its balance."""
    async with house(tmp_path / "e.db") as h:
        await h.join("Alice")
        await h.minutes(3)
        await h.join("Boss")
        await h.rank("Boss", 4)
        await h.pm("Boss", "grant alice 50 for the film")
        [answer] = await h.pm("Alice", "history")
        lines = answer.splitlines()
        assert any("+50" in line and "153" in line for line in lines)
        assert any("+3" in line and "103" in line for line in lines)
        assert any("+100" in line for line in lines)


async def test_the_eleventh_command_in_a_minute_is_told_to_slow_down_once(tmp_path: Path) -> None:
    """P-MSG-10: one notice per window, whatever follows; afterwards all is well again."""
    async with house(tmp_path / "e.db") as h:
        await h.join("Alice")
        for _ in range(10):
            assert len(await h.pm("Alice", "unquiet")) == 1
        [notice] = await h.pm("ALICE", "unquiet")
        assert "10" in notice
        assert await h.pm("Alice", "unquiet") == []
        await anyio.sleep(61)
        assert len(await h.pm("Alice", "unquiet")) == 1


async def test_commands_that_only_show_something_count_half(tmp_path: Path) -> None:
    """Who reads `history` and then `why` line by line is answered."""
    async with house(tmp_path / "e.db") as h:
        await h.join("Alice")
        for _ in range(20):
            [answer] = await h.pm("Alice", "why")
            assert "Slow down" not in answer
        [notice] = await h.pm("Alice", "why")
        assert "Slow down" in notice


async def test_a_sentence_gets_a_short_pointer(tmp_path: Path) -> None:
    """Nobody is asked whether they meant 'top'."""
    async with house(tmp_path / "e.db") as h:
        await h.join("Alice")
        for text in ("hello there bot, how are you?", "b", "b b b"):
            [answer] = await h.pm("Alice", text)
            assert "Did you mean" not in answer
            assert "'help'" in answer


async def test_who_is_named_is_told_of_or_refused(tmp_path: Path) -> None:
    """A command never tells the asker's own facts where somebody else was named."""
    async with house(tmp_path / "e.db") as h:
        await h.join("Alice")
        await h.join("Felix")
        assert "Felix" in (await h.pm("Alice", "rank @felix"))[0]
        assert "nobody" in (await h.pm("Alice", "rank @nobody"))[0]
        for text in ("balance @felix", "streak @felix", "history @felix", "achievements @felix"):
            [answer] = await h.pm("Alice", text)
            assert "yourself only" in answer
        for text in ("history -1", "history 2.5"):
            assert "Usage" in (await h.pm("Alice", text))[0]


async def test_admins_are_not_limited(tmp_path: Path) -> None:
    """The limit is for ordinary users."""
    async with house(tmp_path / "e.db") as h:
        await h.join("Boss")
        await h.rank("Boss", 4)
        for _ in range(25):
            assert len(await h.pm("Boss", "about")) == 1


@pytest.mark.parametrize(
    "text",
    [
        "grant alice 5",
        "deduct alice 5",
        "set_balance alice 5",
        "ban alice",
        "unban alice",
        "reload",
        "announce hello",
    ],
)
async def test_admin_commands_need_the_rank_of_this_channel(tmp_path: Path, text: str) -> None:
    """A join brings no admin rights, a PM neither; only list and rank events do."""
    async with house(tmp_path / "e.db") as h:
        await h.join("Alice")
        await h.join("Mallory")
        [answer] = await h.pm("Mallory", text)
        assert "admin" in answer.lower()
        assert h.balance("alice") == 100
        await h.rank("Mallory", 4)
        await h.leave("Mallory")
        await h.join("Mallory")
        [answer] = await h.pm("Mallory", text)
        assert "admin" in answer.lower()


async def test_a_banned_user_may_only_ask_for_help(tmp_path: Path) -> None:
    """Banned: access is suspended, except help, about, quiet and unquiet."""
    async with house(tmp_path / "e.db") as h:
        await h.join("Mallory")
        await h.commit(Ban(UserKey(CHANNEL, "mallory"), "Mallory", "boss", "", h.now_ms))
        [answer] = await h.pm("Mallory", "balance")
        assert "suspended" in answer
        for text in ("help", "about", "quiet", "unquiet"):
            assert "suspended" not in " ".join(await h.pm("Mallory", text))


async def test_quiet_is_kept_in_the_books(tmp_path: Path) -> None:
    """P-MSG-5: quiet mode makes the row if there is none, and survives."""
    async with house(tmp_path / "e.db", settings_with(onboarding={"welcome_wallet": 0})) as h:
        await h.userlist(("Alice", 1), stored=True)
        await h.pm("Alice", "mute")
        wallet = h.wallet("alice")
        assert wallet is not None
        assert wallet.quiet
        await h.pm("Alice", "unmute")
        wallet = h.wallet("alice")
        assert wallet is not None
        assert not wallet.quiet


async def test_help_lists_what_exists_and_hides_admin_commands(tmp_path: Path) -> None:
    """P-MSG-15: help is made from the command table."""
    sold = settings_with(
        mediacms={"base_url": "https://media.test"}, gambling={"heist": {"enabled": True}}
    )
    async with house(tmp_path / "e.db", sold) as h:
        await h.join("Alice")
        answer = " ".join(await h.pm("Alice", "help"))
        words = set(re.findall(r"\w+", answer))
        for spec in COMMANDS:
            assert (spec.name in words) == (not spec.admin), spec.name


async def test_commands_are_counted_once_each(tmp_path: Path) -> None:
    """P-OPS-2: a command shows in the user's day and in the metric."""
    async with house(tmp_path / "e.db") as h:
        await h.join("Alice")
        await h.pm("Alice", "balance")
        await h.pm("Alice", "nonsense")
        page = h.context.metrics.render().decode()
        assert 'economy_pm_commands_total{command="balance",result="ok"} 1.0' in page
        assert 'economy_pm_commands_total{command="unknown",result="refused"} 1.0' in page


async def test_chat_is_counted_and_ends_idleness(tmp_path: Path) -> None:
    """Messages and long messages are counted per day and for life."""
    async with house(tmp_path / "e.db") as h:
        await h.join("Alice")
        await h.chat("Alice", "short")
        await h.chat("Alice", "x" * 30)
        await h.chat("Stranger", "not here")
        wallet = h.wallet("alice")
        assert wallet is not None
        assert wallet.lifetime_messages == 2
        assert h.wallet("stranger") is None


async def test_a_crash_in_one_session_is_answered_and_disturbs_nobody(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The user is told that something went wrong; the next command works; others never notice."""

    async def broken(*_: object) -> str:
        raise RuntimeError("a defect")

    async with house(tmp_path / "e.db") as h:
        await h.join("Alice")
        await h.join("Bob")
        with monkeypatch.context() as patch:
            patch.setitem(COMMANDS._handlers, "about", broken)
            [answer] = await h.pm("Alice", "about")
        assert "went wrong" in answer
        [answer] = await h.pm("Bob", "balance")
        assert "100" in answer
        await anyio.sleep(1)
        [answer] = await h.pm("Alice", "balance")
        assert "100" in answer
        assert h.observer.stats("session").restarts == 1
        assert sum(h.observer.dead_letters.values()) == 1


async def test_an_idle_session_is_put_to_sleep_and_forgets_nothing(tmp_path: Path) -> None:
    """After ten idle minutes the session is gone; the next question wakes it with all facts."""
    async with house(tmp_path / "e.db") as h:
        await h.join("Alice")
        await h.pm("Alice", "balance")
        assert h.observer.stats("session").live == 1
        await anyio.sleep(660)
        assert h.observer.stats("session").live == 0
        [answer] = await h.pm("Alice", "balance")
        assert "100" in answer


async def test_a_session_ends_with_its_visit(tmp_path: Path) -> None:
    """Once the debounce window of a departed user is over, nothing of the session is left."""
    async with house(tmp_path / "e.db") as h:
        await h.join("Alice")
        await h.pm("Alice", "balance")
        await h.leave("Alice")
        await h.minutes(7)
        stats = h.observer.stats("session")
        assert (stats.live, stats.passivated) == (0, 0)


ODD_TEXTS = [
    "balance " + "x" * 1900,
    "grant",
    "%s%s%n {0} {balance}",
    "'; DROP TABLE account; --",
    "history 99999999999999999999",
    "history -5",
    "history １０",
    "help help help",
    "\x00\x01balance",
    "𝔟𝔞𝔩𝔞𝔫𝔠𝔢",
]


@pytest.mark.parametrize("text", ODD_TEXTS)
async def test_odd_texts_get_an_answer_and_move_nothing(tmp_path: Path, text: str) -> None:
    """Whatever is typed: one clear answer, no money moves, the service lives."""
    async with house(tmp_path / "e.db") as h:
        await h.join("Alice")
        assert len(await h.pm("Alice", text)) == 1
        assert h.balance("alice") == 100
        assert await _alive(h)


async def _alive(h: House) -> bool:
    return len(await h.pm("Alice", "about")) == 1
