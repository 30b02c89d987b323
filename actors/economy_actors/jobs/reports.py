"""Snapshots every six hours, and the digests (`progression.md` 5 and 6).

A digest is marked as sent before the first of its messages is handed over: who is killed in
between sends none, and nobody ever gets one twice. Only who is here is sent one.
"""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass

import structlog

from economy_actors.context import (
    Context,
    present_if_known,
)
from economy_actors.handlers import kit
from economy_actors.handlers.reports import as_day, as_hits
from economy_actors.messages.ledger import commit, query
from economy_actors.outbox.message import Pm, Priority
from economy_actors.runtime import Actor, RuntimeFault
from kryten_economy.calendar import day_before
from kryten_economy.features.chat.triggers import dead_triggers
from kryten_economy.features.games.rules import GAMES
from kryten_economy.features.games.slots import jackpot_from_z
from kryten_economy.features.money.texts import currency_variables
from kryten_economy.features.presence.rules import MINUTE_MS
from kryten_economy.features.reports import texts
from kryten_economy.features.reports.digests import (
    TOP,
    DayOfUser,
    WeekOfChannel,
    days_of_users,
    week_of,
)
from kryten_economy.features.reports.figures import figures_of
from kryten_economy.features.reports.rules import (
    ADMIN_DIGEST,
    USER_DIGEST,
    Tier,
    digest_day,
    is_monday,
    next_goal,
    snapshot_due,
)
from kryten_economy.features.reports.snapshots import KeepSnapshot, last_snapshot
from kryten_economy.ledger.records import ClaimJob

__all__ = ("LookAtTheClock", "Reporter")

_SECOND_MS = 5_000
"""Each minute a little past it, when the presence minute before has been paid."""
_FIRST_S = 2.0
"""A start has more urgent things to do first."""
_WEEK_S = 60.0
"""A week of transfers is read in parts of a second, and on a slow disk in more."""

_log = structlog.get_logger("reports")


@dataclass(frozen=True, slots=True)
class LookAtTheClock:
    """Time to see what is due."""


