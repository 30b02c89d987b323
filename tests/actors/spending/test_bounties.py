"""Bounties from private message, request and clock to balances and what is said."""

from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import anyio
import pytest
from tests.actors.api.helpers import Api, api, spawn
from tests.actors.chat.test_aliases import Userstats
from tests.actors.house import CHANNEL, START_MS, House, house, settings_with

from economy_actors.exporter import Exporter
from economy_actors.gateway.worker import Aliases, Persons
from economy_actors.messages.channel import PrivateMessage
from kryten_economy.config import Settings
from kryten_economy.features.bounties.operations import BountyCreated, CreateBounty
from kryten_economy.refusals import Insufficient, TooManyOpen
from kryten_economy.users import UserKey

HOUR_S = 3600
HOUR_MS = 3_600_000


def _settings(**sections: Any) -> Settings:
    base: dict[str, Any] = {
        "onboarding": {"welcome_wallet": 1000},
        "presence": {"base_rate_per_minute": 0, "hourly_milestones": {}},
        "commands": {"rate_limit_per_minute": 999},
        "ignored_users": ["Robot"],
        "bounties": {"default_expiry_hours": 48},
    }
    return settings_with(**(base | sections))


@asynccontextmanager
async def _channel(path: Path, **sections: Any) -> AsyncIterator[House]:
    """Alice, Bob and the operator Boss with 1,000 Z each."""
    async with house(path / "e.db", _settings(**sections)) as h:
        await _gather(h)
        yield h


async def _gather(h: House) -> None:
    await h.join("Boss", 4)
    for name in ("Alice", "Bob"):
        await h.join(name)


def _money(h: House) -> tuple[int, int]:
    return h.balance("alice"), h.balance("bob")


async def test_from_setting_out_to_winning(tmp_path: Path) -> None:
    """Announced, listed, paid whole; creator and winner are told in quiet mode too."""
    async with _channel(tmp_path) as h:
        for name in ("Alice", "Bob"):
            await h.pm(name, "quiet")
        [answer] = await h.pm("Alice", 'bounty 0.5k "first  to sing"')
        assert "Your bounty #1 is out: 500 Z" in answer
        assert "Your balance: 500 Z" in answer
        assert "within 2d, 50% comes back" in answer
        assert h.lines() == ['🎯 Alice sets out bounty #1: 500 Z for "first to sing"']
        await anyio.sleep(2 * HOUR_S + 300)
        [listed] = await h.pm("Bob", "bounties")
        assert listed == ("🎯 1 open bounty:\n#1 500 Z | first to sing | Alice, 2h 5m ago")
        [paid] = await h.pm("Boss", "claim_bounty #1 @bOB")
        assert paid == "✅ Bounty #1: 500 Z paid to Bob. Their balance: 1,500 Z."
        assert _money(h) == (500, 1500)
        assert "You won bounty #1 by Alice: 500 Z" in h.pms("Bob")[-1]
        assert 'Your bounty #1 ("first to sing") was won by Bob' in h.pms("Alice")[-1]
        assert h.lines()[-1] == '🎯 Bob wins 500 Z: bounty #1 by Alice for "first to sing"!'
        assert await h.pm("Bob", "bounties") == ["🎯 There are no open bounties."]


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("bounty", 'Usage: bounty <amount> "<text>"'),
        (
            "bounty lots sing",
            "Write it like 50, 1,000, 5k, 1.5m, 50%, half or all; you have 1,000 Z.",
        ),
        ("bounty 200", "Say what the bounty is for."),
        ('bounty 200 " "', "Say what the bounty is for."),
        ("bounty 99 sing", "the minimum is 100 Z"),
        ("bounty 901 sing", "the maximum is 900 Z"),
        ("bounty 200 sing a very long song", "at most 12 characters, and yours has 21"),
        ("cancel_bounty", "Usage: cancel_bounty <id>"),
        ("cancel_bounty one", "Usage: cancel_bounty <id>"),
        ("cancel_bounty 7", "There is no bounty #7 in"),
        ("claim_bounty 1 @alice", "needs admin rights"),
    ],
)
async def test_each_refusal_has_its_sentence(tmp_path: Path, text: str, why: str) -> None:
    """What is wrong and what is allowed is told, nothing is announced, and no money moves."""
    bounties = {"max_amount": 900, "description_max_length": 12}
    async with _channel(tmp_path, bounties=bounties) as h:
        assert why in (await h.pm("Alice", text))[0]
        assert _money(h) == (1000, 1000)
        assert h.lines() == []


