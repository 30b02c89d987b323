"""Achievements: which ones the facts about a user call for, the award with its reward, the texts.

What a wallet has reached, rank and achievements, is one pure decision (`progression.md` 2). An
award and its reward are one operation.
"""

import json
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from fractions import Fraction
from operator import attrgetter
from typing import NamedTuple

from kryten_economy.config.achievements import Achievement, AchievementType
from kryten_economy.features.ranks.rules import Ladder, RankStep
from kryten_economy.ledger.operation import EARNING, Act, operation
from kryten_economy.ledger.posting import Entry, may_earn, post
from kryten_economy.ledger.tx import Tx
from kryten_economy.ledger.wallet import Wallet
from kryten_economy.refusals import Banned, InvalidAmount, NoAccount
from kryten_economy.text.markup import user_text
from kryten_economy.text.templates import bar, money, plural
from kryten_economy.users import UserKey

__all__ = (
    "BY_MINUTE",
    "Award",
    "Awarded",
    "Facts",
    "Goal",
    "Lookout",
    "Reached",
    "achieved",
    "achieved_public",
    "achievements",
    "award",
    "earned_now",
    "facts_of",
    "is_open",
    "progress_of",
    "reached",
)

BY_MINUTE: frozenset[AchievementType] = frozenset(
    {
        "unique_tip_recipients",
        "unique_tip_senders",
        "lifetime_earned",
        "lifetime_spent",
        "lifetime_gambled",
        "gambling_biggest_win",
        "rank_reached",
    }
)
"""What others may bring about, so that nothing the user does need follow."""


class Facts(NamedTuple):
    """What is known about a user; None where nobody has looked."""

    earned_z: int
    spent_z: int
    gambled_z: int
    biggest_win_z: int
    tip_recipients: int
    tip_senders: int
    messages: int | None = None
    streak_days: int | None = None
    rank: int | None = None
    minutes_present: int | None = None
    emotes_used: int | None = None


def _hours(facts: Facts) -> int | None:
    return None if facts.minutes_present is None else facts.minutes_present // 60


_VALUES: dict[AchievementType, Callable[[Facts], int | None]] = {
    "lifetime_messages": attrgetter("messages"),
    "lifetime_presence_hours": _hours,
    "daily_streak": attrgetter("streak_days"),
    "unique_tip_recipients": attrgetter("tip_recipients"),
    "unique_tip_senders": attrgetter("tip_senders"),
    "lifetime_earned": attrgetter("earned_z"),
    "lifetime_spent": attrgetter("spent_z"),
    "lifetime_gambled": attrgetter("gambled_z"),
    "gambling_biggest_win": attrgetter("biggest_win_z"),
    "rank_reached": attrgetter("rank"),
    "unique_emotes_used_lifetime": attrgetter("emotes_used"),
}


def progress_of(kind: AchievementType, facts: Facts) -> int | None:
    """The value that is compared with the threshold; None where it is not known."""
    return _VALUES[kind](facts)


def earned_now(
    achievements: Sequence[Achievement], facts: Facts, won: Collection[str] = ()
) -> tuple[Achievement, ...]:
    """Those whose condition is met and that are not among the ``won`` ids."""
    return tuple(
        each
        for each in achievements
        if each.id not in won
        and (value := progress_of(each.condition.type, facts)) is not None
        and value >= each.condition.threshold
    )


def is_open(
    achievements: Sequence[Achievement], kind: AchievementType, won: Collection[str]
) -> bool:
    """Whether there is anything of this type left to be won."""
    return any(each.condition.type == kind and each.id not in won for each in achievements)


class Reached(NamedTuple):
    """The rank to be stored, if any, and the achievements to be awarded."""

    rank: RankStep | None
    achievements: tuple[Achievement, ...]


_MEASURES: dict[AchievementType, tuple[Callable[[Wallet], int], int]] = {
    "lifetime_messages": (attrgetter("lifetime_messages"), 1),
    "lifetime_presence_hours": (attrgetter("lifetime_minutes"), 60),
    "daily_streak": (attrgetter("streak_days"), 1),
    "unique_tip_recipients": (attrgetter("tip_recipients"), 1),
    "unique_tip_senders": (attrgetter("tip_senders"), 1),
    "lifetime_earned": (attrgetter("lifetime_earned_z"), 1),
    "lifetime_spent": (attrgetter("lifetime_spent_z"), 1),
    "lifetime_gambled": (attrgetter("lifetime_gambled_in_z"), 1),
    "gambling_biggest_win": (attrgetter("biggest_win_z"), 1),
    "unique_emotes_used_lifetime": (attrgetter("emotes_used"), 1),
}
"""What of a wallet is compared, and how much of it makes one of the threshold; not the rank."""


class Lookout:
    """Whether `reached` has anything to say of a wallet, which for most of a crowd it has not.

    It is asked for everybody whenever a minute is paid, so all that the ladder and the list of
    achievements say is looked up once.
    """

    __slots__ = ("_goals", "_ranks", "achievements", "ladder")

    def __init__(self, ladder: Ladder, achievements: Sequence[Achievement]) -> None:
        self.ladder = ladder
        self.achievements = achievements
        self._goals: list[tuple[Callable[[Wallet], int], int, str]] = []
        self._ranks: list[tuple[int, str]] = []
        for each in achievements:
            kind, threshold = each.condition.type, each.condition.threshold
            if kind == "rank_reached":
                self._ranks.append((threshold, each.id))
            else:
                measure, unit = _MEASURES[kind]
                self._goals.append((measure, threshold * unit, each.id))

    def sees(self, wallet: Wallet) -> bool:
        """Whether something is due for this wallet."""
        if wallet.barred is not None:
            return False
        name, earned_z, held_from_z = (
            wallet.rank_name,
            wallet.lifetime_earned_z,
            wallet.rank_held_from_z,
        )
        if self.ladder.step(name, earned_z, held_from_z) is not None:
            return True
        for measure, threshold, goal in self._goals:
            if measure(wallet) >= threshold and goal not in wallet.won:
                return True
        if not self._ranks:
            return False
        rank = self.ladder.effective(name, earned_z, held_from_z)
        return any(rank >= least and goal not in wallet.won for least, goal in self._ranks)


