"""Public announcements, their templates, and digests."""

from typing import Annotated, ClassVar

from kryten_economy.config.section import (
    OFF,
    Amount,
    Count,
    Hour,
    PositiveCount,
    Remedy,
    Section,
    template,
)

__all__ = ("AdminDigest", "Announcements", "Digest", "Templates", "UserDigest")

_DIGEST = (
    "📊 Daily Summary:\n"
    "Earned: {earned} {currency} | Spent: {spent} | Balance: {balance}\n"
    "Rank: {rank} | Streak: {streak} days 🔥\n"
    "Next goal: {next_goal_description} ({days_away} days away)"
)


class Templates(Section):
    """``announcements.templates``; what a template does not know is left empty."""

    queue: Annotated[str, template("user", "title", "cost")] = (
        '🎬 {user} just queued "{title}"! ({cost} {currency})'
    )
    now_playing_credit: Annotated[str, template("user", "title")] = (
        '🎬 Now playing: "{title}" — hat tip to {user} for the queue! 🎩'
    )
    jackpot: Annotated[str, template("user", "amount")] = (
        "🎰 JACKPOT! {user} just won {amount} {currency}!"
    )
    rank_up: Annotated[str, template("user", "rank")] = "⭐ {user} is now a {rank}!"
    streak: Annotated[str, template("user", "days")] = "🔥 {user} hit a {days}-day streak!"
    greeting: Annotated[str, template("user", "greeting")] = "👋 {greeting}"
    rain: Annotated[str, template("count", "amount", "per_user", "sender", "user")] = (
        "☔ Rain! {count} users just got free {currency}."
    )
    challenge_win: Annotated[str, template("winner", "loser", "amount", "wager", "rake")] = (
        "⚔️ {winner} defeated {loser} and won {amount} {currency}!"
    )
    flip_win: Annotated[str, template("user", "amount", "wager")] = (
        "🪙 {user} flipped and won {amount} {currency}!"
    )
    free_spin_win: Annotated[str, template("user", "amount")] = (
        "🎁 {user} won {amount} {currency} on a FREE spin!"
    )


class Announcements(Section):
    """``announcements``: one switch per kind, limits, templates."""

    queue_purchase: bool = True
    now_playing_credit: bool = True
    gambling_jackpot: bool = True
    achievement_milestone: bool = True
    rank_promotion: bool = True
    challenge_result: bool = True
    heist_result: bool = True
    rain_drop: bool = True
    daily_champion: bool = True
    streak_milestone: bool = True
    custom_greeting: bool = True
    jackpot_min_amount: Amount = 500
    max_per_minute: PositiveCount = 10
    dedup_window_seconds: Count = 30
    templates: Templates = Templates()


class UserDigest(Section):
    """``digest.user_digest``."""

    if_broken: ClassVar[Remedy | None] = OFF

    enabled: bool = True
    send_hour_utc: Hour = 4
    message: Annotated[
        str,
        template(
            "earned", "spent", "balance", "rank", "streak", "next_goal_description", "days_away"
        ),
    ] = _DIGEST


class AdminDigest(Section):
    """``digest.admin_digest``."""

    if_broken: ClassVar[Remedy | None] = OFF

    enabled: bool = True
    send_hour_utc: Hour = 5


class Digest(Section):
    """``digest``."""

    user_digest: UserDigest = UserDigest()
    admin_digest: AdminDigest = AdminDigest()
