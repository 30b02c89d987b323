"""Admin commands by private message (`commands.md` 8)."""

import json
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, cast

import anyio
import pytest
from tests.actors.api.helpers import Silent, spawn
from tests.actors.house import CHANNEL, House, house, settings_with

from economy_actors.handlers.kit import audit as write_audit
from economy_actors.ledger.messages import Commit, OutcomeUnknown
from economy_actors.outbox.message import Line, LineKind, Pm
from economy_actors.runtime import Actor, Ref
from kryten_economy.config import Settings
from kryten_economy.features.bans.operations import Ban
from kryten_economy.features.money.operations import Credit
from kryten_economy.features.reports.rows import AuditRow, TransactionRow
from kryten_economy.ledger.operation import Request
from kryten_economy.ledger.records import Audit, SetReadOnly
from kryten_economy.users import UserKey

NO_WALLET = settings_with(onboarding={"welcome_wallet": 0})


@asynccontextmanager
async def staffed(path: Path, settings: Settings = NO_WALLET) -> AsyncIterator[House]:
    """A house with an owner, an ordinary user with 100 Z, and nothing said so far."""
    async with house(path / "e.db", settings) as h:
        await h.join("Boss", rank=5)
        await h.join("Alice")
        await h.pm("Boss", "grant alice 100", trace="seed")
        h.heard.clear()
        yield h


async def told(h: House, text: str, trace: str | None = None) -> str:
    """The one reply to the owner."""
    (reply,) = await h.pm("Boss", text, trace)
    return reply


def audit(h: House) -> list[AuditRow]:
    rows: Sequence[AuditRow] = h.report(lambda reports: reports.audit())
    return list(reversed(rows))[1:]


def last_row(h: House, name: str) -> TransactionRow:
    row: TransactionRow = h.report(lambda r: r.transactions(UserKey.of(CHANNEL, name))[0])
    return row


async def test_grant_pays_tells_and_is_logged(tmp_path: Path) -> None:
    """New balance to the admin, amount and reason to the user, one row, one audit line."""
    async with staffed(tmp_path) as h:
        reply = await told(h, "grant @aLICE, 1,000 for   the party")
        assert "1,000" in reply
        assert "1,100" in reply
        assert "Alice" in reply
        notice, promotion = h.pms("alice")
        assert "1,000" in notice
        assert "for the party" in notice
        assert "promoted to Grip" in promotion
        row = last_row(h, "alice")
        assert (row.amount_z, row.type, row.trigger_id) == (1000, "admin_grant", "admin.grant")
        assert row.reason == "for the party"
        assert json.loads(row.metadata or "") == {"by": "Boss"}
        (line,) = audit(h)
        assert (line.admin, line.channel, line.command) == ("Boss", CHANNEL, "grant")
        assert line.arguments == "@aLICE, 1,000 for the party"
        assert "1,100" in line.result


async def test_a_grant_is_followed_by_what_it_reaches_at_once(tmp_path: Path) -> None:
    """Rank and achievement come with the credit, also for somebody absent (progression.md 1)."""
    rich = {
        "id": "rich",
        "description": "Well off",
        "condition": {"type": "lifetime_earned", "threshold": 2_000},
        "reward": 7,
    }
    settings = settings_with(onboarding={"welcome_wallet": 0}, achievements=[rich])
    async with staffed(tmp_path, settings) as h:
        await h.leave("Alice")
        await told(h, "grant alice 2000")
        wallet = h.wallet("alice")
        assert wallet is not None
        assert (wallet.balance_z, wallet.rank_name) == (2_107, "Grip")
        await told(h, "deduct alice 107")
        assert h.balance("alice") == 2_000


async def test_the_notice_of_a_grant_is_not_muted(tmp_path: Path) -> None:
    """Quiet mode does not hide what admins do to one's account (`commands.md` 5)."""
    async with staffed(tmp_path) as h:
        await h.pm("Alice", "quiet")
        await told(h, "grant alice 5")
        notices = [m for m in h.heard if isinstance(m, Pm) and "admin gave" in m.text]
        assert [(m.to, m.mutable) for m in notices] == [("Alice", False)]


