"""A heist from the first message to balances, lines and private results (`gambling.md` 6)."""

from pathlib import Path
from typing import Any

import anyio
import pytest
from tests.actors.games.crew import (
    LOSE,
    PUSH,
    WIN,
    WINDOW_S,
    balances,
    crew,
    heist_lines,
    heist_settings,
    rounds_open,
    slot,
    window,
)
from tests.actors.house import House

from economy_actors.messages.channel import PrivateMessage, Said
from economy_actors.messages.tables import SlotTaken
from kryten_economy.features.bans import Ban
from kryten_economy.features.money.operations import SetBalance
from kryten_economy.refusals import CoolingDown, Occupied
from kryten_economy.users import UserKey


async def form(h: House, stake: str = "100") -> None:
    """Alice plans it, Bob joins in the channel and Cy by PM."""
    await h.pm("Alice", f"heist {stake}")
    await h.chat("Bob", "join")
    await h.pm("Cy", "heist join")


async def test_a_start_is_announced_with_buy_in_and_seconds(tmp_path: Path) -> None:
    """Who plans it, for how much, how to join, until when; the stake is set aside at once."""
    async with crew(tmp_path, heist_settings()) as h:
        [answer] = await h.pm("Alice", "heist 100")
        assert "You stake 100 Z" in answer
        assert "Balance: 900 Z." in answer
        [line] = heist_lines(h)
        assert line.text == (
            "🏦 Alice plans a heist! Buy-in 100 Z: type 'join' or PM me 'heist join' within 60s."
            " It takes 3 robbers."
        )
        assert h.balance("Alice") == 900


async def test_a_win_pays_by_the_size_of_the_crew(tmp_path: Path) -> None:
    """Three get twice their stake, four 2.25 times (`gambling.md` 6)."""
    async with crew(tmp_path, heist_settings(**WIN)) as h:
        await form(h)
        assert balances(h) == [900, 900, 900]
        await window(h)
        assert balances(h) == [1100, 1100, 1100]
        assert [pm for pm in h.pms("Bob") if "+100 Z" in pm and "Balance: 1,100 Z" in pm]
        assert heist_lines(h)[-1].text == "🏦 Crew of 3: 300 Z became 600 Z (2x)."


async def test_four_get_more_and_parts_of_a_coin_stay_with_the_house(tmp_path: Path) -> None:
    """The stake times the factor, rounded down: 33 times 2.25 is 74."""
    async with crew(tmp_path, heist_settings(**WIN)) as h:
        await form(h, "33")
        await h.chat("Dan", "JOIN ")
        await window(h)
        assert balances(h, "Alice", "Bob", "Cy", "Dan") == [1041] * 4


async def test_the_factor_has_a_cap(tmp_path: Path) -> None:
    """`max_payout_factor` holds for crews of any size."""
    async with crew(tmp_path, heist_settings(**WIN, max_payout_factor=1.9)) as h:
        await form(h)
        await window(h)
        assert balances(h) == [1090] * 3


async def test_a_push_costs_the_fee(tmp_path: Path) -> None:
    """The stake less the fee comes back, rounded down, and is recorded as a push."""
    async with crew(tmp_path, heist_settings(**PUSH)) as h:
        await form(h)
        await window(h)
        assert balances(h) == [995] * 3
        assert [pm for pm in h.pms("Cy") if "95 Z of your 100 Z" in pm and "-5 Z" in pm]
        rows = h.report(lambda r: r.recent("TestChan", 3))
        assert [row.type for row in rows] == ["gamble_push"] * 3


async def test_a_loss_takes_the_stakes(tmp_path: Path) -> None:
    """Nothing comes back, and everybody hears their own net and balance."""
    async with crew(tmp_path, heist_settings(**LOSE)) as h:
        await form(h)
        await window(h)
        assert balances(h) == [900] * 3
        assert [pm for pm in h.pms("Alice") if "-100 Z" in pm and "Balance: 900 Z" in pm]
        assert heist_lines(h)[-1].text == "🏦 Crew of 3: 300 Z lost."


async def test_too_few_get_everything_back(tmp_path: Path) -> None:
    """No statistics, a line, a PM each; the stage pauses as after any round (section 10)."""
    async with crew(tmp_path, heist_settings(**WIN)) as h:
        await h.pm("Alice", "heist 100")
        await h.chat("Bob", "join")
        await window(h)
        assert balances(h) == [1000] * 3
        assert heist_lines(h)[-1].text == (
            "🏦 The heist is called off: it takes 3 and there were 2. All stakes are back."
        )
        assert [pm for pm in h.pms("Bob") if "Too few" in pm and "Balance: 1,000 Z" in pm]
        wallet = h.wallet("Alice")
        assert wallet is not None
        assert (wallet.lifetime_gambled_in_z, wallet.lifetime_gambled_out_z) == (0, 0)
        assert isinstance(await slot(h), CoolingDown)
        assert rounds_open(h) == []


