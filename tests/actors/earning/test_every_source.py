"""What holds for everything that pays, source by source (`earning.md` 1 and 2).

The table is `everything.SOURCES`; one test for each rule goes through all of it.
"""

import json
from pathlib import Path
from typing import Any, cast

import anyio
import pytest
from tests.actors.earning.everything import PEOPLE, SOURCES, live, settings
from tests.actors.earning.street import earned, paying
from tests.actors.house import CHANNEL, House, house
from tests.actors.presence.helpers import hits

from economy_actors.outbox.protocol import OutboxMessage
from economy_actors.runtime import Ref
from kryten_economy.features.bans import Ban
from kryten_economy.features.notices import SetQuiet
from kryten_economy.features.reports.rows import TransactionRow
from kryten_economy.ledger.holds import Held, PlaceHold
from kryten_economy.users import UserKey

SATURDAY = "2026-11-21"
MALLORY = UserKey(CHANNEL, "mallory")
PLAIN = {trigger: source.amount_z for trigger, source in SOURCES.items()}


def _first(rows: list[tuple[str, int]]) -> dict[str, int]:
    """What each source paid the first time."""
    return dict(reversed(rows))


def _rows(home: House, name: str) -> tuple[TransactionRow, ...]:
    user = UserKey.of(CHANNEL, name)
    rows: tuple[TransactionRow, ...] = home.report(lambda reports: reports.transactions(user, 200))
    return rows


def _notices(home: House, name: str) -> list[str]:
    """The sources that have told this user of what they paid."""
    told = "\n".join(home.pms(name.lower()))
    return [each for each, source in SOURCES.items() if source.notice and source.notice in told]


async def _ban(home: House) -> None:
    await home.commit(Ban(MALLORY, "Mallory", "boss", "", home.now_ms))


async def test_everything_pays_and_tells(tmp_path: Path) -> None:
    """P-EARN-11: each source pays from its event or the clock, and its notice is sent (2.5)."""
    home = await live(tmp_path / "e.db", settings())
    for name, rows in zip(PEOPLE, earned(home, *PEOPLE), strict=True):
        assert _first(rows) == PLAIN
        assert _notices(home, name) == [each for each, source in SOURCES.items() if source.notice]


async def test_the_banned_get_nothing_from_any_source(tmp_path: Path) -> None:
    """P-USR-6: no row, no notice, no counter but minutes; everybody else is paid as ever."""
    home = await live(tmp_path / "e.db", settings(), before=_ban)
    alice, mallory = earned(home, *PEOPLE)
    assert _first(alice) == PLAIN
    assert mallory == [("onboarding.wallet", 100)], "welcomed before the ban"
    assert _notices(home, "mallory") == []
    days = home.report(lambda reports: reports.day_of_all(CHANNEL, SATURDAY))
    counted = next(day.values for day in days if day.name == "mallory")
    assert counted["minutes_present"] == counted["minutes_active"] + 59 == 60
    for counter in ("messages_sent", "laughs_received", "kudos_received", "bot_interactions"):
        assert counted[counter] == 0, counter


async def test_refunds_and_admins_reach_the_banned(tmp_path: Path) -> None:
    """A ban holds up neither a stake that comes back nor what an admin books."""
    async with house(tmp_path / "e.db", paying(), scheduled=True) as home:
        await home.join("Mallory")
        await home.userlist(("Boss", 4), ("Mallory", 1))
        await home.pm("Boss", "grant mallory 50")
        hold = PlaceHold(
            op_id="h",
            hold_id="h",
            user=MALLORY,
            amount_z=40,
            purpose="a challenge",
            type="gamble_stake",
            trigger_id="gambling.challenge",
            reason="",
            expires_at_ms=home.now_ms + 60_000,
            at_ms=home.now_ms,
            day="2026-11-20",
        )
        assert isinstance(await home.commit(hold), Held)
        await _ban(home)
        await home.pm("Boss", "grant mallory 5")
        assert home.balance("mallory") == 15
        await anyio.sleep(121)
        assert home.balance("mallory") == 55
        await home.pm("Boss", "set_balance mallory 7")
        assert home.balance("mallory") == 7


