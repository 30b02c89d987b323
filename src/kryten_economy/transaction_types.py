"""What each kind of movement counts toward: the table of `storage.md` 2.1, as values.

Pure. The books ask it for every row they write, so that lifetime and daily counters, ban
exceptions and the account on the other side are decided in one place. A type that is not
in the table is a defect (KeyError).
"""

from dataclasses import dataclass
from functools import lru_cache
from typing import Literal, NamedTuple

__all__ = (
    "NOTHING",
    "TYPES",
    "Counters",
    "TransactionType",
    "counters_of",
    "held_counters",
    "is_multiplied",
    "kind_of_spend",
    "settled_counters",
    "source_of",
    "transaction_type",
)


Counterpart = Literal["mint", "sink", "house", "wallet"]


class Counters(NamedTuple):
    """By how much a movement raises each counter, in Z; negative for what a refund undoes.

    ``biggest_win_z`` alone is no sum: it is what was won now, to be compared.
    """

    lifetime_earned_z: int = 0
    lifetime_spent_z: int = 0
    lifetime_gambled_in_z: int = 0
    lifetime_gambled_out_z: int = 0
    z_earned: int = 0
    z_spent: int = 0
    z_gambled_in: int = 0
    z_gambled_out: int = 0
    tips_sent_z: int = 0
    biggest_win_z: int = 0

    @property
    def only_earns(self) -> bool:
        """Whether nothing but earning is counted, as for nearly every row."""
        return not (
            self.lifetime_spent_z
            or self.lifetime_gambled_in_z
            or self.lifetime_gambled_out_z
            or self.z_spent
            or self.z_gambled_in
            or self.z_gambled_out
            or self.tips_sent_z
            or self.biggest_win_z
        )

    def negated(self) -> "Counters":
        """What undoes these."""
        return Counters._make(-value for value in self)


NOTHING = Counters()


@dataclass(frozen=True, slots=True)
class TransactionType:
    """One row of the table.

    ``counterpart`` is the account on the other side of a plain credit or debit. ``earns``
    stands for both LE and ZE, which no type has apart. ``undoes`` names the type whose
    counters a refund takes back on the day of the spend (note 2). ``keeps_as_spent``: what
    is captured of such a hold and goes to the sink counts as spent on that day (note 3).
    ``wins`` credits earn only the net part that the request states (note 1). ``unearns``: what is
    taken was earned and is so no longer; what is given is earned again.
    """

    name: str
    credits: bool = False
    debits: bool = False
    counterpart: Counterpart = "mint"
    earns: bool = False
    lifetime_spent: bool = False
    daily_spent: bool = False
    tips: bool = False
    gambled: Literal["", "in", "out"] = ""
    wins: bool = False
    undoes: str = ""
    despite_ban: bool = False
    refunded_as: str = "refund"
    keeps_as_spent: bool = False
    unearns: bool = False


def _earning(name: str) -> TransactionType:
    return TransactionType(name, credits=True, earns=True)


TYPES: dict[str, TransactionType] = {
    kind.name: kind
    for kind in (
        _earning("earn"),
        _earning("milestone"),
        _earning("streak_bonus"),
        _earning("welcome_wallet"),
        _earning("welcome_back"),
        _earning("rain"),
        _earning("admin_rain"),
        _earning("interest"),
        _earning("event_bonus"),
        _earning("achievement"),
        _earning("competition"),
        TransactionType(
            "decay", debits=True, counterpart="sink", daily_spent=True, despite_ban=True
        ),
        TransactionType(
            "gamble_stake",
            debits=True,
            counterpart="house",
            gambled="in",
            refunded_as="gamble_refund",
        ),
        TransactionType("gamble_win", credits=True, counterpart="house", gambled="out", wins=True),
        TransactionType("gamble_push", credits=True, counterpart="house", gambled="out"),
        TransactionType(
            "gamble_refund",
            credits=True,
            counterpart="house",
            undoes="gamble_stake",
            despite_ban=True,
        ),
        TransactionType(
            "tip_send", debits=True, counterpart="wallet", lifetime_spent=True, tips=True
        ),
        TransactionType("tip_receive", credits=True, counterpart="wallet"),
        TransactionType("auction_sale", credits=True, counterpart="wallet"),
        TransactionType(
            "spend", debits=True, counterpart="sink", lifetime_spent=True, daily_spent=True
        ),
        TransactionType(
            "refund", credits=True, counterpart="sink", undoes="spend", despite_ban=True
        ),
        TransactionType(
            "bounty_create",
            debits=True,
            counterpart="sink",
            lifetime_spent=True,
            refunded_as="bounty_expired_refund",
            keeps_as_spent=True,
        ),
        TransactionType("bounty_claim", credits=True, counterpart="sink"),
        TransactionType(
            "bounty_expired_refund",
            credits=True,
            counterpart="sink",
            undoes="bounty_create",
            despite_ban=True,
        ),
        TransactionType("admin_grant", credits=True, earns=True, despite_ban=True),
        TransactionType("admin_deduct", debits=True, counterpart="sink", despite_ban=True),
        TransactionType("admin_adjust", credits=True, debits=True, earns=True, despite_ban=True),
        TransactionType("admin_set_balance", credits=True, debits=True, despite_ban=True),
        TransactionType("prune", debits=True, counterpart="sink", despite_ban=True),
        TransactionType("admin_undo", credits=True, debits=True, despite_ban=True),
        TransactionType(
            "admin_undo_earned", credits=True, debits=True, unearns=True, despite_ban=True
        ),
        TransactionType("migration", credits=True, debits=True, despite_ban=True),
    )
}


