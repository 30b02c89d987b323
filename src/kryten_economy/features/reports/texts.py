"""What operators read of their channel, and the digests (`progression.md` 5 and 7). Pure."""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from kryten_economy.text.markup import name_shown, user_text
from kryten_economy.text.templates import (
    money,
    plural,
    rendered_or,
    signed_money,
    thousands,
)

__all__ = (
    "Account",
    "Day",
    "DayOfUser",
    "Health",
    "Hits",
    "Tips",
    "Week",
    "admin_digest",
    "banned",
    "econ_health",
    "econ_stats",
    "econ_triggers",
    "econ_user",
    "goal_reached",
    "goal_shown",
    "only_banned",
    "user_digest",
)


class Day(NamedTuple):
    """What a day, or several, have come to, in Z."""

    earned_z: int
    spent_z: int
    staked_z: int
    paid_z: int

    @property
    def gamble_net_z(self) -> int:
        """What the games have paid beyond the stakes."""
        return self.paid_z - self.staked_z


def econ_stats(
    day: str,
    totals: Day,
    *,
    accounts: int,
    present: int,
    active: int,
    circulation_z: int,
    held_z: int,
    symbol: str,
) -> str:
    """The reply to `econ:stats`."""
    held = f" (set aside: {thousands(held_z)})" if held_z else ""
    return "\n".join(
        (
            (
                f"📊 Accounts {thousands(accounts)} | Here now {thousands(present)}"
                f" | Active today {thousands(active)}"
            ),
            f"In circulation: {money(circulation_z, symbol)}{held}",
            (
                f"Today ({day}): earned {thousands(totals.earned_z)},"
                f" spent {thousands(totals.spent_z)}"
            ),
            (
                f"Games today: staked {thousands(totals.staked_z)},"
                f" paid {thousands(totals.paid_z)}, net {totals.gamble_net_z:+,}"
            ),
        )
    )


class Health(NamedTuple):
    """What `econ:health` tells; ``change_z`` is since ``since``, None without a snapshot.

    ``factor`` is what prices are multiplied with, "" while they follow nothing.
    """

    circulation_z: int
    change_z: int | None
    since: str
    median_z: int
    users: int
    present: int
    rate: float
    net_flow_z: int
    factor: str


def econ_health(health: Health, totals: Day, symbol: str) -> str:
    """The reply to `econ:health`."""
    change = "no snapshot yet to compare with"
    if health.change_z is not None:
        change = f"{health.change_z:+,} since {health.since}"
    lines = [
        (
            f"🩺 In circulation: {money(health.circulation_z, symbol)} ({change})"
            f" | Median balance {thousands(health.median_z)}"
        ),
        (
            f"Participation today: {health.rate:.2f} %"
            f" ({thousands(health.users)} of {thousands(health.present)} who were here)"
        ),
        (
            f"Today: earned {thousands(totals.earned_z)}, spent {thousands(totals.spent_z)},"
            f" games net {totals.gamble_net_z:+,}"
        ),
        f"Net flow: {signed_money(health.net_flow_z, symbol)}, {_tendency(health.net_flow_z)}",
    ]
    if health.factor:
        lines.append(f"Prices are {health.factor} times their base (inflation).")
    return "\n".join(lines)


def _tendency(net_flow_z: int) -> str:
    if net_flow_z > 0:
        return "inflationary"
    return "deflationary" if net_flow_z < 0 else "neither inflationary nor deflationary"


class Hits(NamedTuple):
    """What a trigger has paid."""

    trigger_id: str
    hits: int
    users: int
    total_z: int


def econ_triggers(when: str, rows: Sequence[Hits], dead: Sequence[str], symbol: str) -> str:
    """The reply to `econ:triggers`: what has paid, the most often first, and what has not."""
    lines = [f"📈 Triggers, {when}"]
    lines += [
        f"{each.trigger_id}: {plural(each.hits, 'hit')}, {plural(each.users, 'user')},"
        f" {money(each.total_z, symbol)}"
        for each in rows
    ]
    if not rows:
        lines.append("No data: nothing has paid.")
    lines.append(_dead(dead))
    return "\n".join(lines)


def _dead(dead: Sequence[str]) -> str:
    return f"Without a hit: {', '.join(dead) or 'none'}"


class Tips(NamedTuple):
    """Tips in one direction: how many, how much, and the largest partners."""

    tips: int
    total_z: int
    partners: Sequence[tuple[str, int]]

    def told(self, symbol: str) -> str:
        """In words."""
        if not self.tips:
            return "none"
        who = ", ".join(f"{name_shown(name)} {thousands(z)}" for name, z in self.partners)
        return f"{money(self.total_z, symbol)} in {thousands(self.tips)} ({who})"


class Account(NamedTuple):
    """What `econ:user` tells of somebody with an account; times and amounts as shown."""

    name: str
    balance_z: int
    earned_z: int
    spent_z: int
    rank: str
    set_by_hand: bool
    achievements: Sequence[str]
    ban: str
    first_seen: str
    last_seen: str
    quiet: bool
    games: int
    gambled_net_z: int
    waiting: Sequence[str]
    sent: Tips
    received: Tips