async def test_settled_first_told_after(tmp_path: Path) -> None:
    """All are paid before the first word; then the story has its pauses (P-GAM-11, P-TXT-9)."""
    async with crew(tmp_path, heist_settings(**WIN)) as h:
        await form(h)
        await anyio.sleep(WINDOW_S - 5)
        before = len(heist_lines(h))
        at_s = []
        with anyio.fail_after(60):
            for count in (1, 2, 3):
                while len(heist_lines(h)) < before + count:  # noqa: ASYNC110 - lines are no event
                    await anyio.sleep(0.05)
                assert balances(h) == [1100] * 3
                at_s.append(anyio.current_time())
        assert [round(each - at_s[0]) for each in at_s] == [0, 6, 8]
        assert [pm for pm in h.pms("Alice") if "+100 Z" in pm]


async def test_results_wait_for_the_story(tmp_path: Path) -> None:
    """Nobody reads how it ends before the channel does."""
    async with crew(tmp_path, heist_settings(**WIN)) as h:
        await form(h)
        await anyio.sleep(WINDOW_S + 4)
        assert not [pm for pm in h.pms("Alice") if "The heist worked" in pm]
        await anyio.sleep(6)
        assert [pm for pm in h.pms("Alice") if "The heist worked" in pm]


async def test_without_public_lines_everybody_hears_in_private(tmp_path: Path) -> None:
    """`announce_public` off: nothing is said in the channel, and the result comes at once."""
    async with crew(tmp_path, heist_settings(**WIN, announce_public=False)) as h:
        await form(h)
        await anyio.sleep(WINDOW_S)
        await h.settle()
        assert heist_lines(h) == []
        for name in ("Alice", "Bob", "Cy"):
            assert [pm for pm in h.pms(name) if "+100 Z" in pm], name


async def test_the_gate_silences_a_heist(tmp_path: Path) -> None:
    """`announcements.heist_result` off does the same."""
    settings = heist_settings(**WIN)
    announcements = settings.announcements.model_copy(update={"heist_result": False})
    settings = settings.model_copy(update={"announcements": announcements})
    async with crew(tmp_path, settings) as h:
        await form(h)
        await anyio.sleep(WINDOW_S)
        await h.settle()
        assert heist_lines(h) == []
        assert balances(h) == [1100] * 3
        assert [pm for pm in h.pms("Bob") if "+100 Z" in pm]


# Joining


@pytest.mark.parametrize("word", ["join", "JOIN", " Join  ", "!heist join"])
async def test_the_word_joins(tmp_path: Path, word: str) -> None:
    """Exactly `join`, in any case and trimmed, or the command with its sign."""
    async with crew(tmp_path, heist_settings()) as h:
        await h.pm("Alice", "heist 100")
        await h.chat("Bob", word)
        assert h.balance("Bob") == 900
        assert [pm for pm in h.pms("Bob") if "in for 100 Z, in a crew of 2" in pm]


@pytest.mark.parametrize("word", ["join us", "I join", "joined", "jоin"])
async def test_other_words_do_not_join(tmp_path: Path, word: str) -> None:
    """People talk."""
    async with crew(tmp_path, heist_settings()) as h:
        await h.pm("Alice", "heist 100")
        await h.chat("Bob", word)
        assert h.balance("Bob") == 1000


async def test_a_stray_join_is_ignored(tmp_path: Path) -> None:
    """Without a heist, and after its window, it is a word like any other."""
    async with crew(tmp_path, heist_settings(**WIN)) as h:
        before = len(h.heard)
        await h.chat("Bob", "join")
        assert len(h.heard) == before
        await form(h)
        await window(h)
        before = len(h.heard)
        await h.chat("Dan", "join")
        assert len(h.heard) == before
        assert h.balance("Dan") == 1000
        [answer] = await h.pm("Dan", "heist join")
        assert answer == "No heist is being planned right now. Start one with 'heist <wager>'."


async def test_who_joins_is_told_with_the_size_of_the_crew(tmp_path: Path) -> None:
    """One who joins has a line, several at once share one, and the channel is not flooded."""
    async with crew(tmp_path, heist_settings()) as h:
        await h.pm("Alice", "heist 100")
        await h.chat("Bob", "join")
        await anyio.sleep(2)
        [_, line] = heist_lines(h)
        assert "Bob" in line.text
        assert line.text.endswith("(Crew of 2)")
        await h.chat("Cy", "join")
        await h.chat("Dan", "join")
        await anyio.sleep(12)
        [*_, line] = heist_lines(h)
        assert len(heist_lines(h)) == 3
        assert line.text == "🕵️ In on it: Cy, Dan. (Crew of 4)"


