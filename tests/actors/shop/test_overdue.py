"""Approvals whose kind has a resolver of its own, and those that nobody decides in time."""

from pathlib import Path

import anyio
import pytest
from tests.actors.house import CHANNEL, House, house, settings_with
from tests.unit.ledger.test_approvals import POSTER, Asked, AskForPoster

from economy_actors.handlers import approvals
from economy_actors.handlers.answers import Failed, Refused
from economy_actors.handlers.approvals import Decided, decide, resolver
from economy_actors.handlers.registry import Call
from kryten_economy.features.approvals import Approval, pending_approvals
from kryten_economy.users import UserKey

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


async def test_what_was_overdue_at_the_start_is_rejected_then(tmp_path: Path) -> None:
    """A service that was away for days does not wait for the next hour."""
    async with house(tmp_path / "e.db", RICH) as h:
        await _ask(h)
        assert h.balance("bob") == 70
        start_ms = h.now_ms + 3 * 86_400_000
    async with house(tmp_path / "e.db", RICH, scheduled=True, start_ms=start_ms) as h:
        await anyio.sleep(1)
        assert h.balance("bob") == 100


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
