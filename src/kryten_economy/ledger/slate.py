"""What talk and plain payments have changed and is not in its tables yet.

Lines come thick and touch the same few rows again and again. Each row is read once, kept here
while nothing else happens, and written once for each batch, inside its transaction. Only
`ledger.chat`, `ledger.triggers`, `ledger.activity` and the credits, debits and transfers of
`ledger.money` work on it. Every other act works on the tables: before it `close` writes what is
pending and forgets the rest, so neither sees a stale row. After a rollback call `forget`.
"""

from kryten_economy.ledger.journal import Journal
from kryten_economy.ledger.page import Page
from kryten_economy.ledger.sqlite import Sql
from kryten_economy.ledger.wallets import RAISE_DAY, Wallets
from kryten_economy.refusals import BALANCE_MAX_Z
from kryten_economy.transaction_types import Counters
from kryten_economy.users import UserKey

__all__ = ("Slate",)

_PAGES_MAX = 4096
_ENTRIES_MAX = 65_536

_TOUCH = """
    UPDATE account SET
        balance_z = balance_z + ?2,
        lifetime_earned_z = min(lifetime_earned_z + ?3, 4611686018427387904),
        last_transfer = coalesce(?4, last_transfer),
        last_seen_ms = max(last_seen_ms, ?5),
        last_active_ms = ?6,
        lifetime_messages = lifetime_messages + ?7
    WHERE id = ?1
"""
_RENAME = "UPDATE account SET display_name = ?2 WHERE id = ?1"
_COUNT_DAY = """
    INSERT INTO daily_activity (
        channel_id, day, account_id, messages_sent, long_messages, gifs_posted, commands_used,
        unique_emotes_used, kudos_given, kudos_received, laughs_received, bot_interactions, z_earned
    ) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
    ON CONFLICT DO UPDATE SET
        messages_sent = messages_sent + excluded.messages_sent,
        long_messages = long_messages + excluded.long_messages,
        gifs_posted = gifs_posted + excluded.gifs_posted,
        commands_used = commands_used + excluded.commands_used,
        unique_emotes_used = unique_emotes_used + excluded.unique_emotes_used,
        kudos_given = kudos_given + excluded.kudos_given,
        kudos_received = kudos_received + excluded.kudos_received,
        laughs_received = laughs_received + excluded.laughs_received,
        bot_interactions = bot_interactions + excluded.bot_interactions,
        z_earned = min(z_earned + excluded.z_earned, 4611686018427387904)
"""
_SPEND = """
    UPDATE account SET
        lifetime_spent_z = ?2, lifetime_gambled_in_z = ?3, lifetime_gambled_out_z = ?4,
        biggest_win_z = ?5
    WHERE id = ?1
"""
_WINDOW = "SELECT count, ends_at_ms FROM trigger_windows WHERE account_id = ? AND trigger_key = ?"
_PUT_WINDOW = """
    INSERT INTO trigger_windows (account_id, trigger_key, count, ends_at_ms) VALUES (?, ?, ?, ?)
    ON CONFLICT DO UPDATE SET count = excluded.count, ends_at_ms = excluded.ends_at_ms
"""
_HELD = "SELECT held FROM trigger_fractions WHERE account_id = ? AND trigger_id = ?"
_HOLD = """
    INSERT INTO trigger_fractions (account_id, trigger_id, held) VALUES (?, ?, ?)
    ON CONFLICT DO UPDATE SET held = excluded.held
"""


