"""A toy topic: the game of the coin."""

from tests.toys.coin import Toss, Tossed

from economy_actors.handlers.answers import PmAnswer, Refused
from economy_actors.handlers.call import PmCall
from economy_actors.handlers.registry import command
from kryten_economy.commands.table import Section

__all__ = ()


@command("toss", syntax="toss <stake> heads|tails", summary="toss a coin", section=Section.GAMBLING)
async def toss(call: PmCall) -> PmAnswer:
    """One round."""
    stake_z = call.amount_at(0)
    if isinstance(stake_z, Refused):
        return stake_z
    side = call.args[1].lower() if len(call.args) == 2 else ""
    if side not in {"heads", "tails"}:
        return call.usage()
    seed = call.world.dice.next_seed()
    answer = await call.commit(
        Toss(call.op_id, call.user, stake_z, side, seed, call.now_ms, call.day)
    )
    return answer.line if isinstance(answer, Tossed) else call.refused(answer)