async def test_shares_and_what_is_short(tmp_path: Path) -> None:
    """Half is of what is left; more than that is told with both amounts."""
    async with _channel(tmp_path) as h:
        await h.pm("Alice", "bounty half sing")
        await h.pm("Alice", "bounty 50% dance")
        assert h.balance("alice") == 250
        assert "That takes 251 Z and you have 250 Z" in (await h.pm("Alice", "bounty 251 x"))[0]


async def test_so_many_at_once(tmp_path: Path) -> None:
    """The limit is told with its number; a cancelled one makes room."""
    async with _channel(tmp_path, bounties={"max_open_per_user": 2}) as h:
        for deed in ("sing", "dance"):
            await h.pm("Alice", f"bounty 100 {deed}")
        assert "You have 2 open bounties already" in (await h.pm("Alice", "bounty 100 run"))[0]
        await h.pm("Alice", "cancel_bounty 1")
        assert "Your bounty #3 is out" in (await h.pm("Alice", "bounty 100 run"))[0]
        assert h.balance("alice") == 1000 - 300 + 50


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("claim_bounty 1", "Usage: claim_bounty <id> @winner"),
        ("claim_bounty x @bob", "Usage: claim_bounty <id> @winner"),
        ("claim_bounty 2 @bob", "There is no bounty #2 in"),
        ("claim_bounty 1 @alice", "Alice has set out this bounty and can't win it."),
        ("claim_bounty 1 @nobody", "I don't know anyone called nobody"),
        ("claim_bounty 1 @robot", "on the list of ignored users"),
        ("claim_bounty 1 @villain", "Villain is suspended"),
    ],
)
async def test_who_can_not_win(tmp_path: Path, text: str, why: str) -> None:
    """The money stays set aside, and the bounty open."""
    async with _channel(tmp_path) as h:
        await h.join("Villain")
        await h.pm("Boss", "ban villain")
        await h.pm("Alice", "bounty 100 sing")
        assert why in (await h.pm("Boss", text))[-1]
        assert (h.balance("alice"), h.balance("villain")) == (900, 1000)
        assert "1 open bounty" in (await h.pm("Bob", "bounties"))[0]


async def test_nobody_wins_their_own_under_another_name(tmp_path: Path) -> None:
    """The winner's alias is the creator (earning 1)."""
    async with _channel(tmp_path) as h:
        h.context.people = aliases = Aliases(Userstats(bob="Alice").owner_of)
        h.context.persons = spawn(h, "persons-of-stats", lambda: Persons(aliases))
        await h.pm("Alice", "bounty 100 sing")
        answer = (await h.pm("Boss", "claim_bounty @bob 1"))[0]
        assert "Bob is Alice, who has set out this bounty" in answer
        assert _money(h) == (900, 1000)


async def test_who_cancels_what(tmp_path: Path) -> None:
    """The creator gets a part back, an admin gives all back; others can't, and it ends once."""
    async with _channel(tmp_path, bounties={"expiry_refund_percent": 33}) as h:
        for _ in range(2):
            await h.pm("Alice", "bounty 200 sing")
        assert "Only whoever made that bounty" in (await h.pm("Bob", "cancel_bounty 1"))[0]
        assert "66 Z of 200 Z went back to you" in (await h.pm("Alice", "cancelbounty 1"))[0]
        assert h.balance("alice") == 666
        assert "200 Z of 200 Z went back to Alice" in (await h.pm("Boss", "cancel_bounty 2"))[0]
        assert h.balance("alice") == 866
        assert "was cancelled: 200 Z of 200 Z came back" in h.pms("Alice")[-1]
        assert h.lines()[-1] == '🎯 Bounty #2 by Alice for "sing" was cancelled.'
        assert "was cancelled already" in (await h.pm("Boss", "claim_bounty 2 bob"))[0]
        audit = h.report(lambda reports: reports.audit(10))
        assert [(row.command, row.arguments) for row in audit][-1] == ("cancel_bounty", "2")


async def test_a_message_that_comes_twice_does_it_once(tmp_path: Path) -> None:
    """Setting out, winning and cancelling are each done and announced once per cause."""
    async with _channel(tmp_path) as h:
        for name, text in (("Alice", "bounty 100 sing"), ("Boss", "claim_bounty 1 bob")):
            for _ in range(2):
                await h.pm(name, text, trace=text)
        for text in ("bounty 100 run", "cancel_bounty 2"):
            for _ in range(2):
                await h.pm("Alice", text, trace=text)
        assert _money(h) == (1000 - 100 - 100 + 50, 1100)
        assert len(h.lines()) == 4


