"""The vanity shop from the message to the balance, and what others see of it."""

from pathlib import Path
from typing import Any

import anyio
import pytest
from tests.actors.api.helpers import spawn
from tests.actors.house import CHANNEL, House, house, settings_with

from economy_actors.messages.gateway import GiveRank
from economy_actors.messages.vanity import LineTold, VanityRead
from economy_actors.outbox.message import Line, LineKind
from economy_actors.runtime import Actor
from kryten_economy.features.bans import Ban
from kryten_economy.users import UserKey

RICH = {"onboarding": {"welcome_wallet": 1000}}
SHOP = {
    "custom_greeting": {"cost": 100},
    "custom_title": {"cost": 200},
    "channel_gif": {"cost": 300},
    "shoutout": {"cost": 50, "max_length": 20},
    "daily_fortune": {"cost": 10},
    "rename_currency_personal": {"cost": 250},
}
NO_DISCOUNT = {
    "spend_discount_per_rank": 0.0,
    "tiers": [{"name": "Extra", "min_lifetime_earned": 0}],
}


LEVEL = {"cost": 400, "min_rank": "Extra"}


def _settings(**sections: Any) -> Any:
    base = {"vanity_shop": SHOP, "ranks": NO_DISCOUNT, "cytube_promotion": LEVEL}
    return settings_with(**(RICH | base | sections))


async def test_a_title_is_paid_for_and_shown_wherever_the_bot_speaks_of_its_owner(
    tmp_path: Path,
) -> None:
    """Profile, leaderboard and public lines name them with it; a new one replaces it."""
    ranks = NO_DISCOUNT | {
        "tiers": [
            {"name": "Extra", "min_lifetime_earned": 0},
            {"name": "Grip", "min_lifetime_earned": 1002},
        ]
    }
    async with house(tmp_path / "e.db", _settings(ranks=ranks)) as h:
        await h.join("Alice")
        [answer] = await h.pm("Alice", 'buy title "The   Great\tOne"')
        assert answer == "✅ Your title is: The Great One\nPaid: 200 Z. Balance: 800 Z."
        assert h.balance("alice") == 800
        [answer] = await h.pm("Alice", "profile")
        assert answer.startswith("👤 The Great One Alice |")
        assert "Owns: title" in answer
        [answer] = await h.pm("Alice", "top rich")
        assert "The Great One Alice: 800 Z (you)" in answer
        await h.pm("Alice", "buy title Duke")
        await h.minutes(3)
        await anyio.sleep(5)
        assert h.lines() == ["⭐ Duke Alice is now a Grip!"]


async def test_titles_and_names_of_the_money_outlive_a_restart(tmp_path: Path) -> None:
    """They are read when the channel starts."""
    async with house(tmp_path / "e.db", _settings()) as h:
        await h.join("Alice")
        await h.pm("Alice", "buy title Duke")
        [answer] = await h.pm("Alice", "buy rename Gold-Bits")
        assert answer.startswith("✅ Your name for the money is: Gold-Bits")
        [answer] = await h.pm("Alice", "balance")
        assert "(Gold-Bits)" in answer
        assert h.balance("alice") == 550
    async with house(tmp_path / "e.db", _settings()) as h:
        await h.join("Alice")
        assert "(Gold-Bits)" in (await h.pm("Alice", "balance"))[0]
        assert "Duke Alice: " in (await h.pm("Alice", "top rich"))[0]


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("buy greeting", "1 to 200 characters"),
        ("buy greeting \u200b ", "1 to 200 characters"),
        ("buy greeting " + "x" * 201, "201 characters: at most 200"),
        ("buy title " + "x" * 101, "at most 100 characters"),
        ("buy rename a*b", "letters, digits, spaces"),
        ("buy rename " + "x" * 31, "at most 30"),
        ("buy gif ftp://x.test/a.gif", "http:// or https://"),
        ("buy gif https://x.test/a b.gif", "no spaces"),
        ("buy gif https://x.test/" + "x" * 490, "at most 500"),
        ("shoutout", "1 to 20 characters"),
        ("shoutout " + "x" * 21, "at most 20"),
        ("buy shoutout " + "x" * 21, "at most 20"),
    ],
)
async def test_a_text_that_is_no_good_costs_nothing(tmp_path: Path, text: str, told: str) -> None:
    """The sentence says what is allowed."""
    async with house(tmp_path / "e.db", _settings()) as h:
        await h.join("Alice")
        [answer] = await h.pm("Alice", text)
        assert told in answer
        assert h.balance("alice") == 1000


