"""What people own and may do again when, what other services have charged, and the accounts."""

from collections.abc import Iterator

from kryten_economy.ledger.statements import Value
from kryten_economy.migration.people import Person, Vanity
from kryten_economy.migration.transfers import Written
from kryten_economy.migration.values import counted, day_of, flag, moment_ms, text, whole
from kryten_economy.migration.work import Work

__all__ = ("copy_belongings", "referred_to", "write_accounts")

_ITEM = "INSERT INTO vanity_item (account_id, type, value, bought_at_ms) VALUES (?, ?, ?, ?)"
_COOLDOWN = "INSERT INTO cooldown (account_id, name, last_at_ms) VALUES (?, ?, ?)"
_SPEND = """
    INSERT OR IGNORE INTO queue_spend_requests (
        request_id, channel_id, account_id, cost_z, tier, attempt, transaction_id, spend_date,
        created_at_ms, refunded_at_ms
    ) VALUES (?, ?, ?, ?, ?, '', ?, ?, ?, ?)
"""
_METRIC = """
    INSERT INTO service_metrics (key, value, updated_at_ms) VALUES (?, ?, ?)
    ON CONFLICT DO UPDATE SET value = max(value, excluded.value)
"""
_BAN = """
    INSERT INTO banned_users (channel_id, name, display_name, banned_by, banned_at_ms, reason)
    VALUES (?, ?, ?, ?, ?, ?)
"""
_ACCOUNT = """
    INSERT INTO account (
        id, channel_id, kind, name, balance_z, display_name, lifetime_earned_z,
        lifetime_spent_z, lifetime_gambled_in_z, lifetime_gambled_out_z, biggest_win_z, rank_name,
        cytube_level, quiet, welcome_wallet_claimed, first_seen_ms, last_seen_ms, last_active_ms,
        last_transfer
    ) VALUES (?, ?, 'wallet', ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
"""
_LIVED = """
    UPDATE account SET lifetime_messages = d.messages, lifetime_minutes = d.minutes
    FROM (
        SELECT account_id, sum(messages_sent) AS messages, sum(minutes_present) AS minutes
        FROM daily_activity GROUP BY account_id
    ) AS d WHERE d.account_id = account.id
"""
_TIPPED = """
    UPDATE account SET tip_recipients = p.count FROM (
        SELECT sender, count(*) AS count FROM tip_pair GROUP BY sender
    ) AS p WHERE p.sender = account.id
"""
_TIPPED_BY = """
    UPDATE account SET tip_senders = p.count FROM (
        SELECT recipient, count(*) AS count FROM tip_pair GROUP BY recipient
    ) AS p WHERE p.recipient = account.id
"""
_SPENDS = "queue_spend_requests"


def referred_to(work: Work) -> frozenset[int | str]:
    """The old ids of ledger rows that another table names, and the requests it is about.

    The old service did not keep the id of each.
    """
    found: set[int | str] = set()
    for request_id, number in work.source.rows(_SPENDS, ("request_id", "transaction_id")):
        found |= {text(request_id), whole(number) or 0}
    return frozenset(found - {"", 0})


def copy_belongings(work: Work, written: Written) -> None:
    """Everything of this page but the accounts."""
    target, report = work.target, work.report
    report.written["vanity items"] = target.many(_ITEM, _items(work))
    target.many(_COOLDOWN, ((*key, at_ms) for key, at_ms in written.used_ms.items()))
    report.written["queue requests"] = target.many(_SPEND, _spends(work, written))
    metrics = work.source.rows("service_metrics", ("key", "value", "updated_at"), "key")
    report.read["service_metrics"] = work.source.count("service_metrics")
    kept = ((text(k), counted(v), moment_ms(at) or work.now_ms) for k, v, at in metrics if text(k))
    report.written["lifetime counters"] = target.many(_METRIC, kept)
    target.many(
        _BAN,
        (
            (target.channels[b.channel].id, b.name, b.display_name, b.by, b.at_ms, b.reason)
            for b in work.people.bans.values()
        ),
    )


def _items(work: Work) -> Iterator[tuple[Value, ...]]:
    """The newest of each kind that somebody has; what was given up is owned no more.

    Where no row says anything, the columns of the account do (`storage.md` 6.1.4).
    """
    newest: dict[tuple[int, str], Vanity] = {}
    several = 0
    columns = ("item_type", "value", "active", "purchased_at", "id")
    for person, (type_, value, active, at, number) in work.rows("vanity_items", columns):
        key = (person.id, text(type_))
        # A table without the column knows of no item that was given up.
        bought = Vanity(
            text(value), moment_ms(at) or 0, whole(number) or 0, active is None or flag(active)
        )
        known = newest.get(key)
        several += known is not None
        if known is None or (bought.at_ms, bought.number) > (known.at_ms, known.number):
            newest[key] = bought
    work.report.pass_over("vanity items that a newer one of the same person replaces", several)
    for person in work.people:
        for type_, item in person.owned.items():
            newest.setdefault((person.id, type_), item)
    for (account_id, type_), item in newest.items():
        if item.active and type_:
            yield account_id, type_, item.value, item.at_ms


def _spends(work: Work, written: Written) -> Iterator[tuple[Value, ...]]:
    columns = (
        "request_id",
        "cost_z",
        "tier",
        "transaction_id",
        "created_at",
        "refunded",
        "refunded_at",
    )
    for person, cells in work.rows(_SPENDS, columns, order="created_at"):
        request_id, cost, tier, old_id, at, refunded, refunded_at = cells
        cost_z, at_ms = counted(cost), moment_ms(at) or work.now_ms
        if not cost_z or not text(request_id):
            work.report.pass_over("queue requests that cost nothing, left out")
            continue
        yield (
            text(request_id),
            work.target.channels[person.channel].id,
            person.id,
            cost_z,
            text(tier),
            _row_of(written, text(request_id), whole(old_id) or 0),
            day_of(at_ms),
            at_ms,
            (moment_ms(refunded_at) or at_ms) if flag(refunded) else None,
        )


def _row_of(written: Written, request_id: str, old_id: int) -> int:
    """The ledger row of a charge; 0 if the old ledger has none."""
    return written.row_of.get(old_id) or written.row_of.get(request_id, 0)


def write_accounts(work: Work) -> None:
    """The wallets as all their transfers have left them, then what their other rows add up to."""
    target = work.target
    target.many(_ACCOUNT, (_account(work, person) for person in work.people))
    for statement in (_LIVED, _TIPPED, _TIPPED_BY):
        target.run(statement)
    target.close_channels()


def _account(work: Work, person: Person) -> tuple[Value, ...]:
    return (
        person.id,
        work.target.channels[person.channel].id,
        person.name,
        person.running_z,
        person.display_name,
        person.lifetime_earned_z,
        person.lifetime_spent_z,
        person.lifetime_gambled_in_z,
        person.lifetime_gambled_out_z,
        person.biggest_win_z,
        person.rank_name,
        person.cytube_level,
        person.quiet,
        person.welcomed,
        person.first_seen_ms,
        person.last_seen_ms,
        person.last_active_ms,
        person.last_transfer,
    )
