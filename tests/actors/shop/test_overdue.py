"""Approvals whose kind has a resolver of its own, and those that nobody decides in time."""

from pathlib import Path

import anyio
import pytest
from tests.actors.api.helpers import api
from tests.actors.house import CHANNEL, House, house, settings_with
from tests.unit.ledger.test_approvals import POSTER, Asked, AskForPoster

from economy_actors.handlers import approvals
from economy_actors.handlers.answers import Failed, Refused
from economy_actors.handlers.approvals import Decided, decide, resolver
from economy_actors.handlers.registry import Call
from kryten_economy.features.approvals import Approval, pending_approvals
from kryten_economy.features.audit.queries import entries
from kryten_economy.users import UserKey

HOUR_MS = 3_600_000
pytestmark = pytest.mark.usefixtures("rare_housekeeping")

RICH = settings_with(onboarding={"welcome_wallet": 100})


async def _ask(h: House) -> Approval:
    await h.join("Bob")
    now_ms = h.now_ms
    day = h.context.live.calendar.day(now_ms)
    asked = await h.commit(
        AskForPoster("ask", UserKey.of(CHANNEL, "Bob"), 30, "Metropolis", now_ms, day)
    )
    assert isinstance(asked, Asked)
    approval: Approval
    [approval] = h.report(lambda reports: pending_approvals(reports, CHANNEL, POSTER))
    return approval


async def test_what_nobody_decides_is_rejected_when_its_time_is_over(tmp_path: Path) -> None:
    """By the clock, within the hour: everything comes back and the buyer reads why."""
    async with house(tmp_path / "e.db", RICH, scheduled=True) as h:
        await _ask(h)
        await anyio.sleep(23.5 * 3600)
        assert h.pms("bob") == [text for text in h.pms("bob") if "rejected" not in text]
        await anyio.sleep(2 * 3600)
        [notice] = [text for text in h.pms("bob") if "rejected" in text]
        assert notice.startswith(
            "Your test poster was rejected: nobody has decided in time. 30 Z came back."
        )
        assert h.report(lambda reports: pending_approvals(reports, CHANNEL)) == ()


async def test_what_the_clock_rejects_is_written_down_with_the_refund(tmp_path: Path) -> None:
    """One line, by itself and not an operator's act, also if the service is killed after it."""
    async with api(tmp_path, RICH, scheduled=True) as it:
        await _ask(it.house)
        it.kill_before_the_log()
        await anyio.sleep(26 * 3600)
        (row,) = [
            each
            for each in it.house.report(lambda r: entries(r, CHANNEL, limit=50))
            if each.command == "approval.expire"
        ]
        assert (row.admin, row.origin, row.done, row.about) == ("the clock", "clock", 1, "bob")
        assert isinstance(row.was, dict)
        assert row.became == {"balance": row.was["balance"] + 30}
        assert row.arguments == "1 test_poster"
        acts = it.house.report(lambda r: entries(r, CHANNEL, limit=50, acts_only=True))
        assert row not in acts


async def test_what_was_overdue_at_the_start_is_rejected_then(tmp_path: Path) -> None:
    """A service that was away for days does not wait for the next hour."""
    async with house(tmp_path / "e.db", RICH) as h:
        await _ask(h)
        assert h.balance("bob") == 70
        start_ms = h.now_ms + 3 * 86_400_000
    async with house(tmp_path / "e.db", RICH, scheduled=True, start_ms=start_ms) as h:
        await anyio.sleep(1)
        assert h.balance("bob") == 100


async def test_gifs_and_items_are_paid_back_after_a_week(tmp_path: Path) -> None:
    """By the clock, with stock and limits; the buyer reads why, and the log has a line of each."""
    poster = {"id": "poster", "name": "Poster", "price": 500, "effect": "approval", "stock": 1}
    settings = settings_with(
        onboarding={"welcome_wallet": 1_000},
        ranks={"spend_discount_per_rank": 0},
        vanity_shop={"channel_gif": {"cost": 300}},
        shop={"items": (poster,)},
    )
    async with api(tmp_path, settings) as it:
        await it.house.join("Bob")
        await it.house.pm("Bob", "buy gif https://x.test/a.gif")
        await it.house.pm("Bob", "buy poster")
        await it.house.pm("Bob", "YES")
        assert it.house.balance("bob") == 200
        nearly_ms = it.house.now_ms + int(167.5 * HOUR_MS)
    async with api(tmp_path, settings, scheduled=True, start_ms=nearly_ms) as it:
        await anyio.sleep(1)
        assert len((await it.data("approval.list"))["approvals"]) == 2
        await anyio.sleep(1.5 * 3600)
        assert (await it.data("approval.list"))["approvals"] == []
        assert it.house.balance("bob") == 1_000
        told = "\n".join(it.house.pms("bob"))
        assert "Your GIF was rejected: nobody has decided in time. 300 Z came back" in told
        assert "Poster was rejected: nobody has decided in time. 500 Z came back" in told
        assert [row.command for row in it.audit()] == ["approval.expire"] * 2
        await it.house.join("Bob")
        assert "1 left" in (await it.house.pm("Bob", "shop"))[0]


async def test_a_kind_may_be_decided_its_own_way(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its resolver is asked instead; a kind has one."""
    monkeypatch.setattr(approvals, "_RESOLVERS", {})

    @resolver(POSTER)
    async def hang(_call: Call, approval: Approval, approved: bool) -> Decided | Refused | Failed:
        return Decided(approval, approved, 7, f"hung for {approval.display_name}")

    with pytest.raises(AssertionError):
        resolver(POSTER)(hang)
    async with house(tmp_path / "e.db", RICH) as h:
        approval = await _ask(h)
        call = Call(h.context, CHANNEL, "Boss", "op", None)
        decided = await decide(call, approval, True)
        assert decided == Decided(approval, True, 7, "hung for Bob")