async def test_who_is_too_poor_is_told_both_amounts(tmp_path: Path) -> None:
    """Nothing is owned, nothing is charged."""
    settings = _settings(vanity_shop={"custom_greeting": {"cost": 1001}})
    async with house(tmp_path / "e.db", settings) as h:
        await h.join("Alice")
        [answer] = await h.pm("Alice", "buy greeting Hi")
        assert answer == "That takes 1,001 Z and you have 1,000 Z: 1 Z short."
        assert "Yours" not in (await h.pm("Alice", "shop"))[0]


async def test_what_is_switched_off_is_neither_listed_nor_sold(tmp_path: Path) -> None:
    """Each item has its own switch."""
    off = {item: {"enabled": False} for item in SHOP}
    settings = _settings(vanity_shop=off, cytube_promotion=LEVEL | {"purchasable": False})
    async with house(tmp_path / "e.db", settings) as h:
        await h.join("Alice")
        words = ("greeting", "title", "gif", "rename", "shoutout", "fortune", "level2")
        for word in words:
            [answer] = await h.pm("Alice", f"buy {word} something")
            assert answer.endswith("switched off in this channel."), answer
        for word in ("shoutout hi", "fortune"):
            assert "switched off" in (await h.pm("Alice", word))[0]
        [answer] = await h.pm("Alice", "shop")
        assert not [word for word in words if f"{word} " in answer]
        assert h.balance("alice") == 1000


async def test_the_price_shown_is_the_price_charged(tmp_path: Path) -> None:
    """P-SHOP-1: inflation of the channel first, then the discount of the rank, in both places."""
    ranks = {
        "spend_discount_per_rank": 0.1,
        "tiers": [
            {"name": "Extra", "min_lifetime_earned": 0},
            {"name": "Grip", "min_lifetime_earned": 1},
        ],
    }
    inflation = {"enabled": True, "anchor_float": 1000, "max_multiplier": 8.0}
    async with house(tmp_path / "e.db", _settings(ranks=ranks, inflation=inflation)) as h:
        await h.join("Alice")
        h.context.floats[CHANNEL] = 2000
        [answer] = await h.pm("Alice", "shop")
        assert "title <text> | 360 Z (10% off 400 Z, base 200 Z x 2.00) | " in answer
        [answer] = await h.pm("Alice", "buy title Duke")
        assert "Paid: 360 Z (10% off 400 Z, base 200 Z x 2.00). Balance: 640 Z." in answer
        assert h.balance("alice") == 640


# GIFs


async def test_a_gif_waits_for_an_operator_and_is_theirs_when_approved(tmp_path: Path) -> None:
    """P-SHOP-3: the payment waits, one request at a time, and granting stores the address."""
    async with house(tmp_path / "e.db", _settings()) as h:
        await h.join("Alice")
        await h.join("Boss", rank=5)
        [answer] = await h.pm("Boss", "approvals")
        assert answer == "Nothing waits for approval."
        [answer] = await h.pm("Alice", "buy gif https://x.test/a.gif")
        assert "waits for an operator (request 1)" in answer
        assert h.balance("alice") == 700
        [answer] = await h.pm("Alice", "buy gif https://x.test/b.gif")
        assert answer == "Your GIF is still waiting; one at a time, please."
        assert "GIF: waits for an operator" in (await h.pm("Alice", "shop"))[0]
        [answer] = await h.pm("Boss", "approvals")
        assert answer.startswith("1. GIF by Alice, 300 Z, ")
        assert answer.endswith("https://x.test/a.gif")
        assert "needs admin rights" in (await h.pm("Alice", "approve_gif @Alice"))[0]
        [answer] = await h.pm("Boss", "approve_gif @alice")
        assert answer == "✅ The GIF of Alice is approved."
        assert h.pms("alice")[-1] == "✅ Your GIF was approved."
        [answer] = await h.pm("Boss", "reject_gif @Alice")
        assert answer.startswith("There is nothing of that kind to decide")
        assert h.balance("alice") == 700
        assert "GIF: https://x.test/a.gif" in (await h.pm("Alice", "shop"))[0]


