"""Holds a book file against what askers were told: each act there once, and nothing else.

An account of one file over many runs of the service. After each run `witness` takes what the
askers heard, and `examine` reads a copy of the file as the dead process left it.
"""

import shutil
from collections import Counter, defaultdict
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import apsw
from tests.faults.crowd import LOADING, REPLAY, RESUMED, SWEPT
from tests.faults.load import ASKERS, CAPS, CHANNEL, DAY, LAMP, Crowd, talker_of, villain_of
from tests.faults.play_audit import OF_TABLES, PLAYED, RoundAudit, bid_below, net_wins, prize_of
from tests.faults.play_witness import Known, Movement, Told, opens
from tests.faults.witness import movements, pays_as_told, was_done, was_replayed

from kryten_economy.features.approvals import ResolveApproval
from kryten_economy.features.bans import Ban, Unban
from kryten_economy.features.bounties.operations import ClaimBounty, CreateBounty, EndBounty
from kryten_economy.features.colours.operations import (
    CHAT_COLOUR,
    PURPOSE,
    ReserveColour,
    SettleColour,
    hold_id_of,
)
from kryten_economy.features.games.auction import PlaceBid
from kryten_economy.features.games.prediction import CloseBets
from kryten_economy.features.games.rounds import EnsureSeeds
from kryten_economy.features.presence.operations import PresenceMinute, RecordActivity
from kryten_economy.features.queue.buying import BuyMedia
from kryten_economy.features.queue.settling import EndPurchases, QueueConfirmed, QueueRefused
from kryten_economy.features.reports.queries import Reports
from kryten_economy.features.shop.operations import BuyShopItem
from kryten_economy.features.vanity.operations import AskForGif, SetAside, SettlePurchase
from kryten_economy.features.wallets.operations import Finalize, Release, Reserve
from kryten_economy.ledger import opening
from kryten_economy.ledger.holds import CaptureHold, PlaceHold, ReleaseHold
from kryten_economy.ledger.invariants import verify
from kryten_economy.ledger.operation import Act, Request
from kryten_economy.transaction_types import TYPES

__all__ = ("Audit", "WrongError")

_LASTING = ("wallet:", "queue:", "approval:", hold_id_of(""))

_SWEEP = "ledger:released:"
_OF_ROUNDS = "game:"
_EARNING = tuple(kind.name for kind in TYPES.values() if kind.earns)

