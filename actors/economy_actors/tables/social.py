"""The tables of predictions, raffles and auctions: they keep time, and tell how it has ended.

What happens in between happens in the books, by the players' sessions; a table is told to look,
and reads there what has changed. So after a restart it goes on from what the books say.
"""

import json
from abc import abstractmethod
from dataclasses import dataclass
from typing import assert_never

import structlog

from economy_actors.context import Context
from economy_actors.messages.ledger import commit
from economy_actors.messages.tables import PlayerGone
from economy_actors.outbox.message import Pm, Priority
from economy_actors.tables.kit import RoundTable, table, tell_player
from kryten_economy.features.games import social_texts as texts
from kryten_economy.features.games import texts as game_texts
from kryten_economy.features.games.auction import AuctionOver, CloseAuction
from kryten_economy.features.games.prediction import pools
from kryten_economy.features.games.raffle import RAFFLE
from kryten_economy.features.games.rules import GAMES, Stake
from kryten_economy.features.games.tables import Cancelled, Finished, OpenRow
from kryten_economy.ledger.wallet import Wallet
from kryten_economy.refusals import NotPending, ReadOnly

__all__ = (
    "AuctionTable",
    "Look",
    "PredictionTable",
    "RaffleTable",
    "tell_cancelled",
    "tell_wallet",
)

_BIDS_EVERY_S = 15.0

_log = structlog.get_logger("tables")


@dataclass(frozen=True, slots=True)
class Look:
    """Something of the round has changed in the books."""


@dataclass(frozen=True, slots=True)
class _Due:
    """Time has come; ``at_s`` is the timer's own, of which only the last one counts."""

    at_s: float


Message = Look | PlayerGone | _Due


class TimedTable(RoundTable[Message]):
    """A round that goes on by the clock; after every message the books are read anew."""

    def __init__(self, context: Context, channel: str, number: int) -> None:
        super().__init__(context, channel, number)
        self._timer_s: float | None = None

    async def started(self) -> None:
        """Go on where the round stands."""
        row = await self.read_round()
        if row is not None:
            self.resumed(row)
        self.after(0.0, Look())

    async def receive(self, message: Message) -> None:
        """See what is to be done now."""
        match message:
            case Look() | PlayerGone():
                await self._look()
            case _Due(at_s):
                if at_s == self._timer_s:
                    self._timer_s = None
                    await self._look()
            case _:
                assert_never(message)

    async def _look(self) -> None:
        row = await self.read_round()
        if row is None or row.state not in {"open", "drawn"}:
            self.over()
        elif row.state == "drawn":
            await self.pay()
        else:
            await self.go_on(row)

    def resumed(self, row: OpenRow) -> None:
        """A table has taken the round over, new or after a restart."""

    @abstractmethod
    async def go_on(self, row: OpenRow) -> None:
        """What is due in an open round, and `wake` for what comes next."""

    async def pay(self) -> None:
        """Settle a drawn round, and tell."""
        finished = await self.finish()
        if isinstance(finished, Finished):
            self.tell(finished)
        self.over()

    def tell(self, finished: Finished) -> None:
        """How it has ended: in the channel, and each player in private."""

    def wake(self, at_ms: int) -> None:
        """Look again at this time of the wall clock."""
        wait_s = max(0.001, self.left_s(at_ms))
        due_s = self.now_s() + wait_s
        if self._timer_s is None or due_s < self._timer_s:
            self._timer_s = due_s
            self.after(wait_s, _Due(due_s))

    def left_s(self, at_ms: int) -> float:
        """How long it is until then."""
        return (at_ms - self.context.clock.now_ms()) / 1000

    @property
    def symbol(self) -> str:
        """The sign of the currency."""
        return self.settings.currency.symbol

    async def give_all_back(self, reason: str, line: str) -> None:
        """Call the round off, and tell."""
        cancelled = await self.call_off(reason)
        if isinstance(cancelled, Cancelled):
            self.announce(line)
            tell_cancelled(self.context, cancelled)
        self.over()

    def announce(self, line: str) -> None:
        """In the channel, unless this game is not to be heard there."""
        if self.is_public:
            self.say([line])

    @property
    @abstractmethod
    def is_public(self) -> bool:
        """Whether the channel hears of this game."""


@table("prediction")
class PredictionTable(TimedTable):
    """Closes the bets, pays when somebody has said what came true, or gives all back in the end."""

    def __init__(self, context: Context, channel: str, number: int) -> None:
        super().__init__(context, channel, number)
        self._closed_is_told = False

    @property
    def is_public(self) -> bool:
        """`gambling.prediction.announce_public`."""
        return self.settings.gambling.prediction.announce_public

    def resumed(self, row: OpenRow) -> None:
        """Bets that were closed before are not closed again."""
        self._closed_is_told = self.left_s(row.end_ms) <= 0

    async def go_on(self, row: OpenRow) -> None:
        """Close the bets at their end; much later nobody waits for an answer any more."""
        if self.left_s(row.end_ms) > 0:
            self.wake(row.end_ms)
            return
        void_at_ms = row.end_ms + row.terms["void_s"] * 1000
        if self.left_s(void_at_ms) <= 0:
            await self.give_all_back("Not settled in time", texts.called_off_line("prediction"))
            return
        if not self._closed_is_told:
            self._closed_is_told = True
            on = pools(row.terms, await self.read_stakes())
            self.announce(texts.closed_line(row.terms, on, self.symbol))
        self.wake(void_at_ms)

    def tell(self, finished: Finished) -> None:
        """Who was right."""
        drawn, players = json.loads(finished.outcome), finished.players
        outcome = drawn["outcome"]
        right = [each for each in players if json.loads(each.data)["outcome"] == drawn["won"]]
        pool_z = sum(each.stake_z for each in players)
        paid_z = sum(each.payout_z for each in right)
        self.announce(texts.prediction_over(outcome, len(right), pool_z, paid_z, self.symbol))
        for each in players:
            money = (each.stake_z, each.payout_z, each.wallet.balance_z)
            tell_player(self.context, each, texts.prediction_own(outcome, *money, self.symbol))