async def test_a_rejected_gif_is_paid_back(tmp_path: Path) -> None:
    """Everything comes back, with a notice."""
    async with house(tmp_path / "e.db", _settings()) as h:
        await h.join("Alice")
        await h.join("Boss", rank=5)
        await h.pm("Alice", "buy gif https://x.test/a.gif")
        [answer] = await h.pm("Boss", "reject_gif @Alice")
        assert answer == "✅ The GIF of Alice is rejected: 300 Z went back."
        assert h.pms("alice")[-1] == "Your GIF was rejected. 300 Z came back. Balance: 1,000 Z."
        assert h.balance("alice") == 1000


async def test_a_gif_without_approval_is_theirs_at_once(tmp_path: Path) -> None:
    """P-SHOP-3: the setting is heeded."""
    shop = SHOP | {"channel_gif": {"cost": 300, "requires_admin_approval": False}}
    async with house(tmp_path / "e.db", _settings(vanity_shop=shop)) as h:
        await h.join("Alice")
        [answer] = await h.pm("Alice", "buy gif https://x.test/a.gif")
        assert answer.startswith("✅ Your GIF is: https://x.test/a.gif")
        assert h.balance("alice") == 700


# Shoutouts


def _shouted(h: House) -> list[Line]:
    return [each for each in h.heard if isinstance(each, Line) and each.kind is LineKind.PAID]


async def test_a_shoutout_is_paid_for_when_it_was_said(tmp_path: Path) -> None:
    """Its echo takes the money; the next one has to wait, by either command."""
    async with house(tmp_path / "e.db", _settings()) as h:
        await h.join("Alice")
        [answer] = await h.pm("Alice", "shoutout !ban everybody")
        assert "on its way" in answer
        assert "Paid: 50 Z. Balance: 950 Z." in answer
        [line] = _shouted(h)
        assert line.text == "📢 Alice: !ban everybody"
        assert not line.dedup
        assert line.receipt is not None
        h.channel.tell(LineTold(line.receipt, said=True))
        await h.settle()
        assert h.balance("alice") == 950
        [answer] = await h.pm("Alice", "buy shoutout again")
        assert answer.startswith("Your shoutout is cooling down: try again in 1h.")
        assert len(_shouted(h)) == 1


async def test_a_shoutout_that_was_not_said_costs_nothing(tmp_path: Path) -> None:
    """The money comes back with a sentence, and they may try again at once."""
    async with house(tmp_path / "e.db", _settings()) as h:
        await h.join("Alice")
        await h.pm("Alice", "shoutout hello")
        [line] = _shouted(h)
        assert line.receipt is not None
        h.channel.tell(LineTold(line.receipt, said=False))
        h.channel.tell(LineTold(line.receipt, said=True))
        await h.settle()
        assert h.balance("alice") == 1000
        assert h.pms("alice")[-1] == (
            "Your shoutout could not be posted: 50 Z came back, and you may try again."
            " Balance: 1,000 Z."
        )
        await h.pm("Alice", "shoutout hello")
        assert len(_shouted(h)) == 2