_MOVEMENTS = """
    SELECT o.id, o.kind,
        CASE g.kind WHEN 'wallet' THEN g.name ELSE '=' || g.kind END,
        CASE t.kind WHEN 'wallet' THEN t.name ELSE '=' || t.kind END,
        m.amount_z, m.debit_after_z, m.credit_after_z
    FROM operation AS o
    LEFT JOIN transfer AS m ON m.operation = o.seq
    LEFT JOIN account AS g ON g.id = m.debit_account
    LEFT JOIN account AS t ON t.id = m.credit_account
    ORDER BY o.seq, m.id
"""
_HOLDS = """
    SELECT h.id, a.name, h.amount_z, h.state, h.captured_z
    FROM hold AS h JOIN account AS a ON a.id = h.account_id
"""
_BOUNTIES = "SELECT id, hold_id FROM bounty"
_APPROVALS = "SELECT id, hold_id FROM approval"
_FILMS = "SELECT id, hold_id FROM purchase"
_APART = """
    SELECT 'film', p.id, p.state, h.state, h.captured_z
    FROM purchase AS p JOIN hold AS h ON h.id = p.hold_id
    WHERE (h.state, h.captured_z) IS NOT (CASE
        WHEN p.state IN ('asked', 'paid') THEN 'open'
        WHEN p.state = 'failed' THEN 'released' ELSE 'captured' END,
        iif(p.state IN ('queued', 'played', 'gone'), p.price_z, h.captured_z))
    UNION ALL
    SELECT 'approval', p.id, p.state, h.state, h.captured_z
    FROM approval AS p JOIN hold AS h ON h.id = p.hold_id
    WHERE h.state IS NOT CASE p.state
        WHEN 'pending' THEN 'open' WHEN 'approved' THEN 'captured' ELSE 'released' END
"""
_PLACES = """
    SELECT a.name,
        (SELECT count(*) FROM purchase AS p WHERE p.account_id = a.id AND p.state <> 'failed')
        + (SELECT count(*) FROM queue_spend_requests AS q
            WHERE q.account_id = a.id AND q.refunded_at_ms IS NULL),
        coalesce((SELECT sum(queues_used) FROM daily_activity AS d WHERE d.account_id = a.id), 0)
    FROM account AS a WHERE a.kind = 'wallet'
"""
_SOLD = """
    SELECT count(*) FILTER (WHERE h.state IN ('open', 'captured')), count(*)
    FROM shop_purchase AS p LEFT JOIN hold AS h ON h.id = p.hold_id WHERE p.item = ?
"""
_SHOP_HOLDS = "SELECT count(*) FROM hold WHERE purpose = 'announcement'"
_COLOURS = """
    SELECT a.name, v.value FROM vanity_item AS v JOIN account AS a ON a.id = v.account_id
    WHERE v.type = ?
"""
_PAID_COLOURS = """
    SELECT DISTINCT a.name, h.data ->> 'colour' FROM hold AS h
    JOIN account AS a ON a.id = h.account_id WHERE h.purpose = ? AND h.state = 'captured'
"""
_CHARGED = """
    SELECT a.name, h.trigger_id, sum(h.captured_z),
        (SELECT sum(u.amount_z) FROM wallet_usage AS u
            WHERE u.account_id = a.id AND h.trigger_id = 'spend.wallet.' || u.service),
        (SELECT sum(s.spent_z) FROM wallet_spending AS s
            WHERE s.account_id = a.id AND h.trigger_id = 'spend.wallet.' || s.service)
    FROM hold AS h JOIN account AS a ON a.id = h.account_id
    WHERE h.purpose = 'wallet' AND h.state = 'captured' GROUP BY a.name, h.trigger_id
"""
_ESCROW = "SELECT coalesce(sum(balance_z), 0) FROM account WHERE kind = 'escrow'"
_WALLETS = """
    SELECT a.name, a.lifetime_earned_z, a.lifetime_messages, a.welcome_wallet_claimed,
        coalesce((
            SELECT sum(m.amount_z) FROM transfer AS m
            WHERE m.credit_account = a.id AND m.credit_type IN (SELECT value FROM json_each(?1))
        ), 0),
        coalesce((
            SELECT count(*) FROM transfer AS m
            WHERE m.credit_account = a.id AND m.credit_type = 'welcome_wallet'
        ), 0),
        coalesce((SELECT sum(d.z_earned) FROM daily_activity AS d WHERE d.account_id = a.id), 0),
        coalesce(
            (SELECT sum(d.minutes_present) FROM daily_activity AS d WHERE d.account_id = a.id), 0
        )
    FROM account AS a WHERE a.kind = 'wallet'
"""
_TRIGGERS = """
    SELECT t.trigger_id, t.hit_count, t.total_z_awarded,
        (SELECT count(*) FROM transfer AS m
            WHERE m.credit_trigger = t.trigger_id AND m.credit_type IN
                (SELECT value FROM json_each(?1))),
        (SELECT sum(m.amount_z) FROM transfer AS m
            WHERE m.credit_trigger = t.trigger_id AND m.credit_type IN
                (SELECT value FROM json_each(?1)))
    FROM trigger_analytics AS t
"""
_COUNTED = """
    SELECT
        coalesce((SELECT value FROM service_metrics WHERE key = 'z_earned_total'), 0),
        coalesce((SELECT sum(amount_z) FROM transfer
            WHERE credit_type IN (SELECT value FROM json_each(?1))), 0)
"""


class WrongError(AssertionError):
    """The books and what was told do not agree."""


@dataclass(frozen=True, slots=True)
class Done:
    """An act that somebody was told is done."""

    request: Act[Any]
    words: Told