def econ_user(user: Account, symbol: str) -> str:
    """The reply to `econ:user`."""
    rank = f"{user.rank} (set by an admin)" if user.set_by_hand else user.rank
    won = f": {', '.join(user.achievements)}" if user.achievements else ""
    return "\n".join(
        (
            (
                f"👤 {user_text(user.name)} | Balance {money(user.balance_z, symbol)}"
                f" | Earned {thousands(user.earned_z)}, spent {thousands(user.spent_z)} ever"
            ),
            f"⭐ Rank: {rank} | 🏆 {plural(len(user.achievements), 'achievement')}{won}",
            user.ban or "Not banned.",
            (
                f"First seen {user.first_seen} | Last seen {user.last_seen}"
                f" | Quiet {'on' if user.quiet else 'off'}"
            ),
            f"🎲 {plural(user.games, 'game')}, net {signed_money(user.gambled_net_z, symbol)}",
            f"⏳ Waiting for approval: {', '.join(user.waiting) or 'nothing'}",
            (
                f"💸 Tips in 7 days: sent {user.sent.told(symbol)}"
                f" | received {user.received.told(symbol)}"
            ),
        )
    )


def banned(by: str, at: str, reason: str) -> str:
    """Since when somebody is banned and why."""
    why = f": {user_text(reason)}" if reason else ""
    return f"🚫 Banned by {user_text(by)} on {at}{why}"


def only_banned(name: str, ban: str) -> str:
    """Of a name that is banned and has no account."""
    return f"👤 {user_text(name)} has no account.\n{ban}"


# Digests


class DayOfUser(NamedTuple):
    """What the template of the user digest may name."""

    earned_z: int
    spent_z: int
    balance_z: int
    rank: str
    streak: int
    goal: str
    days_away: int


_USER = (
    "📊 Daily Summary:\nEarned: {earned} {currency} | Spent: {spent} | Balance: {balance}\n"
    "Rank: {rank} | Streak: {streak} days 🔥\n"
    "Next goal: {next_goal_description} ({days_away} days away)"
)


def goal_shown(rank: str, left_z: int, symbol: str) -> str:
    """The rank to come."""
    return f"{rank}, {money(left_z, symbol)} to go"


def goal_reached() -> str:
    """There is no rank to come."""
    return "none, you've reached the maximum rank"


def user_digest(template: str, day: DayOfUser, currency: Mapping[str, object]) -> str:
    """The daily summary, by the template of the configuration."""
    values = {
        **currency,
        "earned": thousands(day.earned_z),
        "spent": thousands(day.spent_z),
        "balance": thousands(day.balance_z),
        "rank": day.rank,
        "streak": thousands(day.streak),
        "currency": currency.get("symbol", ""),
        "next_goal_description": day.goal,
        "days_away": thousands(day.days_away),
    }
    return rendered_or(template, _USER, values)


class Week(NamedTuple):
    """What the admin digest tells; percentages in words, None where there is nothing to tell."""

    first_day: str
    last_day: str
    totals: Day
    circulation_z: int
    change_z: int | None
    participation: float | None
    before: float | None
    earners: Sequence[tuple[str, int]]
    spenders: Sequence[tuple[str, int]]
    spends: Sequence[tuple[str, int]]
    hot: Sequence[Hits]
    dead: Sequence[str]
    rounds: int
    edge: str
    slot_edge: str
    jackpots: int
    promotions: int
    streaks: int


def admin_digest(week: Week, symbol: str) -> str:
    """The summary of a week for those who run the channel."""
    totals = week.totals
    change = "" if week.change_z is None else f" ({week.change_z:+,} between its snapshots)"
    hot = ", ".join(f"{each.trigger_id} {thousands(each.hits)}" for each in week.hot)
    return "\n".join(
        (
            f"📊 Week {week.first_day} to {week.last_day}",
            (
                f"Minted {thousands(totals.earned_z)} | Spent {thousands(totals.spent_z)}"
                f" | Gambled {thousands(totals.staked_z)}"
            ),
            f"In circulation: {money(week.circulation_z, symbol)}{change}",
            (
                f"Participation: {_rate(week.participation)} a day (the week before:"
                f" {_rate(week.before)})"
            ),
            f"🏆 Top earners: {_named(week.earners)}",
            f"💸 Top spenders: {_named(week.spenders)}",
            f"🛒 Spent on: {_plain(week.spends)}",
            f"🔥 Hot triggers: {hot or 'none'}",
            _dead(week.dead),
            (
                f"🎲 {plural(week.rounds, 'game')}, paid {thousands(totals.paid_z)} | Actual edge"
                f" {week.edge} | Slots as configured {week.slot_edge}"
            ),
            (
                f"⭐ {plural(week.jackpots, 'jackpot')}, {plural(week.promotions, 'promotion')},"
                f" {plural(week.streaks, 'streak milestone')}"
            ),
        )
    )


def _rate(percent: float | None) -> str:
    return "nobody was here" if percent is None else f"{percent:.2f} %"


def _named(rows: Sequence[tuple[str, int]]) -> str:
    return ", ".join(f"{name_shown(name)} {thousands(z)}" for name, z in rows) or "nobody"


def _plain(rows: Sequence[tuple[str, int]]) -> str:
    return ", ".join(f"{kind} {thousands(z)}" for kind, z in rows) or "nothing"