async def test_a_shoutout_that_a_kill_has_swallowed_is_paid_back(tmp_path: Path) -> None:
    """The line died with its process: the next one gives the money back, and says so."""
    async with house(tmp_path / "e.db", _settings()) as h:
        await h.join("Alice")
        await h.pm("Alice", "shoutout hello")
        assert h.balance("alice") == 950
    async with house(tmp_path / "e.db", _settings()) as h:
        await h.settle()
        assert h.balance("alice") == 1000
        assert h.pms("alice")[0].startswith("Your shoutout could not be posted: 50 Z came back")
        await h.join("Alice")
        await h.pm("Alice", "shoutout hello")
        assert len(_shouted(h)) == 1


async def test_a_channel_that_starts_anew_leaves_what_is_under_way(tmp_path: Path) -> None:
    """The outbox still has the line: its echo decides."""
    async with house(tmp_path / "e.db", _settings()) as h:
        await h.join("Alice")
        await h.pm("Alice", "shoutout hello")
        [line] = _shouted(h)
        assert line.receipt is not None
        h.channel.tell(VanityRead((), (), (line.receipt,)))
        await h.settle()
        assert h.balance("alice") == 950
        h.channel.tell(LineTold(line.receipt, said=True))
        await h.settle()
        assert h.context.shoutouts == set()
        assert h.balance("alice") == 950


async def test_no_shoutout_is_sold_while_the_robot_is_away(tmp_path: Path) -> None:
    """Nothing is charged for what could not be said."""
    async with house(tmp_path / "e.db", _settings()) as h:
        await h.join("Alice")
        h.context.robots_away = lambda: (CHANNEL,)
        [answer] = await h.pm("Alice", "shoutout hello")
        assert answer.endswith("it is away. Nothing was charged.")
        assert h.balance("alice") == 1000


# Fortunes


async def test_one_fortune_a_day_the_same_for_user_and_date(tmp_path: Path) -> None:
    """P-SHOP-6: the second is refused until the day is over, after a restart too."""
    async with house(tmp_path / "e.db", _settings()) as h:
        await h.join("Alice")
        [answer] = await h.pm("Alice", "fortune")
        assert answer.startswith("🔮 ")
        assert answer.endswith("Paid: 10 Z. Balance: 990 Z.")
    async with house(tmp_path / "e.db", _settings(), start_ms=1_795_168_800_000 + 1000) as h:
        await h.join("Alice")
        [answer] = await h.pm("Alice", "buy fortune")
        assert answer == "You've reached today's limit of 1 fortune. Come back tomorrow."
        await anyio.sleep(14 * 3600)
        [answer] = await h.pm("Alice", "fortune")
        assert answer.startswith("🔮 ")


async def test_the_perk_pays_for_the_fortune(tmp_path: Path) -> None:
    """Free for the day's one; the price list says so."""
    ranks = NO_DISCOUNT | {
        "tiers": [{"name": "Extra", "min_lifetime_earned": 0, "perks": ["1 free daily fortune"]}]
    }
    async with house(tmp_path / "e.db", _settings(ranks=ranks)) as h:
        await h.join("Alice")
        assert "fortune | free for you | " in (await h.pm("Alice", "shop"))[0]
        [answer] = await h.pm("Alice", "fortune")
        assert answer.endswith("Free for you today.")
        assert h.balance("alice") == 1000
        assert "limit" in (await h.pm("Alice", "fortune"))[0]


# CyTube level 2


class _Gateway(Actor[Any]):
    def __init__(self, heard: list[GiveRank]) -> None:
        self._heard = heard

    async def receive(self, message: Any) -> None:
        if isinstance(message, GiveRank):
            self._heard.append(message)


async def _alice(h: House, rank: float = 1) -> list[GiveRank]:
    heard: list[GiveRank] = []
    h.context.gateway = spawn(h, "gateway", lambda: _Gateway(heard))
    await h.userlist(("Alice", rank))
    await h.join("Alice")
    await h.rank("Alice", rank)
    return heard