@dataclass(slots=True)
class _Row:
    """An operation as it stands in the books."""

    kind: str
    moved: list[Movement]


@dataclass(slots=True)
class Audit:
    """Everything known about one file."""

    done: dict[str, Done] = field(default_factory=dict)
    maybe: dict[str, list[Act[Any]]] = field(default_factory=lambda: defaultdict(list))
    """Asked for, never answered: may have been done."""
    held_by: dict[str, str] = field(default_factory=dict)
    settled_by: dict[str, str] = field(default_factory=dict)
    """Of each hold, the id of the act that used or released it."""
    banned: dict[str, set[bool]] = field(default_factory=dict)
    chatted: dict[str, list[int]] = field(default_factory=dict)
    unconfirmed: dict[str, None] = field(default_factory=dict)
    """Done, but not yet repeated in a later run."""
    committed: frozenset[str] = frozenset()
    """Ids in the books at the last look."""
    fresh_holds: set[str] = field(default_factory=set)
    swept: bool = False
    numbers: dict[str, int] = field(default_factory=dict)
    """The rounds of games by the act that has opened them."""
    rounds: RoundAudit = field(default_factory=lambda: RoundAudit(CHANNEL, DAY))
    _bids: list[PlaceBid] = field(default_factory=list)
    resumed: bool = False
    """Whether the last run came as far as to see to the rounds that were left."""
    retries: bool = False
    """Whether an asker may have asked twice before it heard: then the first to hear may hear
    that it had been done before."""

    # What was told

    def replays(self) -> list[Act[Any]]:
        """What the next run is to repeat: all that is not confirmed, all that is unknown."""
        again = [self.done[op_id].request for op_id in self.unconfirmed]
        return again + [each for many in self.maybe.values() for each in many]

    def witness(
        self, crowd: Crowd, replays: Sequence[Act[Any]], heard: list[Any], steps: int | None
    ) -> None:
        """Take what a run told, and work out what it may have done without telling."""
        self.swept, self.resumed = [SWEPT] in heard, [RESUMED] in heard
        self.fresh_holds = {hold_id for each in replays for hold_id in _owners_of_holds(each)}
        answers: dict[str, list[Done]] = defaultdict(list)
        said = [each for each in heard if len(each) == 3]
        crowd = replace(crowd, numbers=self.numbers)
        self._learn(crowd, replays, said)
        for _, index, words in (each for each in said if each[0] == REPLAY):
            self._replayed(replays[index], words)
            if was_done(words):
                answers[replays[index].op_id].append(Done(replays[index], words))
        taken = dict.fromkeys(range(ASKERS), 0)
        for asker, step, words in (each for each in said if each[0] != REPLAY):
            _check(step == taken[asker], "an asker skipped a step", asker, step)
            taken[asker] += 1
            request = crowd.request(asker, step)
            if not isinstance(request, Act):
                self._people(asker, request, words)
            elif was_done(words):
                answers[request.op_id].append(Done(request, words))
        under_way = self._under_way(crowd, taken, steps) if [LOADING] in heard else []
        asked = {each.op_id for each in under_way} | self.maybe.keys()
        for op_id, told_of in answers.items():
            self._agree(op_id, told_of, asked)
        for request in under_way:
            self._may_be_done(request)
        self._note_holds()

    def _learn(
        self, crowd: Crowd, replays: Sequence[Act[Any]], said: Sequence[Sequence[Any]]
    ) -> None:
        """Every number of a round that anybody was told; requests name rounds by them."""
        for asker, step, words in said:
            request = replays[step] if asker == REPLAY else crowd.request(asker, step)
            if isinstance(request, Act):
                self.numbers |= opens(request, words)

    def _under_way(self, crowd: Crowd, taken: dict[int, int], steps: int | None) -> list[Act[Any]]:
        """The one request of each asker that nobody was answered."""
        found = []
        for asker, step in taken.items():
            if step == steps:
                continue
            request = crowd.request(asker, step)
            if isinstance(request, Act):
                found.append(request)
            else:
                self._people(asker, request, None)
        return found

    def _replayed(self, request: Act[Any], words: Told) -> None:
        """A repetition finds what was committed, and does afresh what was not."""
        if request.op_id in self.done:
            _check(was_done(words) and was_replayed(words), "not repeated", request, words)
            self.unconfirmed.pop(request.op_id, None)
        elif request.op_id in self.committed:
            found = was_done(words) and was_replayed(words)
            other = words == ["no", "Conflict"] and len(self.maybe[request.op_id]) > 1
            _check(found or other, "committed, but not repeated", request, words)

    def _agree(self, op_id: str, told_of: list[Done], unanswered: Collection[str]) -> None:
        """All who heard of an act heard the same, and one at most did it."""
        known = self.done.get(op_id)
        firsts = [each for each in told_of if not was_replayed(each.words)]
        allowed = 0 if known is not None or op_id in self.committed else 1
        _check(len(firsts) <= allowed, "done twice", op_id, told_of)
        first = known or told_of[0]
        for each in told_of:
            same = each.words[0] == first.words[0] and each.words[2:] == first.words[2:]
            _check(same, "told differently", op_id, first, each)
        if known is None:
            explained = bool(firsts) or op_id in unanswered or self.retries
            _check(explained, "repeated, never done", op_id, told_of)
            self.done[op_id] = first
            self.unconfirmed[op_id] = None
        self.maybe.pop(op_id, None)

    def asked(self, request: Act[Any]) -> None:
        """Somebody was about to ask for this when the run ended."""
        self._may_be_done(request)
        self._note_holds()

    def _may_be_done(self, request: Act[Any]) -> None:
        if request.op_id not in self.done and request not in self.maybe[request.op_id]:
            self.maybe[request.op_id].append(request)

    def _people(self, asker: int, request: Request[Any], words: Told | None) -> None:
        match request:
            case Ban() | Unban():
                now = isinstance(request, Ban)
                _check(words in (None, ["no", "ban" if now else "free"]), "ban", request, words)
                name = str(villain_of(asker)).lower()
                before = self.banned.get(name, {False}) if words is None else set()
                self.banned[name] = before | {now}
            case RecordActivity():
                counts = self.chatted.setdefault(talker_of(asker).lower(), [0, 0])
                counts[0] += words is not None
                counts[1] += 1
            case EnsureSeeds():
                if words is not None:
                    self.rounds.seeds_told(words[2])
            case CloseBets():
                if words is not None and words[1] == "Closed":
                    self.rounds.bets_closed(request.number, words[2])
            case EndPurchases():
                _check(words in (None, ["no", "int"]), "ended", request, words)
            case _:
                raise WrongError(request)

    def _note_holds(self) -> None:
        asked = [each.request for each in self.done.values()]
        for request in (*asked, *(each for many in self.maybe.values() for each in many)):
            self.held_by |= _owners_of_holds(request)
        for op_id, done in self.done.items():
            if (hold_id := _settles(done.request, done.words)) is not None:
                before = self.settled_by.setdefault(hold_id, op_id)
                _check(before == op_id, "a hold was settled twice", hold_id, before, op_id)

    def unanswered_but_done(self) -> set[str]:
        """Acts in the books of which nobody was ever told; none may be left at the end."""
        return {op_id for op_id in self.maybe if op_id in self.committed}

    def summary(self) -> Counter[str]:
        """How much was done, and what became of the rounds that a kill has left."""
        played = [each for each in self.done.values() if type(each.request) in PLAYED]
        return Counter(
            {
                "acts": len(self.done),
                "acts of games": len(played),
                "rounds paid after a restart": self.rounds.finished_late,
                "rounds called off after one": self.rounds.called_off,
            }
        )

    # What is in the books

    def examine(
        self, books: Path, copy: Path, generation: int, *, doubtful: int = 0, last: bool = False
    ) -> None:
        """Read the books as they were left; the original stays untouched for the next run.

        ``doubtful`` is how many acts without id may have been done though nobody was told;
        ``last``: it was a run in peace, which was given the time to end what was left.
        """
        if not books.exists():
            _check(not self.done, "the books are gone", books)
            return
        shutil.rmtree(copy, ignore_errors=True)
        copy.mkdir()
        for part in ("", "-wal"):
            if Path(f"{books}{part}").exists():
                shutil.copy(f"{books}{part}", copy / f"books.db{part}")
        file = copy / "books.db"
        if not self.done and not _is_begun(file):
            return
        report = verify(file)
        _check(report.ok, "the books do not balance", report)
        reports = Reports.open(file)
        try:
            rows = _operations(reports)
            self._operations_are_known(rows)
            self._holds_are_owned(reports, rows, generation)
            self._stock_is_kept(reports)
            self._colours_are_paid(reports)
            self._films_are_paid(reports)
            self._rounds_are_played(reports, rows, last=last)
            self._counters_agree(reports, rows, doubtful)
        finally:
            reports.close()
        self.committed = frozenset(rows)

    def _operations_are_known(self, rows: dict[str, _Row]) -> None:
        unsure = (each for many in self.maybe.values() for each in many if each.op_id in rows)
        self._bids = [
            each
            for each in (*(done.request for done in self.done.values()), *unsure)
            if isinstance(each, PlaceBid)
        ]
        for op_id, done in self.done.items():
            row = rows.get(op_id)
            if row is None:
                raise WrongError("acknowledged, but not in the books", op_id, done)
            _check(row.kind == type(done.request).__name__, "another act", op_id, row)
            _check(self._is_kept(done, row.moved), "moved otherwise", op_id, done, row.moved)
        for op_id in rows.keys() - self.done.keys():
            if op_id.startswith((_SWEEP, *OF_TABLES)):
                continue
            kinds = {type(each).__name__ for each in self.maybe.get(op_id, ())}
            _check(rows[op_id].kind in kinds, "nobody asked for this", op_id, rows[op_id])

    def _is_kept(self, done: Done, moved: list[Movement]) -> bool:
        if isinstance(done.request, PresenceMinute):
            return pays_as_told(done.request, done.words, moved)
        # In what order one act moves what it moves is nobody's promise.
        wanted = movements(done.request, done.words, self.held_by, self._known_of_rounds())
        return Counter(moved) == Counter(wanted)

    def _known_of_rounds(self) -> Known:
        return Known(
            lambda number: prize_of(self._told(), number),
            lambda bid: bid_below(self._bids, bid),
        )

    def _told(self) -> Iterator[tuple[Act[Any], Told]]:
        return ((each.request, each.words) for each in self.done.values())

    def _rounds_are_played(self, reports: Reports, rows: dict[str, _Row], *, last: bool) -> None:
        by_tables = {id_: row.moved for id_, row in rows.items() if id_.startswith(OF_TABLES)}
        # On a broken disk the floor tries again later.
        resumed = self.resumed and (last or not self.retries)
        self.rounds.examine(reports, by_tables, self._told(), resumed=resumed, last=last)

    def _holds_are_owned(self, reports: Reports, rows: dict[str, _Row], generation: int) -> None:
        [(escrow_z,)] = reports.connection.execute(_ESCROW).fetchall()
        open_z = 0
        unsure = {
            _settles(each) for many in self.maybe.values() for each in many if each.op_id in rows
        }
        holds = _holds_of(reports, _BOUNTIES)
        films, approvals = _holds_of(reports, _FILMS), _holds_of(reports, _APPROVALS)
        for each in (each for many in self.maybe.values() for each in many if each.op_id in rows):
            match each:
                case ClaimBounty() | EndBounty():
                    unsure.add(holds[each.bounty_id])
                case QueueConfirmed() | QueueRefused():
                    unsure.add(films[each.purchase_id])
                case ResolveApproval():
                    unsure.add(approvals[each.approval_id])
        for hold_id, owner, amount_z, state, captured_z in reports.connection.execute(_HOLDS):
            if hold_id.startswith(_OF_ROUNDS):
                open_z += amount_z if state == "open" else 0
                continue
            _check(self.held_by.get(hold_id) == owner, "a hold without an act", hold_id, owner)
            settler = self.settled_by.get(hold_id)
            swept = rows.get(f"{_SWEEP}{hold_id}")
            endings = (settler is not None) + (swept is not None) + (hold_id in unsure)
            if state == "open":
                open_z += amount_z
                _check(endings == 0, "an open hold was settled", hold_id, settler, swept)
                fresh = f".{generation}." in hold_id or hold_id in self.fresh_holds
                # Bounties outlive a restart, and so does what these names begin with.
                fresh = fresh or hold_id in holds.values() or hold_id.startswith(_LASTING)
                _check(fresh or not self.swept, "an orphan outlived the sweep", hold_id)
            else:
                _check(endings == 1, "a hold was not settled once", hold_id, state, settler)
            if swept is not None:
                [back] = swept.moved
                _check(back[:3] == ("=escrow", owner, amount_z), "swept otherwise", hold_id, back)
                _check((state, captured_z) == ("released", 0), "swept as", hold_id, state)
        _check(escrow_z == open_z, "escrow", escrow_z, open_z)
        taken_z: Counter[str] = Counter()
        for name, trigger, *sums in reports.connection.execute(_CHARGED):
            _check(len(set(sums)) == 1, "charged, logged, counted", name, trigger, sums)
            _check(sums[0] <= CAPS.service_z, "above the service's cap", name, trigger, sums)
            taken_z[name] += sums[0]
        _check(max(taken_z.values(), default=0) <= CAPS.user_z, "above the cap", taken_z)

    def _stock_is_kept(self, reports: Reports) -> None:
        """Never more is sold than there is, whatever was killed in between."""
        counts: list[Any] = reports.connection.execute(_SOLD, (LAMP.id,)).fetchall()
        [(sold, paid)] = counts
        stock = LAMP.stock or 0
        _check(sold <= stock, "more was sold than there is", sold, stock)
        [(placed,)] = reports.connection.execute(_SHOP_HOLDS).fetchall()
        _check(paid == placed, "a purchase and its payment went apart", paid, placed)

    def _colours_are_paid(self, reports: Reports) -> None:
        """A colour and its payment stand in the same transaction."""
        owned = dict(reports.connection.execute(_COLOURS, (CHAT_COLOUR,)))
        paid = set(reports.connection.execute(_PAID_COLOURS, (PURPOSE,)))
        _check(set(owned.items()) <= paid, "a colour nobody has paid", owned, paid)
        _check({name for name, _ in paid} == owned.keys(), "paid for nothing", owned, paid)

    def _films_are_paid(self, reports: Reports) -> None:
        """A film, its payment and the place in the queue that it uses up go together."""
        apart = reports.connection.execute(_APART).fetchall()
        _check(not apart, "something and its payment went apart", apart)
        for name, counted, used in reports.connection.execute(_PLACES):
            _check(counted == used, "places in the queue", name, counted, used)

    def _counters_agree(self, reports: Reports, rows: dict[str, _Row], doubtful: int) -> None:
        """Counters stand in the same transaction as the money, so they follow it exactly."""
        earning = "[" + ",".join(f'"{name}"' for name in _EARNING) + "]"
        run = reports.connection.execute
        present, won = self._minutes(rows), net_wins(reports)
        chatted = dict.fromkeys(self.chatted, 0)
        wallets: list[Any] = run(_WALLETS, (earning,)).fetchall()
        for row in wallets:
            name, (earned_z, messages, welcomed, paid_z, welcomes, days_z, minutes) = (
                row[0],
                row[1:],
            )
            _check(paid_z == days_z, "earned today", name, paid_z, days_z)
            _check(earned_z == paid_z + won[name], "earned", name, earned_z, paid_z, won[name])
            _check(welcomed == welcomes, "welcome wallet", name, welcomed, welcomes)
            _check(minutes == present.pop(name, 0), "minutes", name, minutes)
            chatted[name] = messages
        _check(not present, "minutes of nobody", present)
        for name, (least, most) in self.chatted.items():
            heard = chatted[name]
            _check(least <= heard <= most + doubtful, "chat", name, least, heard, most)
            self.chatted[name] = [heard, heard]
        banned = {name for (name,) in run("SELECT name FROM banned_users")}
        for name, allowed in self.banned.items():
            _check((name in banned) in allowed, "ban", name, allowed)
            self.banned[name] = {name in banned}
        for trigger, hits, awarded_z, paid, paid_z in run(_TRIGGERS, (earning,)).fetchall():
            _check((hits, awarded_z) == (paid, paid_z), "trigger", trigger, hits, paid)
        [(counted_z, paid_z)] = run(_COUNTED, (earning,)).fetchall()
        _check(counted_z == paid_z, "z_earned_total", counted_z, paid_z)

    def _minutes(self, rows: dict[str, _Row]) -> dict[str, int]:
        """How many minutes each user was present, as the committed ticks say."""
        minutes: Counter[str] = Counter()
        for op_id, row in rows.items():
            if row.kind == PresenceMinute.__name__:
                known = self.done.get(op_id)
                tick = self.maybe[op_id][0] if known is None else known.request
                assert isinstance(tick, PresenceMinute), tick
                for entry in tick.entries:
                    minutes[entry.name] += entry.minutes
        return dict(minutes)