@pytest.mark.parametrize(
    "sections", [{"min_messages_to_earn": 99}, {"min_account_age_minutes": 9999}]
)
async def test_the_gate_withholds_what_it_is_for(tmp_path: Path, sections: dict[str, int]) -> None:
    """2.4: multiplied credits, rain, milestones and streak rewards wait; the rest is paid."""
    onboarding = {"welcome_wallet": 100} | sections
    home = await live(tmp_path / "e.db", settings(onboarding=onboarding))
    open_to_all = {each: z for each, z in PLAIN.items() if not SOURCES[each].gated}
    for name, rows in zip(PEOPLE, earned(home, *PEOPLE), strict=True):
        assert _first(rows) == open_to_all
        assert set(_notices(home, name)) <= set(open_to_all)


async def _treble(home: House) -> None:
    await home.join("Boss")
    await home.rank("Boss", 4)
    await home.pm("Boss", "event start 3 1440 Party")
    await home.leave("Boss")


_RANKS = {
    "ranks": {
        "earn_multiplier_per_rank": 1.0,
        "tiers": [
            {"name": "A", "min_lifetime_earned": 0},
            {"name": "B", "min_lifetime_earned": 100},
        ],
    },
    "cytube_promotion": {"min_rank": "B"},
}


@pytest.mark.parametrize(
    ("before", "sections", "source", "factor"),
    [(_treble, {}, "adhoc:Party", 3), (None, _RANKS, "rank", 2)],
    ids=["event", "rank"],
)
async def test_multipliers_reach_what_they_are_for(
    tmp_path: Path, before: Any, sections: dict[str, Any], source: str, factor: int
) -> None:
    """P-EARN-1, 2.1: threefold by an event, twofold by the rank, and nothing else is multiplied."""
    home = await live(tmp_path / "e.db", settings(**sections), before=before)
    expected = {
        each: kind.amount_z * factor if kind.multiplied else kind.amount_z
        for each, kind in SOURCES.items()
    }
    for rows in earned(home, *PEOPLE):
        assert _first(rows) == expected
    for row in _rows(home, "alice"):
        told = json.loads(row.metadata or "{}")
        if SOURCES[row.trigger_id].multiplied:
            assert told["multiplier"] == factor
            assert [each["source"] for each in told["sources"]] == [source]
        else:
            assert "multiplier" not in told, row.trigger_id


async def _hush(home: House) -> None:
    for name in PEOPLE:
        user = UserKey.of(CHANNEL, name)
        await home.commit(SetQuiet(user, name, on=True, at_ms=home.now_ms))


async def test_quiet_mode_mutes_every_notice_and_no_money(tmp_path: Path) -> None:
    """2.5, P-MSG-4: whoever is quiet is paid the same and hears nothing of it."""
    home = await live(tmp_path / "e.db", settings(), before=_hush)
    for name, rows in zip(PEOPLE, earned(home, *PEOPLE), strict=True):
        assert _first(rows) == PLAIN
        assert _notices(home, name) == []


class _Deaf:
    """An outbox that takes nothing."""

    def offer(self, *_: object, **__: object) -> bool:
        return False


async def _silence(home: House) -> None:
    home.context.outboxes[CHANNEL] = cast("Ref[OutboxMessage]", _Deaf())


async def test_what_cannot_be_told_is_paid(tmp_path: Path) -> None:
    """2.5: a notice or a line that is lost undoes no credit."""
    home = await live(tmp_path / "e.db", settings(), before=_silence)
    for rows in earned(home, *PEOPLE):
        assert _first(rows) == PLAIN


async def test_ledger_balance_counters_and_analytics_say_the_same(tmp_path: Path) -> None:
    """2.3, P-EARN-10, P-MON-13: rows, balance, lifetime, the day's sum, hits and distinct users."""
    home = await live(tmp_path / "e.db", settings())
    days = home.report(lambda reports: reports.day_of_all(CHANNEL, SATURDAY))
    for name, rows in zip(PEOPLE, earned(home, *PEOPLE), strict=True):
        wallet = home.wallet(name)
        assert wallet is not None
        assert wallet.balance_z == wallet.lifetime_earned_z == sum(z for _, z in rows)
        made = _rows(home, name)
        day = next(each.values for each in days if each.name == name.lower())
        assert day["z_earned"] == sum(
            row.amount_z for row in made if row.created_at.startswith(SATURDAY)
        )
    for trigger in ("chat.kudos_received", "dwell.1h", "streak.day2", "bridge.weekly"):
        told = hits(home, trigger, SATURDAY)
        assert told is not None, trigger
        paid_z = SOURCES[trigger].amount_z
        assert (told.hit_count, told.unique_users, told.total_z_awarded) == (2, 2, 2 * paid_z)