async def test_a_message_delivered_twice_pays_once(tmp_path: Path) -> None:
    """The correlation id names the grant; the admin reads the same reply, the user one notice."""
    async with staffed(tmp_path) as h:
        first = await told(h, "grant alice 50", trace="c-1")
        assert await told(h, "grant alice 50", trace="c-1") == first
        assert h.balance("alice") == 150
        assert len(h.pms("alice")) == 1
        await told(h, "grant alice 50", trace="c-2")
        assert h.balance("alice") == 200


async def test_a_grant_opens_the_account_of_a_name_never_seen(tmp_path: Path) -> None:
    """As for requests; the operator is told, as it may be a slip, and taking opens nothing."""
    async with staffed(tmp_path) as h:
        reply = await told(h, "grant Alcie 50", trace="c-1")
        assert "Granted 50" in reply
        assert "to Alcie" in reply
        assert "no such account: it was opened" in reply
        assert await told(h, "grant Alcie 50", trace="c-1") == reply
        assert h.balance("alcie") == 50
        assert "opened" not in await told(h, "grant alcie 5", trace="c-2")
        assert "Alcie" in await told(h, "deduct ALCIE 55")
        await told(h, "deduct Nobody 5")
        await told(h, "set_balance Nobody 5")
        assert h.wallet("nobody") is None


async def test_grant_reaches_users_who_have_left(tmp_path: Path) -> None:
    """An account is enough."""
    async with staffed(tmp_path) as h:
        await h.leave("Alice")
        await told(h, "grant alice 50")
        assert h.balance("alice") == 150


async def test_grant_to_an_ignored_user_is_refused(tmp_path: Path) -> None:
    """Other bots and the bot itself are paid nothing."""
    async with staffed(tmp_path) as h:
        assert "ignored" in await told(h, "grant ZCoinBot 5")
        assert h.wallet("zcoinbot") is None


async def test_deduct_takes_all_or_nothing(tmp_path: Path) -> None:
    """Too low a balance is named and nothing is taken; else the user is told."""
    async with staffed(tmp_path) as h:
        assert "100" in await told(h, "deduct alice 101")
        assert (h.balance("alice"), h.pms("alice")) == (100, [])
        assert "70" in await told(h, "deduct alice 30 cheating")
        assert h.balance("alice") == 70
        assert "cheating" in h.pms("alice")[0]
        row = last_row(h, "alice")
        assert (row.amount_z, row.type, row.reason) == (-30, "admin_deduct", "cheating")
        assert "Nobody" in await told(h, "deduct Nobody 5")
        assert h.wallet("nobody") is None


@pytest.mark.parametrize("word", ["set_balance", "setbalance", "!SET_BALANCE"])
async def test_set_balance_tells_old_and_new(tmp_path: Path, word: str) -> None:
    """The difference is one row in the same transaction; 0 is allowed."""
    async with staffed(tmp_path) as h:
        reply = await told(h, f"{word} @Alice 0")
        assert ("100" in reply, "0 Z now" in reply) == (True, True)
        assert h.balance("alice") == 0
        row = last_row(h, "alice")
        assert (row.amount_z, row.type) == (-100, "admin_set_balance")
        assert "Nobody" in await told(h, f"{word} Nobody 5")
        assert h.wallet("nobody") is None


async def test_ban_and_unban(tmp_path: Path) -> None:
    """Both say so when there was nothing to do; a ban stops commands, and names need no account."""
    async with staffed(tmp_path) as h:
        assert "not banned" in await told(h, "unban alice")
        assert "banned" in await told(h, "ban @alice being rude")
        assert "being rude" in h.pms("alice")[0]
        assert "already banned" in await told(h, "ban ALICE")
        (reply,) = await h.pm("Alice", "balance")
        assert "suspended" in reply
        await told(h, "unban alice")
        (reply,) = await h.pm("Alice", "balance")
        assert "100" in reply
        assert "Ghost" in await told(h, "ban Ghost")
        assert h.wallet("ghost") is None
        commands = [line.command for line in audit(h)]
        assert commands == ["unban", "ban", "ban", "unban", "ban"]