async def test_a_bought_level_is_paid_for_when_cytube_tells_it(tmp_path: Path) -> None:
    """The bot's answer proves nothing: the new rank does. Told to the buyer and in public."""
    async with house(tmp_path / "e.db", _settings()) as h:
        asked = await _alice(h)
        before = h.balance("alice")
        [answer] = await h.pm("Alice", "buy level2")
        assert "I've asked CyTube" in answer
        assert asked == [GiveRank(CHANNEL, "Alice", 2)]
        assert "still waiting" in (await h.pm("Alice", "buy cytube2"))[0]
        await h.rank("Alice", 2)
        assert h.balance("alice") == before - 400
        wallet = h.wallet("alice")
        assert wallet is not None
        assert wallet.cytube_level == 2
        assert h.pms("alice")[-1].startswith("✅ You have CyTube level 2 in this channel now.")
        assert h.lines() == ["⭐ Alice is now a CyTube Level 2!"]
        await anyio.sleep(20)
        assert h.balance("alice") == before - 400
        [answer] = await h.pm("Alice", "buy level2")
        assert answer == "You already have CyTube level 2 in this channel."


async def test_a_level_that_cytube_does_not_give_is_paid_back(tmp_path: Path) -> None:
    """P-SHOP-8: after its time everything comes back with a sentence."""
    async with house(tmp_path / "e.db", _settings()) as h:
        await _alice(h)
        before = h.balance("alice")
        await h.pm("Alice", "buy level2")
        assert h.balance("alice") == before - 400
        await anyio.sleep(16)
        assert h.balance("alice") == before
        assert h.pms("alice")[-1].startswith("CyTube did not give you level 2: 400 Z came back.")


async def test_a_moderator_is_never_lowered(tmp_path: Path) -> None:
    """P-SHOP-8: who stands as high or higher buys nothing, and the robot is not asked."""
    async with house(tmp_path / "e.db", _settings()) as h:
        asked = await _alice(h, rank=3)
        [answer] = await h.pm("Alice", "buy level2")
        assert answer == "You already have CyTube level 3 in this channel."
        assert asked == []


async def test_a_level_needs_its_rank(tmp_path: Path) -> None:
    """Below the rank of the configuration it is not sold."""
    ranks = NO_DISCOUNT | {
        "tiers": [
            {"name": "Extra", "min_lifetime_earned": 0},
            {"name": "Star", "min_lifetime_earned": 10**9},
        ]
    }
    settings = _settings(cytube_promotion={"cost": 400, "min_rank": "Star"}, ranks=ranks)
    async with house(tmp_path / "e.db", settings) as h:
        asked = await _alice(h)
        [answer] = await h.pm("Alice", "buy level2")
        assert answer == "CyTube level 2 is for Star and above; you are Extra."
        assert asked == []


@pytest.mark.parametrize(("rank", "kept"), [(2, True), (1, False)])
async def test_a_kill_between_question_and_answer(
    tmp_path: Path, rank: float, *, kept: bool
) -> None:
    """What the user list shows after the start decides whether the level is paid for."""
    async with house(tmp_path / "e.db", _settings()) as h:
        await _alice(h)
        await h.pm("Alice", "buy level2")
        left = h.balance("alice")
    async with house(tmp_path / "e.db", _settings()) as h:
        await h.settle()
        await h.userlist(("Alice", rank), stored=True)
        await anyio.sleep(130)
        assert h.balance("alice") == (left if kept else left + 400)


async def test_the_banned_buy_nothing(tmp_path: Path) -> None:
    """Their command is turned down, whatever it is."""
    async with house(tmp_path / "e.db", _settings()) as h:
        await h.join("Alice")
        await h.commit(Ban(UserKey.of(CHANNEL, "Alice"), "Alice", "Boss", "", h.now_ms))
        for text in ("buy title Duke", "shoutout hi", "fortune"):
            [answer] = await h.pm("Alice", text)
            assert "suspended" in answer
        assert h.balance("alice") == 1000