@table("raffle")
class RaffleTable(TimedTable):
    """Draws a ticket when the time is over."""

    @property
    def is_public(self) -> bool:
        """`gambling.raffle.announce_public`."""
        return self.settings.gambling.raffle.announce_public

    async def go_on(self, row: OpenRow) -> None:
        """Draw at the end, if enough take part."""
        if self.left_s(row.end_ms) > 0:
            self.wake(row.end_ms)
            return
        players, least = len(await self.read_stakes()), RAFFLE.least(row.terms)
        if players < least:
            line = texts.raffle_too_few(players, least)
            await self.give_all_back("Too few for the raffle", line)
        elif isinstance(await self.draw(), NotPending):
            # Somebody has left since they were counted, or it is over.
            self.after(0.0, Look())
        else:
            await self.pay()

    def tell(self, finished: Finished) -> None:
        """Whose ticket it was."""
        drawn, number, symbol = json.loads(finished.outcome), self.number, self.symbol
        winner = next(each for each in finished.players if each.wallet.user.name == drawn["winner"])
        shown = winner.wallet.display_name
        tickets = (drawn["ticket"], drawn["tickets"])
        self.announce(texts.raffle_over(shown, winner.payout_z, *tickets, number, symbol))
        for each in finished.players:
            money = (each.stake_z, each.payout_z, each.wallet.balance_z)
            tell_player(self.context, each, texts.raffle_own(shown, *money, number, symbol))


@table("auction")
class AuctionTable(TimedTable):
    """Says who bids, several bids in one line, and sells when the time is over."""

    def __init__(self, context: Context, channel: str, number: int) -> None:
        super().__init__(context, channel, number)
        self._told_z = 0
        self._next_line_at_s = 0.0

    @property
    def is_public(self) -> bool:
        """`gambling.auction.announce_public`."""
        return self.settings.gambling.auction.announce_public

    async def go_on(self, row: OpenRow) -> None:
        """Sell at the end; until then tell the highest bid from time to time."""
        if self.left_s(row.end_ms) <= 0:
            await self._close(row)
            return
        self.wake(row.end_ms)
        top = next(iter(await self.read_stakes()), None)
        if top is not None and top.stake_z != self._told_z:
            self._tell_bid(row, top)

    def _tell_bid(self, row: OpenRow, top: Stake) -> None:
        wait_s = self._next_line_at_s - self.now_s()
        if wait_s > 0:
            self.wake(self.context.clock.now_ms() + int(wait_s * 1000) + 1)
            return
        self._told_z = top.stake_z
        self._next_line_at_s = self.now_s() + _BIDS_EVERY_S
        self.announce(texts.bid_line(top, self.left_s(row.end_ms), self.symbol))

    async def _close(self, row: OpenRow) -> None:
        over = await self._answered(self._ask_to_close)
        if isinstance(over, AuctionOver):
            self._tell_over(row, over)
        self.over()

    async def _ask_to_close(self) -> AuctionOver | NotPending | ReadOnly:
        at_ms = self.context.clock.now_ms()
        day = self.context.live.calendar.day(at_ms)
        op_id = f"close:{self.channel}:{self.number}"
        request = CloseAuction(op_id, self.channel, self.number, at_ms, day)
        answer: object = await commit(self.context.ledger, request)
        return answer if isinstance(answer, AuctionOver | ReadOnly) else NotPending()

    def _tell_over(self, row: OpenRow, over: AuctionOver) -> None:
        thing, symbol, buyer = row.terms["thing"], self.symbol, over.buyer
        if buyer is None or over.returned:
            self.announce(texts.bids_none(thing))
            if buyer is not None:
                back = (buyer.stake_z, buyer.wallet.balance_z)
                tell_player(self.context, buyer, texts.auction_back_pm(*back, symbol))
            return
        shown, price_z = buyer.wallet.display_name, buyer.stake_z
        seller = "" if over.seller is None else over.seller.display_name
        self.announce(texts.auction_over(thing, shown, price_z, self.number, symbol))
        bought = texts.bought_pm(thing, price_z, seller, buyer.wallet.balance_z, symbol)
        tell_player(self.context, buyer, bought)
        if over.seller is not None:
            sold = texts.sold_pm(thing, price_z, shown, over.seller.balance_z, symbol)
            tell_wallet(self.context, over.seller, sold)


def tell_cancelled(context: Context, cancelled: Cancelled) -> None:
    """Everybody hears that their own money is back."""
    symbol, title = context.live.settings.currency.symbol, GAMES[cancelled.game].title
    for each in cancelled.players:
        text = game_texts.called_off(title, each.stake_z, each.wallet.balance_z, symbol)
        tell_player(context, each, text)
    if cancelled.giver is not None:
        text = texts.prize_back_pm(cancelled.prize_z, cancelled.giver.balance_z, symbol)
        tell_wallet(context, cancelled.giver, text)


def tell_wallet(context: Context, wallet: Wallet, text: str) -> None:
    """A private message about somebody's money in a round in which they have no stake."""
    channel = wallet.user.channel
    pm = Pm(to=wallet.display_name, text=text, priority=Priority.RESULT, merge=True)
    if not context.outboxes[channel].offer(pm):
        _log.warning("result not told", channel=channel, user=wallet.display_name)
