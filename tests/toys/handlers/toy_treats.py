"""A toy topic: a treat by private message and by request."""

from tests.toys.treats import GiveTreat, TreatGiven

from economy_actors.handlers.answers import ApiAnswer, Done, PmAnswer
from economy_actors.handlers.call import ApiCall, PmCall
from economy_actors.handlers.registry import command, request
from kryten_economy.commands.table import Section

__all__ = ()


@command("treat", summary="three coins for you", section=Section.BASICS)
async def treat(call: PmCall) -> PmAnswer:
    """A treat for whoever asks."""
    answer = await call.commit(GiveTreat(call.op_id, call.user, call.now_ms, call.day))
    if not isinstance(answer, TreatGiven):
        return call.refused(answer)
    return f"Here you are: {answer.wallet.balance_z}"


@request("toy.treat", user=True, mutating=True, repeatable=True)
async def toy_treat(call: ApiCall) -> ApiAnswer:
    """A treat for somebody."""
    answer = await call.commit(GiveTreat(call.op_id, call.user, call.now_ms, call.day))
    if not isinstance(answer, TreatGiven):
        return call.refused(answer, call.name)
    return Done({"balance": answer.wallet.balance_z, "again": answer.replayed})