async def test_joining_twice_is_joining_once(tmp_path: Path) -> None:
    """The second attempt is told why, by PM (P-GAM-25)."""
    async with crew(tmp_path, heist_settings()) as h:
        await h.pm("Alice", "heist 100")
        await h.chat("Alice", "join")
        assert h.balance("Alice") == 900
        assert h.pms("Alice")[-1] == "You are in already: Heist takes one stake from each."


async def test_sixty_four_joins_at_once_act_once(tmp_path: Path) -> None:
    """Whatever a user sends at once, in the channel and by PM, takes one stake."""
    settings = heist_settings(**WIN)
    commands = settings.commands.model_copy(update={"rate_limit_per_minute": 1000})
    settings = settings.model_copy(update={"commands": commands})
    async with crew(tmp_path, settings) as h:
        await h.pm("Alice", "heist 100")
        for _ in range(32):
            h.channel.tell(Said("Bob", "join", h.now_ms))
            h.channel.tell(PrivateMessage("Bob", "heist join", h.now_ms))
        await h.settle()
        await h.settle()
        assert h.balance("Bob") == 900
        await h.chat("Cy", "join")
        await window(h)
        assert balances(h) == [1100] * 3


async def test_a_crowd_that_joins_does_not_flood_the_channel(tmp_path: Path) -> None:
    """Forty join within a minute: all are in, and few lines tell it; names are not all listed."""
    async with crew(tmp_path, heist_settings(**WIN)) as h:
        await h.pm("Alice", "heist 100")
        began_s = anyio.current_time()
        for number in range(40):
            await h.join(f"Robber{number}")
            await h.chat(f"Robber{number}", "join")
            await anyio.sleep(1)
        assert anyio.current_time() - began_s < WINDOW_S
        await window(h)
        joins = [line.text for line in heist_lines(h) if "(Crew of" in line.text]
        assert 3 <= len(joins) <= 7
        assert joins[-1].endswith("(Crew of 41)")
        assert all(len(line) <= 240 for line in joins)
        assert h.balance("Robber39") == 1000 - 100 + 1150


@pytest.mark.parametrize(("typed", "stake_z"), [("all", 1000), ("half", 500), ("1,000", 1000)])
async def test_amounts_as_people_type_them(tmp_path: Path, typed: str, stake_z: int) -> None:
    """A share of the own balance is a wager like any other; the others pay the same."""
    async with crew(tmp_path, heist_settings()) as h:
        [answer] = await h.pm("Alice", f"heist {typed}")
        assert f"You stake {stake_z:,} Z" in answer
        await h.chat("Bob", "join")
        assert h.balance("Bob") == 1000 - stake_z


async def test_a_heist_may_be_planned_in_the_channel(tmp_path: Path) -> None:
    """`!heist 100` is the command; it is answered by PM."""
    async with crew(tmp_path, heist_settings()) as h:
        await h.chat("Alice", "!heist 100")
        assert "You stake 100 Z" in h.pms("Alice")[-1]
        assert "Alice plans a heist" in heist_lines(h)[0].text


# Refusals


def _too(gambling: dict[str, Any] | None = None, **heist: Any) -> Any:
    return heist_settings(gambling, **heist)


@pytest.mark.parametrize(
    ("text", "settings", "words"),
    [
        ("heist", _too(), "Usage: heist <wager> | heist join"),
        ("heist 1.5", _too(), "not an amount"),
        ("heist -5", _too(), "not an amount"),
        ("heist all of it", _too(), "Usage"),
        ("heist 5", _too(), "the minimum is 20 Z"),
        ("heist 6000", _too(), "the maximum is 5,000 Z"),
        ("heist 2000", _too(), "1,000 Z short"),
        ("heist 100", _too({"min_account_age_minutes": 60}), "too new"),
        ("heist 100", _too(enabled=False), "switched off"),
        ("heist 100", _too({"enabled": False}), "switched off"),
        ("heist 100", _too({"limits": {"daily_stakes": 50}}), "today's limit"),
    ],
)
async def test_a_refused_start_says_why_and_blocks_nobody(
    tmp_path: Path, text: str, settings: Any, words: str
) -> None:
    """G1 at the start: nothing moves, and the slot is free at once (P-GAM-9)."""
    async with crew(tmp_path, settings) as h:
        [answer] = await h.pm("Alice", text)
        assert words in answer, answer
        assert h.balance("Alice") == 1000
        assert heist_lines(h) == []
        assert isinstance(await slot(h), SlotTaken)


