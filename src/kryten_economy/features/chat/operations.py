"""Chat lines and the triggers they set off: counters, limits, fractions and credits in one act."""

from dataclasses import dataclass

from kryten_economy.features.chat.triggers import FirstOfDay, Tally, TriggerAward, Window
from kryten_economy.features.events.rules import with_carry
from kryten_economy.features.presence.minutes import EarningTerms, whole_part
from kryten_economy.features.presence.rules import OPEN, EarningGate
from kryten_economy.ledger.account import Account
from kryten_economy.ledger.operation import ALWAYS, Act, Request, operation, perform
from kryten_economy.ledger.posting import Entry, Fractions, may_earn, post
from kryten_economy.ledger.tx import CachedTable, Tx
from kryten_economy.users import UserKey

__all__ = (
    "LineRecorded",
    "LinesRecorded",
    "PaidTrigger",
    "PayTriggers",
    "RecordChat",
    "RecordLines",
    "TriggersPaid",
    "pay_triggers",
    "record_chat",
    "record_lines",
)

_WINDOWS: CachedTable[tuple[int, str], tuple[int, int]] = CachedTable(
    "SELECT count, ends_at_ms FROM trigger_windows WHERE account_id = ? AND trigger_key = ?",
    """
    INSERT INTO trigger_windows (account_id, trigger_key, count, ends_at_ms) VALUES (?, ?, ?, ?)
    ON CONFLICT DO UPDATE SET count = excluded.count, ends_at_ms = excluded.ends_at_ms
    """,
)
_EMOTES: CachedTable[tuple[int, str], tuple[str]] = CachedTable(
    "SELECT day FROM daily_emotes WHERE account_id = ? AND emote = ? ORDER BY day DESC LIMIT 1",
    "INSERT OR IGNORE INTO daily_emotes (account_id, emote, day) VALUES (?, ?, ?)",
)
"""The last day on which an emote was used; days come in order."""
_USE_EVER = "INSERT OR IGNORE INTO lifetime_emotes (account_id, emote) VALUES (?, ?)"
_FORGET_EMOTES = "DELETE FROM daily_emotes WHERE account_id = ? AND day < date(?, '-1 day')"


@dataclass(frozen=True, slots=True)
class PaidTrigger:
    """A trigger that passed its limits; ``amount_z`` may be 0 while parts of a coin are kept."""

    name: str
    trigger_id: str
    amount_z: int


@dataclass(frozen=True, slots=True)
class LineRecorded:
    """What a line has paid to whom."""

    paid: tuple[PaidTrigger, ...] = ()
    replayed: bool = False


@dataclass(frozen=True, slots=True)
class RecordChat(Act[LineRecorded]):
    """A chat line: its counters, and all it pays to anybody.

    Without awards no money moves and the id is not used. The banned are neither counted nor
    paid; who is kept by the ``gate`` is counted and not paid. ``emotes`` are distinct names.
    ``terms`` None multiplies nothing.
    """

    HALTED_BY = ALWAYS
    ATTEMPT = Act.ATTEMPT | {"terms"}

    op_id: str
    user: UserKey
    display_name: str
    at_ms: int
    day: str
    long_messages: int = 0
    gifs_posted: int = 0
    emotes: tuple[str, ...] = ()
    tallies: tuple[Tally, ...] = ()
    awards: tuple[TriggerAward, ...] = ()
    gate: EarningGate = OPEN
    terms: EarningTerms | None = None

    @property
    def channel(self) -> str:
        """Where it was said."""
        return self.user.channel

    @property
    def needs_id(self) -> bool:
        """A line that pays nobody and counts for nobody else needs none."""
        return bool(self.awards or self.tallies)


@operation
def record_chat(tx: Tx, ask: RecordChat) -> LineRecorded:
    """Count the line and pay its awards."""
    speaker = tx.find_or_open(ask.user, ask.display_name, ask.day, ask.at_ms)
    tx.accounts.rename(speaker, ask.display_name)
    speaker.last_seen_ms = max(speaker.last_seen_ms, ask.at_ms)
    speaker.last_active_ms = max(speaker.last_active_ms or 0, ask.at_ms)
    if speaker.banned:
        tx.accounts.touch(speaker)
        return LineRecorded()
    speaker.lifetime_messages += 1
    today = speaker.today
    today.messages_sent += 1
    today.long_messages += ask.long_messages
    today.gifs_posted += ask.gifs_posted
    tx.accounts.touch_day(today)
    if ask.emotes:
        _count_emotes(tx, speaker, ask)
    return LineRecorded(_pay_all(tx, ask) if ask.needs_id else ())


def _count_emotes(tx: Tx, speaker: Account, ask: RecordChat) -> None:
    rows = tx.cached(_EMOTES)
    for emote in ask.emotes:
        used = rows.get((speaker.id, emote))
        if used is not None and max(used) >= ask.day:
            continue
        if not speaker.today.unique_emotes_used:
            tx.run(_FORGET_EMOTES, speaker.id, ask.day)
        rows.put((speaker.id, emote), (ask.day,))
        speaker.today.unique_emotes_used += 1
        if tx.run(_USE_EVER, speaker.id, emote):
            speaker.emotes_used += 1
            tx.accounts.touch(speaker, profile=True)