class Reporter(Actor[LookAtTheClock]):
    """Looks at all channels and tells those who want to know."""

    def __init__(self, context: Context) -> None:
        self._context = context
        self._started_ms = context.clock.now_ms()
        self._taken_ms: dict[str, int] = {}
        self._sent: dict[tuple[str, str], str] = {}

    async def started(self) -> None:
        """Look soon, but let the start go on meanwhile."""
        self.after(_FIRST_S, LookAtTheClock())

    async def receive(self, _message: LookAtTheClock) -> None:
        """Do what is due; what fails waits for the next minute."""
        now_ms = self._context.clock.now_ms()
        next_ms = (now_ms - _SECOND_MS) // MINUTE_MS * MINUTE_MS + MINUTE_MS + _SECOND_MS
        self.after(self._context.clock.wait_s(next_ms), LookAtTheClock())
        for channel in self._context.channels:
            for job in (self._snapshot, self._tell_users, self._tell_admins):
                await self._try(job, channel, now_ms)

    async def _try(
        self, job: Callable[[str, int], Awaitable[None]], channel: str, now_ms: int
    ) -> None:
        try:
            await job(channel, now_ms)
        except RuntimeFault as fault:
            self._context.metrics.error("scheduler")
            _log.warning("report waits", channel=channel, error=repr(fault))

    # Snapshots

    async def _snapshot(self, channel: str, now_ms: int) -> None:
        context = self._context
        if channel not in self._taken_ms:
            last = await query(context.reader, lambda reports: last_snapshot(reports, channel))
            if last is not None:
                self._taken_ms[channel] = last.taken_at_ms
        if not snapshot_due(now_ms, self._started_ms, self._taken_ms.get(channel)):
            return
        day = context.live.calendar.day(now_ms)
        found = await query(context.reader, lambda reports: figures_of(reports, channel, day))
        factor = float(kit.price_factor(context, channel))
        kept = await commit(
            context.ledger, KeepSnapshot(channel, found.as_snapshot(now_ms, factor))
        )
        self._taken_ms[channel] = now_ms
        _log.info("snapshot", channel=channel, fresh=kept.fresh, z=found.circulation.float_z)

    # Digests

    async def _may_send(self, job: str, channel: str, period: str, now_ms: int) -> bool:
        """Whether nobody has sent it; then it counts as sent."""
        claim = await commit(self._context.ledger, ClaimJob(job, channel, period, now_ms))
        self._sent[job, channel] = period
        return claim.fresh

    async def _tell_users(self, channel: str, now_ms: int) -> None:
        """Those who are here are told of their yesterday, once it is known who is here."""
        context, digest = self._context, self._context.live.settings.digest.user_digest
        if not digest.enabled:
            return
        today = digest_day(context.live.calendar, digest.send_hour_utc, now_ms)
        if today is None or self._sent.get((USER_DIGEST, channel)) == today:
            return
        here = present_if_known(context, channel)
        if here is None:
            return
        names = [each.name for each in here if not context.live.ignores(each.name)]
        now = context.live.calendar.day(now_ms)
        days = await query(
            context.reader,
            lambda reports: days_of_users(reports, channel, names, day_before(today), now),
        )
        if not await self._may_send(USER_DIGEST, channel, today, now_ms):
            return
        told = [each for each in days if not (each.wallet.quiet or each.wallet.banned)]
        for each in told:
            self._tell(channel, each.wallet.display_name, self._day_of(each), mutable=True)
        _log.info("user digest", channel=channel, day=today, users=len(told))

    def _day_of(self, each: DayOfUser) -> str:
        settings, wallet = self._context.live.settings, each.wallet
        index = kit.rank_index(self._context, wallet)
        tiers = [Tier(tier.name, tier.min_lifetime_earned) for tier in settings.ranks.tiers]
        goal = next_goal(tiers, index, wallet.lifetime_earned_z, each.week_earned_z)
        shown = (texts.goal_reached(), 0)
        if goal is not None:
            shown = (texts.goal_shown(goal.rank, goal.left_z, settings.currency.symbol), goal.days)
        day = texts.DayOfUser(
            each.earned_z,
            each.spent_z,
            wallet.balance_z,
            tiers[index].name,
            wallet.streak_days,
            *shown,
        )
        message = settings.digest.user_digest.message
        return texts.user_digest(message, day, currency_variables(settings.currency))

    async def _tell_admins(self, channel: str, now_ms: int) -> None:
        """Those of them who are here are told of the week; until it is late somebody may come."""
        context, digest = self._context, self._context.live.settings.digest.admin_digest
        if not digest.enabled:
            return
        today = digest_day(context.live.calendar, digest.send_hour_utc, now_ms)
        if today is None or not is_monday(today):
            return
        admins = self._admins(channel)
        if not admins or self._sent.get((ADMIN_DIGEST, channel)) == today:
            return
        calendar, jackpot_z = context.live.calendar, jackpot_from_z(context.live.settings)
        week = await query(
            context.reader,
            lambda reports: week_of(reports, channel, calendar, today, jackpot_z, now_ms),
            timeout_s=_WEEK_S,
        )
        if not await self._may_send(ADMIN_DIGEST, channel, today, now_ms):
            return
        text = self._week_of(week)
        for name in admins:
            self._tell(channel, name, text, mutable=False)
        _log.info("admin digest", channel=channel, day=today, admins=len(admins))

    def _admins(self, channel: str) -> list[str]:
        live, here = self._context.live, self._context.presence[channel].value
        if not here.known or not here.seen:
            return []
        level = live.settings.admin.owner_level
        return [
            each.display_name
            for name, each in sorted(here.users.items())
            if each.rank >= level and not live.ignores(name)
        ]

    def _week_of(self, week: WeekOfChannel) -> str:
        settings = self._context.live.settings
        [slots] = GAMES["spin"].edges(settings)
        often = sorted(week.triggers, key=lambda row: (-row.hit_count, row.trigger_id))
        told = texts.Week(
            first_day=week.first_day,
            last_day=week.last_day,
            totals=as_day(week.totals),
            circulation_z=week.circulation_z,
            change_z=week.change_z,
            participation=week.participation,
            before=week.before,
            earners=week.earners,
            spenders=week.spenders,
            spends=week.spends,
            hot=[as_hits(row) for row in often[:TOP]],
            dead=dead_triggers(settings, {row.trigger_id for row in week.triggers}),
            rounds=week.rounds,
            edge=f"{week.edge_percent:.2f} %",
            slot_edge=f"{float(100 * (1 - slots.expected)):.2f} %",
            jackpots=week.notable.jackpots,
            promotions=week.notable.promotions,
            streaks=week.notable.streaks,
        )
        return texts.admin_digest(told, settings.currency.symbol)

    def _tell(self, channel: str, to: str, text: str, *, mutable: bool) -> None:
        pm = Pm(to=to, text=text, priority=Priority.DIGEST, mutable=mutable)
        if not self._context.outboxes[channel].offer(pm):
            _log.warning("digest lost", channel=channel, user=to)