def _owners_of_holds(  # noqa: PLR0911 - one for each kind of act
    request: Act[Any],
) -> dict[str, str]:
    """The hold that this act places, and whose it is."""
    match request:
        case PlaceHold():
            return {request.hold_id: request.user.name}
        case BuyMedia():
            kind = "approval" if request.needs_approval else "queue"
            return {f"{kind}:{request.op_id}": request.user.name}
        case AskForGif():
            return {f"approval:{request.op_id}": request.user.name}
        case BuyShopItem() if request.item.effect == "announce":
            return {f"shop:{request.op_id}": request.user.name}
        case ReserveColour():
            return {hold_id_of(request.op_id): request.user.name}
        case SetAside():
            return {f"purchase:{request.op_id}": request.user.name}
        case CreateBounty():
            return {_bounty_hold(request.op_id): request.user.name}
        case Reserve():
            return {f"wallet:{request.op_id}": request.user.name}
        case _:
            return {}


def _settles(request: Request[Any], words: Told | None = None) -> str | None:
    """The hold that such an act ends; of some only what was told knows it."""
    match request:
        case (
            CaptureHold(hold_id=hold_id)
            | ReleaseHold(hold_id=hold_id)
            | SettleColour(hold_id=hold_id)
            | SettlePurchase(hold_id=hold_id)
        ):
            return hold_id
        case Finalize(reservation_id=hold_id) | Release(reservation_id=hold_id):
            return hold_id
        case ClaimBounty() | EndBounty() | ResolveApproval() if words is not None:
            return str(words[2])
        case QueueConfirmed() | QueueRefused() if words is not None:
            kind = "queue" if words[6] is None else "approval"
            return f"{kind}:{request.purchase_id}"
        case _:
            return None


def _holds_of(reports: Reports, sql: str) -> dict[Any, str]:
    return {row[0]: str(row[1]) for row in reports.connection.execute(sql)}


def _operations(reports: Reports) -> dict[str, _Row]:
    rows: dict[str, _Row] = {}
    for op_id, kind, *movement in reports.connection.execute(_MOVEMENTS):
        row = rows.setdefault(op_id, _Row(kind, []))
        if movement[0] is not None:
            row.moved.append(Movement._make(movement))
    return rows


def _is_begun(file: Path) -> bool:
    """Whether the first start came as far as the newest schema."""
    connection = apsw.Connection(str(file))
    try:
        return opening.examine(connection) == opening.SCHEMA_VERSION
    finally:
        connection.close()


def _bounty_hold(op_id: str) -> str:
    return f"bounty:{op_id}"


def _check(holds: bool, what: str, *about: object) -> None:
    if not holds:
        raise WrongError(what, *about)