async def test_switched_off(tmp_path: Path) -> None:
    """There are no new ones; open ones can still be won, without announcement."""
    async with _channel(tmp_path) as h:
        await h.pm("Alice", "bounty 100 sing")
    async with house(
        tmp_path / "e.db", _settings(bounties={"enabled": False}), start_ms=START_MS + HOUR_MS
    ) as h:
        await _gather(h)
        assert "switched off" in (await h.pm("Alice", "bounty 100 dance"))[0]
        await h.pm("Boss", "claim_bounty 1 bob")
        assert _money(h) == (900, 1100)
        assert h.lines() == []


async def test_the_hour_ends_what_is_overdue(tmp_path: Path) -> None:
    """At the first full hour after its time a part comes back, and the creator is told."""
    bounties = {"default_expiry_hours": 2, "expiry_refund_percent": 50}
    async with house(tmp_path / "e.db", _settings(bounties=bounties), scheduled=True) as h:
        await _gather(h)
        await anyio.sleep(600)
        await h.pm("Alice", "bounty 101 sing")
        await anyio.sleep(2 * HOUR_S + 1800)
        assert h.balance("alice") == 899
        await anyio.sleep(HOUR_S / 2)
        assert h.balance("alice") == 949
        told = 'Your bounty #1 ("sing") has run out: 50 Z of 101 Z came back. Your balance: 949 Z.'
        assert told in h.pms("Alice")[-1]
        assert h.context.metrics.registry.get_sample_value("economy_bounties_expired_total") == 1
        why = "".join(await h.pm("Alice", "why"))
        assert 'nobody won: Bounty #1 "sing" expired (bounty.expired.1)' in why
        assert "bounties.expiry_refund_percent is 50" in why


async def test_a_start_ends_what_ran_out_meanwhile(tmp_path: Path) -> None:
    """An open bounty outlives the restart (P-EARN-11); one that is overdue is ended at once."""
    nothing = _settings(bounties={"default_expiry_hours": 5, "expiry_refund_percent": 0})
    path = tmp_path / "e.db"
    async with house(path, nothing, scheduled=True) as h:
        await _gather(h)
        await h.pm("Alice", "bounty 100 sing")
    async with house(path, nothing, scheduled=True, start_ms=START_MS + HOUR_MS) as h:
        await _gather(h)
        await h.settle()
        assert "1 open bounty" in (await h.pm("Bob", "bounties"))[0]
    async with house(path, nothing, scheduled=True, start_ms=START_MS + 6 * HOUR_MS) as h:
        await _gather(h)
        await h.settle()
        assert await h.pm("Bob", "bounties") == ["🎯 There are no open bounties."]
        assert h.balance("alice") == 900
        assert "nothing of the 100 Z comes back" in "".join(h.pms("Alice"))


async def test_history_and_why(tmp_path: Path) -> None:
    """Each row says which bounty it belongs to, and a win whose it was."""
    async with _channel(tmp_path) as h:
        await h.pm("Alice", "bounty 100 sing")
        assert '-100 Z | Bounty "sing"' in "".join(await h.pm("Alice", "history 1"))
        why = "".join(await h.pm("Alice", "why"))
        assert 'Set aside for whoever wins it: Bounty "sing" (bounty.create)' in why
        await h.pm("Boss", "claim_bounty 1 bob")
        assert '+100 Z | Bounty #1 "sing"' in "".join(await h.pm("Bob", "history 1"))
        why = "".join(await h.pm("Bob", "why"))
        assert 'A bounty won (Alice): Bounty #1 "sing" (bounty.claim.1)' in why


async def test_only_the_newest_are_listed(tmp_path: Path) -> None:
    """15 lines with short texts, and how many there are in all."""
    async with _channel(tmp_path, bounties={"min_amount": 1, "max_open_per_user": 99}) as h:
        for number in range(17):
            await h.pm("Alice", f"bounty 1 deed {number} {'x' * 80}")
        lines = "".join(await h.pm("Bob", "bounties")).split("\n")
        assert lines[0] == "🎯 17 open bounties, the newest 15:"
        assert len(lines) == 16
        assert lines[1].startswith("#17 1 Z | deed 16 xxx")
        assert "x… | Alice, just now" in lines[1]


# Other services


