"""What the books answer about lines of talk, for a channel whose sessions do not wait for them.

A receipt goes to the books with the request and comes back after the commit. Those of one batch
are looked at together, in one message to the channel: what was paid is measured, and whoever may
have reached something is told to look. Where nobody knows what became of a request, its session
asks again by its id.
"""

from collections.abc import Callable, Iterable, Iterator

import structlog

from economy_actors.context import World
from economy_actors.ledger.client import commit
from economy_actors.ledger.faults import Defect
from economy_actors.runtime import Ref, RuntimeFault
from economy_actors.session.achieving import may_be_due
from economy_actors.session.messages import Deed, ProgressDue, SessionMessage, Unsettled
from kryten_economy.features.presence.rules import Roster
from kryten_economy.features.chat.operations import ChatRecorded, PaidTrigger, TriggersPaid
from kryten_economy.features.presence.operations import Depart
from kryten_economy.ledger.wallet import Wallet

__all__ = ("Receipt", "Receipts", "measure")

_BUSY_DEPTH = 4

_log = structlog.get_logger("chat")


class Receipt:
    """For one deed; given to the books in place of a reply."""

    __slots__ = ("_deed", "_name", "_receipts", "_trace")

    def __init__(self, receipts: "Receipts", name: str, deed: Deed, trace: str | None) -> None:
        self._receipts = receipts
        self._name = name
        self._deed = deed
        self._trace = trace

    def send(self, answer: object) -> None:
        """It was done, or refused."""
        if isinstance(answer, ChatRecorded | TriggersPaid):
            self._receipts.answered(answer)

    def fail(self, fault: BaseException) -> None:
        """Nobody knows, or it met a defect; a line that only counts has no id to ask again by."""
        if isinstance(fault, Defect) or not (self._deed.awards or self._deed.tallies):
            self.give_up()
        else:
            self._receipts.unsettled(self._name, self._deed, self._trace)

    def give_up(self) -> None:
        """Say what is not in the books."""
        channel = self._deed.channel
        _log.warning("triggers not booked", channel=channel, user=self._name, trace=self._trace)


class Receipts:
    """Those of one channel; ``session`` finds the session of a lower-case name.

    ``call`` has the channel call `look` soon.
    """

    def __init__(
        self,
        name: str,
        world: World,
        roster: Roster,
        session: Callable[[str], Ref[SessionMessage]],
        call: Callable[[], object],
    ) -> None:
        self._name = name
        self._world = world
        self._roster = roster
        self._session = session
        self._call = call
        self._answers: list[ChatRecorded | TriggersPaid] = []
        self._lost: list[Deed] | None = None

    def issue(self, name: str, deed: Deed, trace: str | None) -> Receipt:
        """A receipt for what the session of ``name`` tells the books."""
        return Receipt(self, name, deed, trace)

    def answered(self, answer: ChatRecorded | TriggersPaid) -> None:
        """Keep an answer until the channel looks."""
        self._answers.append(answer)
        if len(self._answers) == 1 and self._lost is None:
            self._call()

    def unsettled(self, name: str, deed: Deed, trace: str | None) -> None:
        """Have the session ask again."""
        if self._lost is None:
            self._session(name).offer(Unsettled(deed), trace=trace)
        else:
            self._lost.append(deed)

    def look(self) -> None:
        """Measure what was paid, and let the paid look at what they have reached."""
        wallets: dict[str, Wallet] = {}
        for answer in self._taken():
            wallets |= _wallets(answer)
        self.rewarded(n for n, wallet in wallets.items() if may_be_due(self._world, wallet))

    async def finish(self, last: Depart) -> None:
        """The sessions have ended: have ``last`` done, and take the answers to all before it.

        Whoever has reached something now looks when he comes again.
        """
        self._lost = []
        try:
            await commit(self._world.ledger, last)
            for deed in self._lost:
                answer = await commit(self._world.ledger, deed)
                if isinstance(answer, ChatRecorded | TriggersPaid):
                    self.answered(answer)
        except RuntimeFault:
            _log.warning("last words not known to be booked", channel=self._name)
        for _ in self._taken():
            pass

    def _taken(self) -> Iterator[ChatRecorded | TriggersPaid]:
        answers, self._answers = self._answers, []
        for answer in answers:
            if not answer.replayed:
                measure(self._world, self._name, answer.paid)
            yield answer

    def rewarded(self, names: Iterable[str]) -> None:
        """Let those look at what they have reached whom somebody has paid."""
        for name in names:
            if self._roster.get(name) is None:
                continue
            session = self._session(name)
            # Who is busy looks later: the next payment or minute asks again, and a favourite of
            # the whole channel must keep room for what he says himself.
            if session.depth < _BUSY_DEPTH:
                session.offer(ProgressDue())


def measure(world: World, channel: str, paid: tuple[PaidTrigger, ...]) -> None:
    """Count what triggers have paid."""
    for each in paid:
        if each.amount_z:
            world.metrics.earned(each.amount_z)
            world.metrics.trigger(channel, each.trigger_id, each.amount_z)


def _wallets(answer: ChatRecorded | TriggersPaid) -> dict[str, Wallet]:
    """The last facts about everybody who was paid, and about who spoke."""
    last = {each.name: each.wallet for each in answer.paid if each.amount_z}
    if isinstance(answer, ChatRecorded):
        last[answer.wallet.user.name] = answer.wallet
    return last
