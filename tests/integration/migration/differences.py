"""What is meant to be different in the answers of a moved channel; the guide has the same table.

A difference that stands here must hold what its words say, and one that no answer shows has to go.
"""

from collections.abc import Callable, Iterator, Mapping
from itertools import zip_longest
from typing import Any, NamedTuple

from tests.integration.migration.asked import TWICE

__all__ = ("DIFFERENCES", "OPENING", "Difference", "compared", "guide_line")

Answer = dict[str, Any]

_MISSING: Any = ...
OPENING = "migration.opening"
_ASKING_S = 30
"""So long it may have taken until the old service was asked this, on a busy machine."""
_COUNT_MAX = 1_000
"""What is more is no number of users but a balance."""
_BANNED = "hugo"
_TWICE = frozenset(map(str.lower, TWICE))


class Difference(NamedTuple):
    """Requests and fields, words for people, and what must hold of the old and the new value."""

    requests: tuple[str, ...]
    fields: tuple[str, ...]
    words: str
    holds: Callable[[Any, Any], bool]


def _is_new(old: object, new: object) -> bool:
    return old is _MISSING and new is not None


def _are_texts(old: object, new: object) -> bool:
    return isinstance(old, str) and isinstance(new, str)


def _are_rows(old: object, new: object) -> bool:
    """The rows themselves are compared one by one, once these are taken out."""
    return isinstance(old, list) and isinstance(new, list)


def _has_less(old: object, new: object, by: int) -> bool:
    """Two counts of ranks: each double account and the banned one are not in the new one."""
    if not isinstance(old, dict) or not isinstance(new, dict):
        return False
    return bool(sum(new.values()) == sum(old.values()) - by)


def _numbers(hold: Callable[[float, float], bool]) -> Callable[[Any, Any], bool]:
    return lambda old, new: (
        isinstance(old, int | float) and isinstance(new, int | float) and hold(old, new)
    )


DIFFERENCES: tuple[Difference, ...] = (
    Difference(
        ("all",),
        ("error",),
        "The text of a failure says what is allowed",
        _are_texts,
    ),
    Difference(
        ("all",),
        ("error_code",),
        "New: a word that stays when a text changes; with `error`, beside `data`",
        lambda old, new: old is _MISSING and isinstance(new, str),
    ),
    Difference(
        ("balance.get",),
        ("found", "username", "channel", "balance", "lifetime_earned", "rank_name"),
        "A user is found in any casing, as with every other request",
        lambda old, new: new is True if old is False else old is _MISSING,
    ),
    Difference(
        ("balance.search", "leaderboard", "transactions.recent"),
        ("rows", "results", "transactions[].username"),
        "Names that differ by case only are one user, in the spelling last seen",
        lambda old, new: (
            _are_rows(old, new) or (_are_texts(old, new) and old.lower() == new.lower())
        ),
    ),
    Difference(
        ("balance.search", "stats.float", "stats.summary", "stats.health"),
        ("count", "accounts", "median_balance"),
        "Users are counted, not spellings",
        _numbers(lambda old, new: 0 < old - new <= len(TWICE) or min(old, new) > _COUNT_MAX),
    ),
    Difference(
        ("stats.float", "stats.summary", "stats.health"),
        ("float", "circulation"),
        "With what is staked, offered as a bounty or waits for an operator: it is money, too",
        _numbers(lambda old, new: new > old),
    ),
    Difference(
        ("leaderboard",),
        ("rows", "distribution"),
        "The banned are on no board and in no count of ranks",
        lambda old, new: _are_rows(old, new) or _has_less(old, new, len(TWICE) + 1),
    ),
    Difference(
        ("transactions.list", "transactions.recent"),
        ("transactions",),
        "With the row `migration.opening` of an account whose rows did not add up",
        _are_rows,
    ),
    Difference(
        ("transactions.list", "transactions.recent"),
        ("transactions[].id",),
        "New numbers, in the old order",
        lambda old, new: isinstance(old, int) and isinstance(new, int),
    ),
    Difference(
        ("account.summary",),
        ("perks",),
        "With those of lower ranks, which stay; the discount stands in `spend_discount_percent`",
        lambda old, new: (
            _are_rows(old, new) and {each for each in old if "discount" not in each} <= set(new)
        ),
    ),
    Difference(
        ("account.summary",),
        ("vanity_final_costs", "quiet_mode", "banned", "streak"),
        "New; `vanity_final_costs` is what this user pays, by rank",
        _is_new,
    ),
    Difference(
        ("spending.queue_preview",),
        ("daily_remaining",),
        "With the films a day that a rank promises in `perks`; the old service gave them to ranks"
        " named VIP, Mod and the like",
        _numbers(lambda old, new: new == old + 1),
    ),
    Difference(
        ("spending.queue_preview",),
        ("available", "error_code"),
        "Who is banned buys nothing: `banned`. A ban by request did not hold there",
        lambda old, new: (old, new) in ((True, False), (None, "banned")),
    ),
    Difference(
        ("spending.queue_preview",),
        ("cooldown_remaining_sec",),
        "Rounded up: then it is over",
        _numbers(lambda old, new: old < new <= old + _ASKING_S),
    ),
    Difference(
        ("spending.queue_preview",),
        ("inflation_multiplier",),
        "New: by how much the channel's prices are raised",
        lambda old, new: old is _MISSING and new == 1.0,
    ),
    Difference(
        ("user.detail",),
        (
            "account.channel_gif_approved",
            "account.economy_banned",
            "account.quiet_mode",
            "account.welcome_wallet_claimed",
        ),
        "`true` and `false`, where 1 and 0 were",
        lambda old, new: old in {0, 1} and isinstance(new, bool) and new == bool(old),
    ),
    Difference(
        ("user.detail",),
        ("account.economy_banned",),
        "Also for who was banned by request; `banned` has said so before",
        lambda old, new: old == 0 and new is True,
    ),
    Difference(
        ("user.detail",),
        ("account.last_seen",),
        "As the old service wrote it when it was stopped",
        lambda old, new: _are_texts(old, new) and new >= old,
    ),
    Difference(
        ("user.detail",),
        ("account.custom_greeting", "account.custom_title", "account.personal_currency_name"),
        "What the user has bought; it was empty",
        lambda old, new: old is None and isinstance(new, str),
    ),
    Difference(
        ("user.detail",),
        ("username", "channel"),
        "New for somebody without an account, as in `account.summary`",
        _is_new,
    ),
    Difference(
        ("gambling.stats", "stats.summary", "user.detail"),
        ("total_games", "gambling.total_games"),
        "Rounds of all games; races, trivia and blackjack were left out",
        _numbers(lambda old, new: new > old),
    ),
    Difference(
        ("gambling.stats", "stats.summary"),
        tuple(
            f"{where}{field}"
            for where in ("", "gambling.")
            for field in ("games", "house_result", "edge_percent", "returns", "confidence")
        ),
        "New: what each game has taken and paid",
        _is_new,
    ),
    Difference(
        ("stats.health",),
        ("participation_rate",),
        "New: how many percent of those present today have used the economy",
        _is_new,
    ),
    Difference(
        ("triggers.stats",),
        ("triggers[].unique_users",),
        "How many were paid; the old service wrote one for each trigger and day",
        _numbers(lambda old, new: new >= old == 1),
    ),
    Difference(
        ("vanity.check_color",),
        ("message",),
        "Says why, also of a colour that is fine",
        _are_texts,
    ),
    Difference(
        ("system.ping", "system.about"),
        ("version",),
        "That of this service",
        _are_texts,
    ),
    Difference(
        ("system.health",),
        ("panic",),
        "New: what admins have stopped for a while",
        _is_new,
    ),
    Difference(
        ("system.about", "system.health"),
        ("uptime_seconds", "uptime_human"),
        "Since the start of this service, in whole seconds",
        lambda old, new: isinstance(new, int) or _are_texts(old, new),
    ),
)