_MULTIPLIED_TRIGGERS = ("chat.", "content.", "social.")


def transaction_type(name: str) -> TransactionType:
    """The row of the table; KeyError for a name that is not in it."""
    return TYPES[name]


def kind_of_spend(trigger_id: str) -> str:
    """What a spend buys, without the ids and names that others choose."""
    match trigger_id.split("."):
        case ["spend", "vanity", item]:
            return item
        case ["gambling", "auction" | "raffle" as game, *_]:
            return game
        case ["spend", "cytube_promotion"]:
            return "cytube"
        case ["spend", "queue" | "playnext" | "forcenow" | "shop" | "wallet" as kind, *_]:
            return kind
        case _:
            return "other"


@lru_cache(maxsize=4096)
def source_of(trigger_id: str) -> str:
    """What a trigger is shown as: ids of single days, items, rounds and requests fall together."""
    parts = trigger_id.split(".")
    match parts[0]:
        case "dwell":
            return "milestones"
        case "streak" | "bridge":
            return "streaks"
        case "achievement" | "competition" | "event":
            return f"{parts[0]}s"
        case "spend" if parts[1:2] == ["vanity"]:
            return trigger_id
        case "spend" | "refund" | "bounty" | "gambling":
            return ".".join(parts[:2])
        case _:
            return trigger_id


def is_multiplied(type_name: str, trigger_id: str, *, scheduled: bool = False) -> bool:
    """Whether earning multipliers apply (column M); rain only by ``scheduled`` events."""
    if type_name == "rain":
        return scheduled
    return type_name == "earn" and (
        trigger_id == "presence.base" or trigger_id.startswith(_MULTIPLIED_TRIGGERS)
    )


@lru_cache(maxsize=4096)
def counters_of(type_name: str, amount_z: int, net_z: int = 0, won_z: int = 0) -> Counters:
    """What a row of this type and signed amount counts toward.

    ``net_z`` is max(0, payout - stake) of a house game, 0 between players; ``won_z`` is what a
    player has won of another's stake.
    """
    kind = TYPES[type_name]
    if amount_z < 0:
        return _debit_counters(kind, -amount_z)
    return _credit_counters(kind, amount_z, net_z, won_z)


def _debit_counters(kind: TransactionType, amount_z: int) -> Counters:
    staked_z = amount_z if kind.gambled == "in" else 0
    if kind.unearns:
        return Counters(lifetime_earned_z=-amount_z, z_earned=-amount_z)
    return Counters(
        lifetime_spent_z=amount_z if kind.lifetime_spent else 0,
        lifetime_gambled_in_z=staked_z,
        z_spent=amount_z if kind.daily_spent else 0,
        z_gambled_in=staked_z,
        tips_sent_z=amount_z if kind.tips else 0,
    )


def held_counters(type_name: str, amount_z: int) -> Counters:
    """What money that is set aside counts toward until it is used or given back.

    A stake counts when its game is settled: a game that is called off changes no statistics
    (`gambling.md` 1.1).
    """
    return NOTHING if TYPES[type_name].gambled else counters_of(type_name, -amount_z)


def settled_counters(type_name: str, amount_z: int) -> Counters:
    """What money counts toward once it is used, beside what it counted while it was held."""
    return counters_of(type_name, -amount_z) if TYPES[type_name].gambled else NOTHING


def _credit_counters(kind: TransactionType, amount_z: int, net_z: int, won_z: int) -> Counters:
    if kind.earns or kind.unearns:
        return Counters(lifetime_earned_z=amount_z, z_earned=amount_z)
    if kind.undoes:
        return _debit_counters(TYPES[kind.undoes], amount_z).negated()
    if kind.gambled == "out":
        return Counters(
            lifetime_earned_z=net_z if kind.wins else 0,
            lifetime_gambled_out_z=amount_z,
            z_gambled_out=amount_z,
            biggest_win_z=max(net_z, won_z) if kind.wins else 0,
        )
    return NOTHING
