"""Coming, going and doing: what makes an account and keeps it fresh."""

from kryten_economy.features.presence.rules import is_welcome_back
from kryten_economy.ledger.answers import Answer, Arrived, Departed, Wallet
from kryten_economy.ledger.channels import Channel
from kryten_economy.ledger.once import Kept, Memo, money_of, once, wallet_then
from kryten_economy.ledger.page import Page
from kryten_economy.ledger.posting import Line, is_amount, post
from kryten_economy.ledger.requests import Arrive, Depart, RecordActivity
from kryten_economy.ledger.rewarding import may_earn
from kryten_economy.ledger.tx import Tx
from kryten_economy.ledger.wallets import Holder
from kryten_economy.refusals import InvalidAmount
from kryten_economy.users import UserKey

__all__ = ("arrive", "depart", "page_of", "record_activity")

_COUNTERS = ("messages_sent", "long_messages", "gifs_posted", "commands_used")

_TOUCH = """
    UPDATE account SET
        display_name = ?2,
        last_seen_ms = max(last_seen_ms, ?3),
        last_active_ms = CASE WHEN ?4 THEN max(coalesce(last_active_ms, ?3), ?3)
            ELSE last_active_ms END,
        lifetime_messages = lifetime_messages + ?5
    WHERE id = ?1
    RETURNING last_seen_ms, last_active_ms, lifetime_messages
"""
_CLAIM_WALLET = """
    UPDATE account SET welcome_wallet_claimed = 1 WHERE id = ? AND welcome_wallet_claimed = 0
"""
_DEPART = """
    UPDATE account SET last_departure_ms = ?3, last_seen_ms = max(last_seen_ms, ?3)
    WHERE channel_id = ?1 AND kind = 'wallet' AND name = ?2
    RETURNING id
"""


def record_activity(tx: Tx, request: RecordActivity) -> Wallet:
    """Count what somebody did; a mere question on a known account writes nothing."""
    page = page_of(tx, request.user, request.display_name, request.day, request.at_ms)
    counts = (request.messages, request.long_messages, request.gifs_posted, request.commands)
    renamed = page.display_name != request.display_name
    if any(counts) or renamed or request.chatted:
        tx.slate.touch(
            page,
            request.display_name,
            request.at_ms,
            chatted=request.chatted,
            messages=request.messages,
        )
    for counter, by in zip(_COUNTERS, counts, strict=True):
        if by:
            tx.slate.count(page, counter, by)
    return page.facts


def page_of(tx: Tx, user: UserKey, display_name: str, day: str, at_ms: int) -> Page:
    """The page of an account, which is opened if it is new."""
    channel = tx.channels.get(user.channel)
    page = tx.slate.find(channel.id, user, day)
    if page is None:
        page = tx.slate.open(channel.id, user, display_name, day, at_ms)
    return page


def _touch(tx: Tx, holder: Holder, request: RecordActivity) -> Wallet:
    seen_ms, active_ms, messages = tx.sql.only(
        _TOUCH,
        holder.account_id,
        request.display_name,
        request.at_ms,
        request.chatted,
        request.messages,
    )
    return holder.facts._replace(
        display_name=request.display_name,
        last_seen_ms=seen_ms,
        last_active_ms=active_ms,
        lifetime_messages=messages,
    )


def arrive(tx: Tx, request: Arrive) -> Answer:
    """Make sure of the account; a genuine arrival may bring a gift."""
    return once(tx, request, request.user.channel, _arrive, _retell_arrived)


def _arrive(tx: Tx, request: Arrive) -> Kept | Answer:
    for amount_z in (request.welcome_wallet_z, request.welcome_back_z):
        if amount_z and not is_amount(amount_z):
            return InvalidAmount(amount_z)
    user, day = request.user, request.day
    channel = tx.channels.get(user.channel)
    holder = tx.wallets.find(channel.id, user, day)
    created = holder is None
    if holder is None:
        absent_since_ms = None
        holder = tx.wallets.open(channel.id, user, request.display_name, day, request.at_ms)
    else:
        absent_since_ms = max(holder.facts.last_seen_ms, holder.facts.last_departure_ms or 0)
        seen = RecordActivity(user, request.display_name, request.at_ms, day)
        holder = holder._replace(facts=_touch(tx, holder, seen))
    wallet_z, back_z = _gifts(tx, request, channel, holder, absent_since_ms)
    if wallet_z:
        tx.sql.run(_CLAIM_WALLET, holder.account_id)
        assert tx.sql.changed() == 1, request
        line = Line("welcome_wallet", "onboarding.wallet", "Welcome wallet", request.at_ms, day)
        holder, _ = post(tx, holder, wallet_z, channel.mint, line)
        holder = holder._replace(facts=holder.facts._replace(welcome_wallet_claimed=True))
    elif back_z:
        line = Line("welcome_back", "retention.welcome_back", "Welcome back", request.at_ms, day)
        holder, _ = post(tx, holder, back_z, channel.mint, line)
    facts = holder.facts
    answer = Arrived(facts, wallet_z, created, absent_since_ms, welcomed_back_z=back_z)
    if not (wallet_z or back_z):
        return answer
    return Kept(answer, [wallet_z, created, absent_since_ms, money_of(facts), back_z])


def _gifts(
    tx: Tx, request: Arrive, channel: Channel, holder: Holder, absent_since_ms: int | None
) -> tuple[int, int]:
    """What an arrival brings: the wallet, or a welcome back, or nothing; in Z."""
    wallet_z, back_z = request.welcome_wallet_z, request.welcome_back_z
    if not request.genuine:
        return 0, 0
    if not holder.facts.welcome_wallet_claimed:
        return (wallet_z if may_earn(tx, channel, holder, wallet_z) else 0), 0
    back = is_welcome_back(absent_since_ms, request.at_ms, request.days_absent)
    return 0, (back_z if back and may_earn(tx, channel, holder, back_z) else 0)


def _retell_arrived(tx: Tx, request: Arrive, memo: Memo) -> Answer:
    welcomed_z, created, absent_since_ms, money, *more = memo
    wallet = wallet_then(tx, request.user, request.day, money)
    # Books of older versions kept no fifth fact: nobody was welcomed back then.
    back_z = more[0] if more else 0
    return Arrived(
        wallet, welcomed_z, created, absent_since_ms, replayed=True, welcomed_back_z=back_z
    )


def depart(tx: Tx, request: Depart) -> Departed:
    """Store the moment of leaving, which is what an absence is counted from."""
    channel = tx.channels.find(request.channel)
    if channel is None:
        return Departed(0)
    left = tx.sql.each(_DEPART, ((channel.id, name, request.at_ms) for name in request.names))
    return Departed(len(left))