class Slate:
    """The pages of who has talked, was talked to or paid, on the writing connection."""

    def __init__(self, sql: Sql, journal: Journal, wallets: Wallets) -> None:
        self._sql = sql
        self._journal = journal
        self._wallets = wallets
        self.forget()

    def forget(self) -> None:
        """Drop everything, pending or not."""
        self._pages: dict[tuple[int, str], Page | None] = {}
        self._day = ""
        self._changed: dict[Page, None] = {}
        self._hits: dict[tuple[int, str], list[tuple[Page, int]]] = {}
        self._entries = 0

    def close(self) -> None:
        """Write what is pending and forget the rest: somebody else works on the tables now."""
        if self._pages:
            self.write()
            self.forget()

    def find(self, channel_id: int, user: UserKey, day: str) -> Page | None:
        """The page of an account, or None if there is no such account."""
        self._turn_to(day)
        key = (channel_id, user.name)
        try:
            return self._pages[key]
        except KeyError:
            holder = self._wallets.find(channel_id, user, day)
            page = self._pages[key] = None if holder is None else Page(holder)
            return page

    def open(self, channel_id: int, user: UserKey, display_name: str, day: str, at_ms: int) -> Page:
        """The page of a new account."""
        self._turn_to(day)
        holder = self._wallets.open(channel_id, user, display_name, day, at_ms)
        page = self._pages[channel_id, user.name] = Page(holder)
        return page

    def _turn_to(self, day: str) -> None:
        if day != self._day:
            # All pages of one request are of one day, so nobody holds a page that is forgotten.
            self.close()
            self._day = day

    def touch(
        self, page: Page, display_name: str, at_ms: int, *, chatted: bool, messages: int
    ) -> None:
        """Somebody was seen, did something, or said so many lines."""
        page.touch(display_name, at_ms, chatted=chatted, messages=messages)
        self._changed[page] = None

    def count(self, page: Page, counter: str, by: int = 1) -> None:
        """Raise one of the day's counters, named as its column."""
        page.counts[counter] = page.counts.get(counter, 0) + by
        self._changed[page] = None

    def window(self, page: Page, key: str) -> tuple[int, int]:
        """How often and until when a window was hit; (0, 0) if never."""
        known = page.windows.get(key)
        if known is None:
            row = self._sql.row(_WINDOW, page.account_id, key)
            known = page.windows[key] = (0, 0) if row is None else (row[0], row[1])
            self._entries += 1
        return known

    def hit_window(self, page: Page, key: str, count: int, ends_at_ms: int) -> None:
        """Store a hit."""
        page.windows[key] = (count, ends_at_ms)
        page.windows_hit[key] = None
        self._changed[page] = None

    def held(self, page: Page, trigger_id: str) -> float:
        """The part of a coin that is kept of a trigger."""
        known = page.held.get(trigger_id)
        if known is None:
            row = self._sql.row(_HELD, page.account_id, trigger_id)
            known = page.held[trigger_id] = 0.0 if row is None else row[0]
        return known

    def hold(self, page: Page, trigger_id: str, rest: float) -> None:
        """Keep another part of a coin."""
        page.held[trigger_id] = rest
        page.held_anew[trigger_id] = None
        self._changed[page] = None

    def move(
        self, page: Page, delta_z: int, counters: Counters, day: str, transfer_id: int
    ) -> Page:
        """Change a balance by what the caller has found to be possible, with all counters.

        As `Wallets.move`, for movements that take no counter back.
        """
        assert day == self._day, (day, self._day)
        assert min(counters) >= 0, counters
        page.move(delta_z, counters, transfer_id)
        assert 0 <= page.balance_z <= BALANCE_MAX_Z, (page.account_id, delta_z)
        self._journal.moved_wallet(delta_z)
        self._changed[page] = None
        if counters.z_earned:
            self.count(page, "z_earned", counters.z_earned)
        return page

    def hit(self, page: Page, trigger_id: str, amount_z: int) -> None:
        """Count a paid trigger: the hit, the distinct user, the amount."""
        self._hits.setdefault((page.channel_id, trigger_id), []).append((page, amount_z))

    def met(self, sender: Page, recipient: Page) -> None:
        """Somebody has tipped somebody; a pair is counted once."""
        if self._wallets.met_first(sender.account_id, recipient.account_id):
            sender.met(recipients=1)
            recipient.met(senders=1)

    def write(self) -> None:
        """Put what is pending into the tables; what was read stays known, within limits."""
        if self._changed:
            self._write()
        if len(self._pages) > _PAGES_MAX or self._entries > _ENTRIES_MAX:
            self.forget()

    def _write(self) -> None:
        pages, write = list(self._changed), self._sql.each
        touched = [page.row() for page in pages if page.is_touched]
        if touched:
            write(_TOUCH, touched)
        renamed = [(p.account_id, p.display_name) for p in pages if p.is_renamed]
        if renamed:
            write(_RENAME, renamed)
        counted = [page.day_row(self._day) for page in pages if page.counts]
        if counted:
            write(_COUNT_DAY, counted)
        spent = [page for page in pages if page.spent_today]
        if spent:
            write(_SPEND, [page.spending_row() for page in spent])
            write(RAISE_DAY, [page.spending_day_row(self._day) for page in spent])
        windows = [
            (page.account_id, key, *page.windows[key]) for page in pages for key in page.windows_hit
        ]
        if windows:
            write(_PUT_WINDOW, windows)
        held = [(page.account_id, key, page.held[key]) for page in pages for key in page.held_anew]
        if held:
            write(_HOLD, held)
        self._write_hits()
        for page in pages:
            page.written()
        self._changed.clear()

    def _write_hits(self) -> None:
        for (channel_id, trigger_id), hits in self._hits.items():
            new = {page: None for page, _ in hits if trigger_id not in page.paid_by}
            for page in new:
                page.paid_by.add(trigger_id)
            accounts = [page.account_id for page in new]
            total_z = sum(amount_z for _, amount_z in hits)
            self._wallets.hit_many(
                channel_id, accounts, trigger_id, total_z, self._day, hits=len(hits)
            )
        self._hits.clear()