async def test_announce_posts_the_text_as_it_is(tmp_path: Path) -> None:
    """One pair of quotes is removed, nothing else; it is no ordinary announcement."""
    async with staffed(tmp_path) as h:
        await told(h, 'announce "Movie at  {eight}"')
        (line,) = [m for m in h.heard if isinstance(m, Line)]
        assert (line.text, line.kind, line.dedup) == ("Movie at  {eight}", LineKind.ADMIN, False)
        assert "2" in await told(h, f"announce {'word ' * 70}")


@pytest.mark.parametrize(
    ("text", "syntax"),
    [
        ("grant", "grant @user <amount> [reason]"),
        ("grant alice", "grant @user <amount> [reason]"),
        ("grant alice lots", "grant @user <amount> [reason]"),
        ("grant alice 0", "grant @user <amount> [reason]"),
        ("grant alice -5", "grant @user <amount> [reason]"),
        ("grant alice 1.5", "grant @user <amount> [reason]"),
        ("grant alice ５", "grant @user <amount> [reason]"),
        ("grant alice 9999999999999999999", "grant @user <amount> [reason]"),
        ("grant no!name 5", "grant @user <amount> [reason]"),
        ("deduct alice", "deduct @user <amount> [reason]"),
        ("set_balance alice", "set_balance @user <amount>"),
        ("set_balance alice 5 6", "set_balance @user <amount>"),
        ("ban", "ban @user [reason]"),
        ("unban a.b", "unban @user"),
        ("announce", "announce <text>"),
        ("announce \u200b", "announce <text>"),
    ],
)
async def test_what_is_written_wrongly_gets_the_usage(
    tmp_path: Path, text: str, syntax: str
) -> None:
    """The syntax is shown, nothing happens, and the attempt is in the audit log."""
    async with staffed(tmp_path) as h:
        assert syntax in await told(h, text)
        assert h.balance("alice") == 100
        assert len(h.heard) == 1
        (line,) = audit(h)
        assert syntax.startswith(line.command)


async def test_others_are_refused_and_nothing_is_logged(tmp_path: Path) -> None:
    """Without the rank nothing is carried out."""
    async with staffed(tmp_path) as h:
        (reply,) = await h.pm("Alice", "grant alice 1000")
        assert "admin rights" in reply
        assert h.balance("alice") == 100
        assert audit(h) == []


async def test_a_banned_admin_still_commands(tmp_path: Path) -> None:
    """An admin who is economy-banned can still use admin commands (`commands.md` 4)."""
    async with staffed(tmp_path) as h:
        await h.commit(Ban(UserKey.of(CHANNEL, "boss"), "Boss", "x", "", h.now_ms))
        notice, reply = await h.pm("Boss", "grant boss 5")
        assert ("gave you" in notice, "Granted" in reply) == (True, True)
        assert h.balance("boss") == 5


async def test_a_closed_channel_says_so(tmp_path: Path) -> None:
    """While the books are closed nothing moves and the admin reads why."""
    async with staffed(tmp_path) as h:
        await h.commit(SetReadOnly(CHANNEL, "mismatch", h.now_ms))
        assert "paused" in await told(h, "grant alice 5")
        assert h.balance("alice") == 100


async def test_reload_without_a_file_says_so(tmp_path: Path) -> None:
    """A service started without a file has nothing to read."""
    async with staffed(tmp_path) as h:
        assert "without a configuration file" in await told(h, "reload")