def guide_line(each: Difference) -> str:
    """The line of the table in the guide."""
    requests = ", ".join(name if name == "all" else f"`{name}`" for name in each.requests)
    fields = ", ".join(f"`{field}`" for field in each.fields)
    return f"| {requests} | {fields} | {each.words} |"


def compared(
    request: Mapping[str, Any], old: Answer, new: Answer, used: set[Difference]
) -> Iterator[tuple[str, Any, Any]]:
    """Every field in which two answers differ though no difference is meant there.

    That a field is gone is never meant.
    """
    names = {"all", request["command"]}
    rules = [each for each in DIFFERENCES if names & set(each.requests)]
    for field, before, after in _pairs("", _told(old), _told(new)):
        if before == after and type(before) is type(after):
            continue
        meant = [
            each
            for each in rules
            if after is not _MISSING and field in each.fields and each.holds(before, after)
        ]
        used.update(meant)
        if not meant:
            yield field, before, after


def _told(answer: Answer) -> Answer:
    """The data, with `success`, `error` and `error_code` of the envelope beside them."""
    return {**answer.get("data", {}), **{k: v for k, v in answer.items() if k != "data"}}


def _pairs(field: str, old: Any, new: Any) -> Iterator[tuple[str, Any, Any]]:
    """Single values of both; what is new as a whole stays whole, as do perks and rank counts."""
    if field in {"perks", "distribution"}:
        yield field, old, new
    elif isinstance(old, dict) and isinstance(new, dict):
        for key in {**old, **new}:
            inner = f"{field}.{key}" if field else key
            yield from _pairs(inner, old.get(key, _MISSING), new.get(key, _MISSING))
    elif isinstance(old, list) and isinstance(new, list):
        before, after = _kept(field, old), _kept(field, new)
        if (len(before), len(after)) != (len(old), len(new)):
            yield field, old, new
        for was, now in zip_longest(before, after, fillvalue=_MISSING):
            yield from _pairs(f"{field}[]", was, now)
    else:
        yield field, old, new


def _kept(field: str, rows: list[Any]) -> list[Any]:
    """The rows that both have."""
    if field == "transactions":
        return [row for row in rows if row["trigger_id"] != OPENING]
    if field not in {"rows", "results"}:
        return rows
    left_out = _TWICE if field == "results" else _TWICE | {_BANNED}
    return [row for row in rows if row["username"].lower() not in left_out]
