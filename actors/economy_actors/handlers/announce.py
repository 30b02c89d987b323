"""An operator's text in the channel: no template, no gate, no deduplication."""

from economy_actors.handlers.answers import ApiAnswer, Code, Done, Failed, PmAnswer, Refused
from economy_actors.handlers.call import ApiCall, Call, PmCall
from economy_actors.handlers.fields import Text
from economy_actors.handlers.registry import command, request
from economy_actors.outbox.message import Line, LineKind
from kryten_economy.commands import texts
from kryten_economy.commands.table import Section
from kryten_economy.refusals import Busy
from kryten_economy.text.clean import public_parts

__all__ = ()

MESSAGE = Text("message", most=2_000, required=True, cleaned=False)


@command(
    "announce",
    syntax="announce <text>",
    summary="post a text in the channel",
    section=Section.ADMIN,
)
async def announce_by_pm(call: PmCall) -> PmAnswer:
    """In how many lines it goes out."""
    lines = _announce(call, call.parsed.text())
    if isinstance(lines, int):
        return texts.announced(lines) if lines else call.usage()
    return lines


@request("announce", MESSAGE, mutating=True)
async def announce(call: ApiCall) -> ApiAnswer:
    """Whether it was taken."""
    lines = _announce(call, call.field(MESSAGE))
    if isinstance(lines, int):
        if not lines:
            return Refused(Code.INVALID_REQUEST, "message is required")
        return Done({"channel": call.channel, "sent": True})
    return lines


def _announce(call: Call, text: str) -> int | Refused | Failed:
    """Hand the text to the outbox as it is; in so many lines, 0 if nothing visible is left."""
    lines = len(public_parts(text, call.settings.messages.max_length))
    if not lines:
        return 0
    line = Line(text, kind=LineKind.ADMIN, dedup=False, trace=call.trace)
    taken = call.world.outboxes[call.channel].offer(line, trace=call.trace)
    return lines if taken else call.refused(Busy())
