"""Every act of an operator, by private message or by request, leaves one row with it."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from tests.actors.api.helpers import Api, api
from tests.actors.house import CHANNEL, settings_with
from tests.actors.queue.jukebox import Jukebox
from tests.actors.queue.test_buying import BASE, FILMS
from tests.actors.shelf import Shelf

from economy_actors.handlers.api_keys import PEPPER_NAME
from economy_actors.handlers.registry import COMMANDS, REQUESTS
from kryten_economy.features.audit.queries import entries
from kryten_economy.features.audit.rules import Entry
from kryten_economy.users import UNNAMED_ADMIN

POSTER = {"id": "poster", "name": "Poster", "price": 500, "effect": "approval", "text": "Hang it"}
GIF = "buy gif https://x.test/a.gif"
AUCTION = {"minutes": 5, "minimum": 10, "thing": "A hat"}
RAFFLE = {"minutes": 5, "price": 10}
QUESTION = {"question": "Rain?", "outcomes": "yes|no", "minutes": 5}
LAMP = {"item": "lamp", "price": 10, "effect": "announce", "text": "On"}


class Case(NamedTuple):
    """What is done before, by whom, and the act; a request has fields.

    ``undoable``: what it has done can be undone. ``in_books`` False: the books have no part in it,
    and its row, written before it, says that it was begun.
    """

    name: str
    act: str | dict[str, Any]
    before: tuple[tuple[str, str], ...] = ()
    undoable: bool = False
    in_books: bool = True


def said(*texts: str) -> tuple[tuple[str, str], ...]:
    """What Alice does, as ``Boss: …`` what Boss does."""
    return tuple(
        ("Boss", text[6:]) if text.startswith("Boss: ") else ("Alice", text) for text in texts
    )


MESSAGES = (
    Case("grant", "grant alice 5", undoable=True),
    Case("deduct", "deduct alice 5", undoable=True),
    Case("set_balance", "set_balance alice 5", undoable=True),
    Case("set_rank", "set_rank alice Grip", undoable=True),
    Case("ban", "ban alice rude", undoable=True),
    Case("unban", "unban alice", said("Boss: ban alice"), undoable=True),
    Case("rain", "rain 10", undoable=True),
    Case("econ_reset", "confirm {code}", said("Boss: econ_reset"), undoable=True),
    Case("undo", "undo last", said("Boss: grant alice 5"), undoable=True),
    Case("event", "event start 2 10 Gala", undoable=True),
    Case("announce", "announce Hello", in_books=False),
    Case("reload", "reload", in_books=False),
    Case("shop_add", "shop_add lamp 10 announce On", undoable=True),
    Case(
        "shop_remove", "shop_remove lamp", said("Boss: shop_add lamp 10 announce On"), undoable=True
    ),
    Case("shop_stock", "shop_stock poster 3", undoable=True),
    Case("approve_gif", "approve_gif alice", said(GIF)),
    Case("reject_gif", "reject_gif alice", said(GIF)),
    Case("approve_item", "approve_item 1", said("buy poster", "yes")),
    Case("reject_item", "reject_item 1", said("buy poster", "yes")),
    Case("approve_force", "approve_force 1", said("forcenow metro", "yes")),
    Case("reject_force", "reject_force 1", said("forcenow metro", "yes")),
    Case("claim_bounty", "claim_bounty 1 @bob", said("bounty 100 Sing")),
    Case("cancel_bounty", "cancel_bounty 1", said("bounty 100 Sing")),
    Case("pause", "pause games 30m"),
    Case("readonly", "readonly 30m"),
    Case("freeze", "freeze alice"),
    Case("key", "key add alice read"),
    Case("resume", "resume games", said("Boss: pause games")),
    Case("auction", "auction open 5 10 hat"),
    Case("raffle", "raffle open 5 10"),
    Case("predict", 'predict open 5 "Rain?" yes | no'),
)
OPENED = said('Boss: predict open 5 "Rain?" yes | no')
REQUESTED = (
    Case("balance.adjust", {"username": "alice", "amount": -5}, undoable=True),
    Case("balance.set", {"username": "alice", "amount": 5}, undoable=True),
    Case("rank.set", {"username": "alice", "rank_name": "Grip"}, undoable=True),
    Case("user.ban", {"username": "alice"}, undoable=True),
    Case("user.unban", {"username": "alice"}, said("Boss: ban alice"), undoable=True),
    Case("rain", {"total_amount": 10}, undoable=True),
    Case("admin.undo", {"undo_id": "last", "admin": "Boss"}, said("Boss: grant bob 5"), True),
    Case("panic.set", {"what": "games", "for": "30m"}),
    Case("panic.clear", {"what": "games"}, said("Boss: pause games")),
    Case("event.start", {"multiplier": 2, "minutes": 5}, undoable=True),
    Case("event.stop", {}, said("Boss: event start 2 10 Gala"), undoable=True),
    Case("announce", {"message": "Hello"}, in_books=False),
    Case("shop.add", LAMP, undoable=True),
    Case("shop.remove", {"item": "lamp"}, said("Boss: shop_add lamp 10 announce On"), True),
    Case("shop.stock", {"item": "poster", "stock": 3}, undoable=True),
    Case("approval.approve_gif", {"username": "alice"}, said(GIF)),
    Case("approval.reject_gif", {"username": "alice"}, said(GIF)),
    Case("approval.resolve", {"approval_id": 1, "approved": True}, said(GIF)),
    Case("bounty.claim", {"bounty_id": 1, "username": "bob"}, said("bounty 100 Sing")),
    Case("bounty.cancel", {"bounty_id": 1}, said("bounty 100 Sing")),
    Case("auction.open", AUCTION),
    Case("auction.cancel", {}, said("Boss: auction open 5 10 hat")),
    Case("raffle.open", RAFFLE),
    Case("raffle.cancel", {}, said("Boss: raffle open 5 10")),
    Case("prediction.open", QUESTION),
    Case("prediction.lock", {}, OPENED),
    Case("prediction.settle", {"outcome": "yes"}, OPENED),
    Case("prediction.void", {}, OPENED),
    Case("vanity.set_greeting", {"username": "alice", "value": "Hi"}),
)
ELSEWHERE = {
    # What users buy through other services, each with its line: tests of its own.
    "vanity.set_color",
    "vanity.shoutout",
    "spending.queue",
    "spending.queue_refund",
    "wallet.reserve",
    "wallet.finalize",
    "wallet.release",
    "vanity.resync_colors",
    # These are about no channel.
    "config.reload",
    "config.revert",
}


@pytest.fixture(autouse=True)
def _pepper(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(PEPPER_NAME, "more than sixteen characters")


@asynccontextmanager
async def staffed(path: Path, **sections: Any) -> AsyncIterator[Api]:
    """Everything that an operator can do something about; Alice is rich."""
    settings = settings_with(
        onboarding={"welcome_wallet": 0},
        ranks={"spend_discount_per_rank": 0},
        mediacms={"base_url": f"{BASE}/", "web_queue_redirect": False},
        gambling={"min_account_age_minutes": 0},
        tipping={"min_account_age_minutes": 0},
        commands={"rate_limit_per_minute": 1000},
        shop={"enabled": True, "items": (POSTER,)},
        web={},
        **sections,
    )
    more: dict[str, Any] = {"catalogue": lambda _: Shelf(FILMS), "gateway": Jukebox}
    async with api(path, settings, **more) as it:
        await it.account("Alice", 3_000_000)
        await it.account("Bob", 50)
        await it.house.join("Alice")
        await it.house.join("Bob")
        await it.house.join("Boss", rank=5)
        yield it


def rows(it: Api) -> tuple[Entry, ...]:
    found: tuple[Entry, ...] = it.house.report(lambda r: entries(r, CHANNEL, limit=50))
    return found


async def _prepare(it: Api, case: Case) -> str:
    """What comes before, and the last thing that was answered to it."""
    answer = ""
    for name, text in case.before:
        answer = (await it.house.pm(name, text))[-1]
    return answer


async def _act(it: Api, case: Case, asked: str = "") -> None:
    """The act; ``asked`` is the question that it answers."""
    if isinstance(case.act, dict):
        await it.data(case.name, **case.act)
        return
    code = asked.rsplit("confirm ", 1)[-1][:4]
    answers = await it.house.pm("Boss", case.act.format(code=code))
    assert "Usage" not in answers[-1], answers


@pytest.mark.parametrize("case", MESSAGES + REQUESTED, ids=lambda case: case.name)
async def test_an_act_has_one_row_and_it_is_written_with_it(tmp_path: Path, case: Case) -> None:
    """Though nothing else reaches the log: who, from where, what, and whether it can be undone."""
    async with staffed(tmp_path) as it:
        it.kill_before_the_log()
        asked = await _prepare(it, case)
        before = {each.id for each in rows(it)}
        await _act(it, case, asked)
        done = [each for each in rows(it) if each.id not in before]
        (row,) = done
        assert row.command == case.name
        assert row.origin == ("api" if isinstance(case.act, dict) else "pm")
        assert (row.done, row.can_be_undone) == (case.in_books, case.undoable)
        assert (row.result == "attempt") == (not case.in_books)
        listed = it.house.report(lambda r: entries(r, CHANNEL, limit=50, acts_only=True))
        assert row in listed or row.admin == UNNAMED_ADMIN


def test_no_command_and_no_request_is_forgotten() -> None:
    """Whoever adds one that changes something adds it to a table above."""
    acts = {spec.name for spec in COMMANDS if spec.admin and not spec.reads}
    # Going back to another configuration needs a file: a test of its own.
    assert acts <= {case.name for case in MESSAGES} | {"config"}
    requests = {spec.name for spec in REQUESTS if spec.mutating}
    assert requests == {case.name for case in REQUESTED} | ELSEWHERE


@pytest.mark.parametrize("case", MESSAGES[:3] + MESSAGES[10:11], ids=lambda case: case.name)
async def test_the_answer_completes_the_row(tmp_path: Path, case: Case) -> None:
    """There is one row, with what the operator was told."""
    async with staffed(tmp_path) as it:
        await _act(it, case)
        (row,) = rows(it)
        assert row.result not in {"", "done"}
        assert (row.done, row.origin) == (1, "pm")


async def test_what_was_only_tried_is_no_act(tmp_path: Path) -> None:
    """It is in the log, and the list of acts has none of it."""
    async with staffed(tmp_path) as it:
        for text in ("grant alice", "deduct bob 51", "unban bob", "audit", "econ_reset", "rain x"):
            await it.house.pm("Boss", text)
        assert [each.done for each in rows(it)] == [0] * 6
        assert it.house.report(lambda r: entries(r, CHANNEL, limit=9, acts_only=True)) == ()