async def _set_out(service: Api, *deeds: str) -> None:
    h = service.house
    await _gather(h)
    for deed in deeds:
        await h.pm("Alice", f"bounty 100 {deed}")


async def test_requests(tmp_path: Path) -> None:
    """List, pay and cancel, each once per request id, with the audit line of who asked."""
    async with api(tmp_path, _settings()) as service:
        await _set_out(service, "sing", "dance")
        listed = await service.data("bounty.list", limit=1)
        assert listed["open"] == 2
        [row] = listed["bounties"]
        assert row == {
            "bounty_id": 2,
            "creator": "Alice",
            "amount": 100,
            "description": "dance",
            "created_at": row["created_at"],
            "expires_at": row["expires_at"],
        }
        order = {"bounty_id": 1, "username": "bob", "admin": "Boss", "request_id": "one"}
        paid = await service.data("bounty.claim", **order)
        assert (paid["creator"], paid["username"], paid["amount"]) == ("Alice", "Bob", 100)
        again = await service.data("bounty.claim", **order)
        assert again == paid | {"idempotent_replay": True}
        gone = await service.data("bounty.cancel", bounty_id=2, request_id="two")
        assert (gone["username"], gone["refund"], gone["new_balance"]) == ("Alice", 100, 900)
        assert _money(service.house) == (900, 1100)
        assert [(row.admin, row.command) for row in service.audit()][:1] == [
            ("Boss", "bounty.claim")
        ]


async def test_refused_requests(tmp_path: Path) -> None:
    """Each refusal has the code that callers act on."""
    async with api(tmp_path, _settings()) as service:
        await _set_out(service, "sing")
        for fields, code in (
            ({"bounty_id": 9, "username": "bob"}, "not_found"),
            ({"bounty_id": 1, "username": "nobody"}, "not_found"),
            ({"bounty_id": 1, "username": "alice"}, "rejected"),
            ({"bounty_id": 1, "username": "robot"}, "ignored_user"),
            ({"username": "bob"}, "invalid_request"),
        ):
            assert (await service.refused("bounty.claim", **fields))[0] == code, fields
        await service.data("bounty.cancel", bounty_id=1)
        assert (await service.refused("bounty.cancel", bounty_id=1))[0] == "conflict"
        assert _money(service.house) == (1000, 1000)


async def test_the_gauge_counts_the_open_ones(tmp_path: Path) -> None:
    """Operators see how many wait for a winner."""
    async with _channel(tmp_path) as h:
        for deed in ("sing", "dance"):
            await h.pm("Alice", f"bounty 100 {deed}")
        spawn(h, "exporter", lambda: Exporter(h.context))
        await h.settle()
        sample = h.context.metrics.registry.get_sample_value
        assert sample("economy_open_bounties", {"channel": "TestChan"}) == 2
        assert sample("economy_bounties_created_total") == 2


async def test_many_at_once(tmp_path: Path) -> None:
    """64 at the same time exceed neither the number of open ones nor the balance."""
    answers: list[object] = []
    async with _channel(tmp_path) as h:
        day, alice = h.context.live.calendar.day(h.now_ms), UserKey.of(CHANNEL, "alice")

        async def create(number: int, most: int) -> None:
            order = CreateBounty(f"{most}.{number}", alice, 90, "x", 2**50, most, h.now_ms, day)
            answers.append(await h.commit(order))

        for most, open_then in ((3, 3), (99, 11)):
            async with anyio.create_task_group() as tasks:
                for number in range(64):
                    tasks.start_soon(create, number, most)
            assert h.balance("alice") == 1000 - open_then * 90
    refused = Counter(type(each) for each in answers)
    assert refused == {BountyCreated: 11, TooManyOpen: 61, Insufficient: 56}


async def test_two_admins_at_once_pay_once(tmp_path: Path) -> None:
    """Whoever comes second learns that it was won already, and no money moves twice (P-MON-4)."""
    async with _channel(tmp_path) as h:
        await h.join("Chief", 4)
        await h.pm("Alice", "bounty 100 sing")
        for name, text in (("Boss", "claim_bounty 1 bob"), ("Chief", "claim_bounty 1 boss")):
            h.channel.tell(PrivateMessage(name, text, h.now_ms))
        await h.settle()
        assert [h.balance(name) for name in ("alice", "bob", "boss")] in (
            [900, 1100, 1000],
            [900, 1000, 1100],
        )
        said = h.pms("Boss") + h.pms("Chief")
        assert sum("was claimed already" in text for text in said) == 1