@dataclass(frozen=True, slots=True)
class TriggersPaid:
    """What was paid to whom."""

    paid: tuple[PaidTrigger, ...] = ()
    replayed: bool = False


@dataclass(frozen=True, slots=True)
class PayTriggers(Act[TriggersPaid]):
    """Triggers that no chat line of their receiver set off."""

    HALTED_BY = ALWAYS
    ATTEMPT = Act.ATTEMPT | {"terms"}

    op_id: str
    channel: str
    at_ms: int
    day: str
    awards: tuple[TriggerAward, ...]
    tallies: tuple[Tally, ...] = ()
    gate: EarningGate = OPEN
    terms: EarningTerms | None = None


@operation
def pay_triggers(tx: Tx, ask: PayTriggers) -> TriggersPaid:
    """Count and pay what other people or the channel set off."""
    return TriggersPaid(_pay_all(tx, ask))


_Asked = PayTriggers | RecordChat


def _pay_all(tx: Tx, ask: _Asked) -> tuple[PaidTrigger, ...]:
    """Count the tallies, then pay what passes its limits; the rest is skipped silently."""
    for tally in ask.tallies:
        _count(tx, ask, tally)
    paid = (_pay_one(tx, ask, award) for award in ask.awards)
    return tuple(each for each in paid if each is not None)


def _find(tx: Tx, ask: _Asked, name: str) -> Account | None:
    """The account of somebody who may earn at all."""
    account = tx.find(UserKey(ask.channel, name), ask.day)
    return None if account is None or account.barred else account


def _count(tx: Tx, ask: _Asked, tally: Tally) -> None:
    account = _find(tx, ask, tally.name)
    if account is None or (tally.others and _find(tx, ask, tally.others) is None):
        return
    tx.accounts.count(account.today, tally.counter)


def _pay_one(tx: Tx, ask: _Asked, award: TriggerAward) -> PaidTrigger | None:
    account = _find(tx, ask, award.name)
    if account is None or not _passes(tx, ask, account, award):
        return None
    amount_z = 0
    if ask.gate.is_open(account.first_seen_ms, account.lifetime_messages, ask.at_ms):
        amount_z = _credit(tx, ask, account, award)
    return PaidTrigger(award.name, award.trigger_id, amount_z)


def _passes(tx: Tx, ask: _Asked, account: Account, award: TriggerAward) -> bool:
    match award.limit:
        case None:
            return True
        case FirstOfDay():
            if account.today.first_message_claimed:
                return False
            account.today.first_message_claimed = 1
            tx.accounts.touch_day(account.today)
            return True
        case Window(key, ends_at_ms, most):
            windows = tx.cached(_WINDOWS)
            count, known_ends_ms = windows.get((account.id, key)) or (0, 0)
            if ask.at_ms < known_ends_ms:
                ends_at_ms = known_ends_ms
            else:
                count = 0
            if count >= most:
                return False
            windows.put((account.id, key), (count + 1, ends_at_ms))
            return True


def _credit(tx: Tx, ask: _Asked, account: Account, award: TriggerAward) -> int:
    """Add to what is held of this trigger, and pay what has become whole."""
    if tx.is_earning_paused(account.channel):
        return 0
    amount, why = award.amount, award.metadata
    if ask.terms is not None:
        tier = ask.terms.tier(
            account.rank_name, account.lifetime_earned_z, account.rank_held_from_z
        )
        amount, why = ask.terms.of(amount, tier)
    fractions = Fractions(tx, award.trigger_id)
    held = fractions.held(account)
    amount_z, rest = whole_part(held, amount)
    if rest != held:
        fractions.hold(account, rest)
    if not amount_z or not may_earn(tx, account, amount_z):
        return 0
    entry = Entry(
        "earn",
        award.trigger_id,
        award.reason,
        ask.at_ms,
        ask.day,
        award.related_user,
        with_carry(why, award.amount, held, rest),
    )
    post(tx, account, amount_z, tx.system(account.channel, "mint"), entry)
    return amount_z


_LAST_BATCH: CachedTable[tuple[int], tuple[str]] = CachedTable(
    "SELECT batch_id FROM line_batch WHERE channel_id = ?",
    """
    INSERT INTO line_batch (channel_id, batch_id) VALUES (?, ?)
    ON CONFLICT DO UPDATE SET batch_id = excluded.batch_id
    """,
)


@dataclass(frozen=True, slots=True)
class LinesRecorded:
    """How many requests of the batch were carried out; 0 for one that was booked before."""

    count: int


@dataclass(frozen=True, slots=True)
class RecordLines(Request[LinesRecorded]):
    """What was said in a channel and set off there, in order, as one batch.

    A channel has one batch under way, so remembering the last one's id is enough to tell a
    repetition, which moves and counts nothing. What pays has an id of its own besides.
    """

    channel: str
    batch_id: str
    lines: tuple[RecordChat | PayTriggers, ...]


@operation
def record_lines(tx: Tx, ask: RecordLines) -> LinesRecorded:
    """Book a batch of lines; each that pays keeps an id of its own."""
    last = tx.cached(_LAST_BATCH)
    channel_id = tx.channel(ask.channel).id
    if last.get((channel_id,)) == (ask.batch_id,):
        return LinesRecorded(0)
    for line in ask.lines:
        perform(tx, line)
    last.put((channel_id,), (ask.batch_id,))
    return LinesRecorded(len(ask.lines))
