"""`transactions.explain`: where a movement comes from, hidden factors included.

The bus is trusted (`admin-api.md` 2); whoever shows the answer to users must leave out the
sources that are ``hidden``, and with them ``multiplier`` and the parts carried (P-EARN-15).
"""

from economy_actors.admin.call import Call
from economy_actors.admin.envelope import Code, Done, Outcome, Refused
from economy_actors.admin.fields import Amount
from economy_actors.admin.reading import transaction_shown
from economy_actors.context import World
from economy_actors.ledger.client import query
from kryten_economy.features.history.rules import Explanation, explain
from kryten_economy.features.history.texts import rule_in_words

__all__ = ("TRANSACTION", "transactions_explain")

TRANSACTION = Amount("transaction_id", low=1, high=2**53 - 1)


async def transactions_explain(world: World, call: Call) -> Outcome:
    """The rule, base, factors, parts of coins and settings behind one movement."""
    number = call.values[TRANSACTION]
    row = await query(world.reader, lambda reports: reports.transaction(number))
    if row is None or row.channel.lower() != call.channel.lower():
        return Refused(Code.NOT_FOUND, f"There is no transaction {number} in this channel.")
    settings = world.live.settings
    why = explain(row.movement, settings)
    words = rule_in_words(row.movement, why, settings, everything=True)
    return Done(
        {
            "channel": call.channel,
            "transaction": transaction_shown(call.channel, row),
            "rule": {"id": row.trigger_id, "type": row.type, "words": words},
            **_facts(why),
        }
    )


def _facts(why: Explanation) -> dict[str, object]:
    return {
        "base": why.base,
        "minutes": why.minutes,
        "active_bonus": why.active_bonus,
        "night_bonus": why.night_bonus,
        "sources": [each._asdict() for each in why.sources],
        "multiplier": why.multiplier,
        "carried_in": why.carried_in,
        "carried": why.carried,
        "by": why.by,
        "settings": [each._asdict() for each in why.settings],
    }