@pytest.mark.parametrize("in_chat", [True, False])
async def test_a_refused_join_says_why_in_private(tmp_path: Path, in_chat: bool) -> None:
    """G1 at every entry (P-GAM-4): too poor, too new, over the limit; nothing in the channel."""
    settings = heist_settings(**WIN)
    async with crew(tmp_path, settings) as h:
        await h.pm("Alice", "heist 600")
        bob = UserKey.of("TestChan", "Bob")
        await h.commit(SetBalance("poor", bob, 500, "poor", "Boss", h.now_ms, "2026-11-20"))
        lines = len(h.lines())
        await (h.chat("Bob", "join") if in_chat else h.pm("Bob", "heist join"))
        assert "short" in h.pms("Bob")[-1]
        assert len(h.lines()) == lines
        h.context.live.swap(heist_settings({"min_account_age_minutes": 60}))
        await (h.chat("Cy", "join") if in_chat else h.pm("Cy", "heist join"))
        assert "too new" in h.pms("Cy")[-1]
        h.context.live.swap(heist_settings(max_wager=500))
        await (h.chat("Cy", "join") if in_chat else h.pm("Cy", "heist join"))
        assert "the maximum is 500 Z" in h.pms("Cy")[-1]
        assert h.balance("Cy") == 1000


async def test_a_banned_user_neither_starts_nor_joins(tmp_path: Path) -> None:
    """The ban is told, and nothing moves (P-GAM-4)."""
    async with crew(tmp_path, heist_settings()) as h:
        await h.commit(Ban(UserKey.of("TestChan", "Bob"), "Bob", "Boss", "", h.now_ms))
        [answer] = await h.pm("Bob", "heist 100")
        assert "suspended" in answer
        await h.pm("Alice", "heist 100")
        await h.chat("Bob", "join")
        assert "suspended" in h.pms("Bob")[-1]
        assert h.balance("Bob") == 1000


# One at a time


async def test_one_spectacle_at_a_time(tmp_path: Path) -> None:
    """A second heist is told that one is on; its stake stays (P-GAM-6, P-GAM-7)."""
    async with crew(tmp_path, heist_settings()) as h:
        await h.pm("Alice", "heist 100")
        [answer] = await h.pm("Bob", "heist 100")
        assert answer == "Heist is on at the moment. Please wait until it is over."
        assert h.balance("Bob") == 1000
        assert await slot(h, "heist") == Occupied("Heist")


async def test_the_stage_is_taken_until_the_last_line(tmp_path: Path) -> None:
    """No new game mixes into the story (P-GAM-10); then come the pauses, the heist's own longer."""
    async with crew(tmp_path, heist_settings(**WIN)) as h:
        await form(h)
        await anyio.sleep(WINDOW_S + 7)
        [answer] = await h.pm("Dan", "heist 100")
        assert "is on at the moment" in answer
        await anyio.sleep(3)
        assert len(heist_lines(h)) >= 4
        [answer] = await h.pm("Dan", "heist 100")
        assert answer.startswith("Heist is cooling down: try again in 2m 5"), answer
        await anyio.sleep(60)
        assert isinstance(await slot(h), SlotTaken), "any other spectacle may begin"
        [answer] = await h.pm("Dan", "heist 100")
        assert "Heist is cooling down" in answer, "the heist's own pause holds in addition"
        await anyio.sleep(120)
        [answer] = await h.pm("Dan", "heist 100")
        assert "You stake 100 Z" in answer


async def test_a_game_that_is_switched_off_is_played_to_its_end(tmp_path: Path) -> None:
    """G12: no new round, and the one under way is settled."""
    async with crew(tmp_path, heist_settings(**WIN)) as h:
        await form(h)
        h.context.live.swap(heist_settings(enabled=False))
        await window(h)
        assert balances(h) == [1100] * 3
        [answer] = await h.pm("Dan", "heist 100")
        assert "switched off" in answer


async def test_who_leaves_stays_in(tmp_path: Path) -> None:
    """G11: leaving cancels nothing."""
    async with crew(tmp_path, heist_settings(**WIN)) as h:
        await form(h)
        await h.leave("Bob")
        await window(h)
        assert balances(h) == [1100] * 3


async def test_statistics_of_a_heist(tmp_path: Path) -> None:
    """G13, P-GAM-21: what was staked and won counts for the player, as with every game."""
    async with crew(tmp_path, heist_settings(**WIN)) as h:
        await form(h)
        await window(h)
        wallet = h.wallet("Alice")
        assert wallet is not None
        assert (wallet.lifetime_gambled_in_z, wallet.lifetime_gambled_out_z) == (100, 200)
        assert wallet.biggest_win_z == 100
        counters = h.report(lambda reports: reports.counters())
        assert counters["heists_total"] == 3
        assert counters["gambling_z_wagered_total"] == 300
        assert counters["gambling_z_won_total"] == 600