def facts_of(wallet: Wallet, ladder: Ladder) -> Facts:
    """What achievements are measured by."""
    return Facts(
        earned_z=wallet.lifetime_earned_z,
        spent_z=wallet.lifetime_spent_z,
        gambled_z=wallet.lifetime_gambled_in_z,
        biggest_win_z=wallet.biggest_win_z,
        tip_recipients=wallet.tip_recipients,
        tip_senders=wallet.tip_senders,
        messages=wallet.lifetime_messages,
        streak_days=wallet.streak_days,
        rank=ladder.effective(wallet.rank_name, wallet.lifetime_earned_z, wallet.rank_held_from_z),
        minutes_present=wallet.lifetime_minutes,
        emotes_used=wallet.emotes_used,
    )


def reached(wallet: Wallet, ladder: Ladder, achievements: Sequence[Achievement]) -> Reached | None:
    """What is due for this wallet, or None; the banned reach nothing."""
    if wallet.barred is not None:
        return None
    step = ladder.step(wallet.rank_name, wallet.lifetime_earned_z, wallet.rank_held_from_z)
    due = earned_now(achievements, facts_of(wallet, ladder), wallet.won) if achievements else ()
    return Reached(step, due) if step is not None or due else None


_WIN = "INSERT INTO achievement (account_id, achievement_id, awarded_at_ms) VALUES (?, ?, ?)"


@dataclass(frozen=True, slots=True)
class Awarded:
    """An achievement; not ``new`` where the user had it already. ``reward_z`` may be 0."""

    achievement_id: str
    reward_z: int
    new: bool
    wallet: Wallet
    replayed: bool = False


@dataclass(frozen=True, slots=True)
class Award(Act[Awarded | NoAccount | Banned | InvalidAmount]):
    """Award an achievement, once per user, with its reward.

    With ``reward_percent`` above 0 the reward is that part of the lifetime earnings, rounded
    down, at least 1; otherwise it is ``reward_z``, where 0 pays nothing.
    """

    HALTED_BY = EARNING

    op_id: str
    user: UserKey
    achievement_id: str
    description: str
    reward_z: int
    reward_percent: float
    at_ms: int
    day: str


@operation
def award(tx: Tx, ask: Award) -> Awarded | NoAccount | Banned | InvalidAmount:
    """Award and reward in one; who has it already gets nothing."""
    account = tx.find(ask.user, ask.day)
    if account is None:
        return NoAccount(ask.user)
    if account.barred is not None:
        return account.barred
    earned_z = account.lifetime_earned_z
    reward_z = _reward(ask, earned_z)
    if reward_z and not may_earn(tx, account, reward_z):
        return InvalidAmount(reward_z)
    if ask.achievement_id in account.won:
        return Awarded(ask.achievement_id, 0, False, account.wallet)
    tx.run(_WIN, account.id, ask.achievement_id, ask.at_ms)
    account.won |= {ask.achievement_id}
    tx.accounts.touch(account)
    tx.journal.count("achievements_awarded_total")
    if reward_z:
        entry = Entry(
            "achievement",
            f"achievement.{ask.achievement_id}",
            f"Achievement: {ask.description}",
            ask.at_ms,
            ask.day,
            metadata=_share(ask, earned_z),
        )
        post(tx, account, reward_z, tx.system(account.channel, "mint"), entry)
    return Awarded(ask.achievement_id, reward_z, True, account.wallet)


def _reward(ask: Award, lifetime_earned_z: int) -> int:
    # Through its text a percentage is the number that stands in the file (P-MON-14).
    percent = Fraction(str(ask.reward_percent))
    if percent > 0:
        return max(1, int(lifetime_earned_z * percent / 100))
    return ask.reward_z


def _share(ask: Award, lifetime_earned_z: int) -> str | None:
    """What the reward was a part of; None where it was a fixed one."""
    if ask.reward_percent <= 0:
        return None
    return json.dumps({"percent": ask.reward_percent, "of": lifetime_earned_z})


class Goal(NamedTuple):
    """An achievement that is still to be won."""

    description: str
    current: int
    threshold: int


def achievements(won: Sequence[tuple[str, str]], goals: Sequence[Goal], hidden: int) -> str:
    """What was won on which date, how far the others are, and how many are hidden."""
    lines = [f"🏆 Achievements: {len(won):,} won"]
    lines += [f"✅ {user_text(description)} ({date})" for description, date in won]
    for description, current, threshold in goals:
        share = bar(current, threshold, 10)
        lines.append(f"{share} {user_text(description)} {current:,}/{threshold:,}")
    if hidden:
        lines.append(f"🔒 {plural(hidden, 'hidden achievement')} left to find.")
    elif not won and not goals:
        lines.append("There are none to win here yet.")
    return "\n".join(lines)


def achieved(description: str, reward_z: int, symbol: str) -> str:
    """To the user who has won an achievement."""
    text = f"🏆 Achievement unlocked: {user_text(description)}"
    return f"{text} (+{money(reward_z, symbol)})" if reward_z else text


def achieved_public(user: str, description: str) -> str:
    """The public line about an achievement."""
    return f"🏆 {user_text(user)} unlocked an achievement: {user_text(description)}"