class _NoMoney(Actor[Any]):
    """Passes everything on to the books, but nobody learns what became of a credit."""

    def __init__(self, books: Ref[Any], requests: list[Request[Any]]) -> None:
        self.books = books
        self.requests = requests

    async def receive(self, message: Any) -> None:
        if isinstance(message, Commit):
            self.requests.append(message.request)
            if isinstance(message.request, Credit) and message.reply is not None:
                message.reply.fail(OutcomeUnknown("disk"))
                return
        self.books.tell(message)


async def test_an_unknown_outcome_is_told_and_logged(tmp_path: Path) -> None:
    """Nobody claims that it happened, or that it did not; it is counted as an error."""
    async with staffed(tmp_path) as h:
        requests: list[Request[Any]] = []
        books = h.world.ledger
        h.world.ledger = spawn(h, "unsure", lambda: _NoMoney(books, requests))
        assert "can't tell" in await told(h, "grant alice 5", trace="c-9")
        money = [each for each in requests if isinstance(each, Credit)]
        assert {each.op_id for each in money} == {"grant:c-9"}
        (line,) = [each for each in requests if isinstance(each, Audit)]
        assert (line.command, "can't tell" in line.result) == ("grant", True)
        page = h.world.metrics.render().decode()
        assert 'economy_pm_commands_total{command="grant",result="error"} 1.0' in page


async def test_refused_commands_are_counted_as_refused(tmp_path: Path) -> None:
    """The label follows from what the handler answers."""
    async with staffed(tmp_path) as h:
        for text in ("deduct alice 9000", "rain 1 2", "event", "grant", "unban alice"):
            await told(h, text)
        for text in ("rank @nobody", "top losers", "like", "profile a.b", "why 99999"):
            await h.pm("Alice", text)
        page = h.world.metrics.render().decode()
        for name in ("deduct", "rain", "event", "grant", "unban", "rank", "top", "like", "why"):
            assert f'pm_commands_total{{command="{name}",result="refused"}} 1.0' in page, name


async def test_commands_of_operators_count_as_commands(tmp_path: Path) -> None:
    """Who grants takes part in the economy today, as whoever asks for a balance."""
    async with house(tmp_path / "e.db", NO_WALLET) as h:
        await h.join("Boss", rank=5)
        before = h.report(lambda r: r.participation(CHANNEL, "2026-11-20"))
        await told(h, "unban nobody")
        after = h.report(lambda r: r.participation(CHANNEL, "2026-11-20"))
        assert (before.economy_users, after.economy_users) == (0, 1)


async def test_nobody_bans_the_bot_or_themself(tmp_path: Path) -> None:
    """And a ban of a name that nobody has says so."""
    async with staffed(tmp_path) as h:
        assert "That's me" in await told(h, "ban ZCoinBot")
        assert "yourself" in await told(h, "ban boss")
        bans = h.report(lambda reports: reports.bans(CHANNEL))
        assert bans == ()
        assert "never seen" in await told(h, "ban Ghots")
        assert "never seen" not in (await h.pm("Boss", "ban alice"))[-1]


async def test_rain_asks_no_channel(tmp_path: Path) -> None:
    """Who is here is published: a channel that is busy delays no operator."""
    async with staffed(tmp_path) as h:
        h.world.channels[CHANNEL] = spawn(h, "busy", Silent)
        began_s = anyio.current_time()
        assert "10 Z" in (await h.pm("Boss", "rain 10"))[-1]
        assert anyio.current_time() - began_s < 1
        assert h.balance("alice") == 105


async def test_a_lost_audit_line_is_an_error_of_this_part(tmp_path: Path) -> None:
    """What the books can't take is in the operator's log at least."""
    async with staffed(tmp_path) as h:
        cast("Any", h.world.ledger._cell).stop()
        write_audit(h.world, channel="", admin="a", command="c", arguments="", result="")
        labels = {"component": "admin"}
        registry = h.world.metrics.registry
        assert registry.get_sample_value("economy_errors_total", labels) == 1
