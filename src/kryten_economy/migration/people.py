"""The accounts of the source, merged where one person has several, and who is banned.

The old service told names apart by case, so one person may have two accounts. Their money and
counters are summed; the name as it was last seen is the one that is shown (`storage.md` 6.1.3).
All accounts are kept in memory, a few hundred bytes each: everything else refers to them.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field

from kryten_economy.features.ranks.rules import Ladder
from kryten_economy.migration.report import Report
from kryten_economy.migration.source import Source
from kryten_economy.migration.values import Cell, counted, flag, key_of, moment_ms, text, whole
from kryten_economy.refusals import BALANCE_MAX_Z
from kryten_economy.users import is_name

__all__ = ("Ban", "People", "Person", "Vanity", "read_people")

_COLUMNS = (
    "username",
    "channel",
    "balance",
    "lifetime_earned",
    "lifetime_spent",
    "lifetime_gambled_in",
    "lifetime_gambled_out",
    "rank_name",
    "cytube_level",
    "welcome_wallet_claimed",
    "economy_banned",
    "quiet_mode",
    "first_seen",
    "last_seen",
    "last_active",
    "chat_color",
    "custom_greeting",
    "custom_title",
    "channel_gif_url",
    "channel_gif_approved",
    "personal_currency_name",
)
_BANS = ("username", "channel", "banned_by", "banned_at", "reason")


@dataclass(frozen=True, slots=True)
class Vanity:
    """What somebody owns, and when they bought it."""

    value: str
    at_ms: int
    number: int = 0
    active: bool = True


@dataclass(slots=True)
class Person:
    """An account as it will be in our books; ``id`` is that of its row there."""

    id: int
    channel: str
    name: str
    display_name: str
    balance_z: int = 0
    lifetime_earned_z: int = 0
    lifetime_spent_z: int = 0
    lifetime_gambled_in_z: int = 0
    lifetime_gambled_out_z: int = 0
    rank_name: str = ""
    cytube_level: int = 1
    welcomed: bool = False
    quiet: bool = False
    banned: bool = False
    first_seen_ms: int = 0
    last_seen_ms: int = 0
    last_active_ms: int | None = None
    owned: dict[str, Vanity] = field(default_factory=dict)
    """What the columns of the account itself say."""
    biggest_win_z: int = 0
    # What the rows of the old ledger come to: their sum, and the lowest it ever was.
    ledger_z: int = 0
    lowest_z: int = 0
    # Where the account's chain of transfers stands while it is written.
    running_z: int = 0
    last_transfer: int | None = None


@dataclass(frozen=True, slots=True)
class Ban:
    """A name that may not take part."""

    channel: str
    name: str
    display_name: str
    by: str
    at_ms: int
    reason: str


class People:
    """Accounts by channel and name in any casing; channels as the configuration spells them."""

    def __init__(self, configured: Iterable[str]) -> None:
        self.configured = {name.lower(): name for name in configured}
        self.channels: dict[str, str] = {}
        self.bans: dict[tuple[str, str], Ban] = {}
        self._by_key: dict[tuple[str, str], Person] = {}
        self._as_written: dict[tuple[Cell, Cell], Person | None] = {}

    def __iter__(self) -> Iterator[Person]:
        return iter(self._by_key.values())

    def __len__(self) -> int:
        return len(self._by_key)

    def channel(self, written: Cell) -> str:
        """The one spelling of a channel; the first one seen, unless it is configured."""
        name = text(written)
        key = name.lower()
        return self.channels.setdefault(key, self.configured.get(key, name))

    def find(self, username: Cell, channel: Cell) -> Person | None:
        """The account that a row belongs to. Asked for every row, so spellings are remembered."""
        try:
            return self._as_written[username, channel]
        except KeyError:
            known = self.channels.get(text(channel).lower())
            found = None if known is None else self._by_key.get((known, key_of(text(username))))
            self._as_written[username, channel] = found
            return found

    def get(self, channel: str, name: str) -> Person | None:
        """The account of a channel as spelled here and a lower-case name."""
        return self._by_key.get((channel, name))

    def add(self, person: Person) -> None:
        """A new account."""
        self._by_key[person.channel, person.name] = person


def read_people(
    source: Source, report: Report, configured: Sequence[str], ladder: Ladder, now_ms: int
) -> People:
    """Read accounts and bans."""
    people = People(configured)
    variants: dict[tuple[str, str], list[str]] = {}
    for row in source.rows("accounts", _COLUMNS):
        read = _person(people, row, report, now_ms)
        variants.setdefault((read.channel, read.name), []).append(read.display_name)
        known = people.get(read.channel, read.name)
        if known is None:
            read.id = len(people) + 1
            people.add(read)
        else:
            _merge(known, read, ladder)
    for (channel, _), names in variants.items():
        if len(names) > 1:
            report.tell("accounts that were one person's, merged", f"{channel}: {', '.join(names)}")
    for person in people:
        if person.rank_name and person.rank_name not in ladder.names:
            report.pass_over(f"accounts whose rank {person.rank_name!r} no tier has: kept as it is")
        if person.balance_z > BALANCE_MAX_Z:
            who = f"{person.channel}/{person.display_name}"
            report.tell("more money than books can hold", who)
    _read_bans(source, report, people, now_ms)
    report.read["accounts"] = source.count("accounts")
    report.written["accounts"] = len(people)
    report.written["bans"] = len(people.bans)
    return people


def _person(people: People, row: tuple[Cell, ...], report: Report, now_ms: int) -> Person:
    cells = dict(zip(_COLUMNS, row, strict=True))
    shown = text(cells["username"])
    channel = people.channel(cells["channel"])
    if not is_name(shown):
        report.tell("names that CyTube can't have", f"{channel}/{shown!r}")
    balance_z = whole(cells["balance"])
    if balance_z is None and cells["balance"] is not None:
        report.tell("balances that are no number: 0", f"{channel}/{shown}: {cells['balance']!r}")
    if balance_z is not None and balance_z < 0:
        report.tell("balances below zero: 0", f"{channel}/{shown}: {balance_z:,}")
    last_active_ms = moment_ms(cells["last_active"])
    last_seen_ms = moment_ms(cells["last_seen"]) or last_active_ms or now_ms
    first_seen_ms = moment_ms(cells["first_seen"]) or last_seen_ms
    return Person(
        id=0,
        channel=channel,
        name=key_of(shown),
        display_name=shown,
        balance_z=max(0, balance_z or 0),
        lifetime_earned_z=counted(cells["lifetime_earned"]),
        lifetime_spent_z=counted(cells["lifetime_spent"]),
        lifetime_gambled_in_z=counted(cells["lifetime_gambled_in"]),
        lifetime_gambled_out_z=counted(cells["lifetime_gambled_out"]),
        rank_name=text(cells["rank_name"]),
        cytube_level=max(1, whole(cells["cytube_level"]) or 1),
        welcomed=flag(cells["welcome_wallet_claimed"]),
        quiet=flag(cells["quiet_mode"]),
        banned=flag(cells["economy_banned"]),
        first_seen_ms=first_seen_ms,
        last_seen_ms=max(first_seen_ms, last_seen_ms),
        last_active_ms=last_active_ms,
        owned=_owned(cells, last_seen_ms),
    )


def _owned(cells: dict[str, Cell], at_ms: int) -> dict[str, Vanity]:
    values = {
        "chat_color": cells["chat_color"],
        "custom_greeting": cells["custom_greeting"],
        "custom_title": cells["custom_title"],
        "channel_gif": cells["channel_gif_url"] if flag(cells["channel_gif_approved"]) else None,
        "personal_currency_name": cells["personal_currency_name"],
    }
    return {type_: Vanity(text(value), at_ms) for type_, value in values.items() if text(value)}


def _merge(into: Person, other: Person, ladder: Ladder) -> None:
    newer = other.last_seen_ms > into.last_seen_ms
    if newer:
        into.display_name = other.display_name
    into.owned = {**into.owned, **other.owned} if newer else {**other.owned, **into.owned}
    into.rank_name = _higher(into.rank_name, other.rank_name, ladder)
    into.balance_z += other.balance_z
    into.lifetime_earned_z += other.lifetime_earned_z
    into.lifetime_spent_z += other.lifetime_spent_z
    into.lifetime_gambled_in_z += other.lifetime_gambled_in_z
    into.lifetime_gambled_out_z += other.lifetime_gambled_out_z
    into.cytube_level = max(into.cytube_level, other.cytube_level)
    into.welcomed |= other.welcomed
    into.quiet |= other.quiet
    into.banned |= other.banned
    into.first_seen_ms = min(into.first_seen_ms, other.first_seen_ms)
    into.last_seen_ms = max(into.last_seen_ms, other.last_seen_ms)
    if other.last_active_ms is not None:
        into.last_active_ms = max(into.last_active_ms or 0, other.last_active_ms)


def _higher(one: str, other: str, ladder: Ladder) -> str:
    """The higher of two ranks; one that a tier has beats one that none has."""
    places = {name: place for place, name in enumerate(ladder.names)}
    return max((one, other), key=lambda name: places.get(name, -1))


def _read_bans(source: Source, report: Report, people: People, now_ms: int) -> None:
    """Who is banned by either table (`storage.md` 6.1.7); a ban with a reason says more."""
    for username, written, by, at, reason in source.rows("banned_users", _BANS):
        shown, channel = text(username), people.channel(written)
        known = people.bans.get((channel, key_of(shown)))
        at_ms = moment_ms(at) or now_ms
        if known is None or at_ms < known.at_ms:
            ban = Ban(channel, key_of(shown), shown, text(by) or "system", at_ms, text(reason))
            people.bans[channel, ban.name] = ban
    report.read["banned_users"] = source.count("banned_users")
    for person in people:
        if person.banned and (person.channel, person.name) not in people.bans:
            people.bans[person.channel, person.name] = Ban(
                person.channel, person.name, person.display_name, "system", now_ms, ""
            )
