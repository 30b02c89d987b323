"""Whether the service and its parts work, for those who run it."""

import anyio
from starlette.exceptions import HTTPException
from starlette.responses import Response

from economy_actors.exporter import check_health
from economy_actors.pages.registry import Who, page
from economy_actors.pages.view import View
from kryten_economy.features.panic import in_words
from kryten_economy.text.templates import duration, uptime

__all__ = ()

_CHECK_WITHIN_S = 3.0


@page("/op/health", who=Who.OPERATOR, nav="Health", at=64, group="Numbers")
async def health(view: View) -> Response:
    """What a probe is told, and what of the metrics tells where it is stuck."""
    context = view.context
    try:
        with anyio.fail_after(_CHECK_WITHIN_S):
            found = await check_health(context)
    except TimeoutError:
        raise HTTPException(503, "The service is too busy to look at itself.") from None
    away = set(context.robots_away())
    waiting = context.metrics.outbox_depths()
    backup_s = context.metrics.backup_age_s()
    tick_s = found.last_tick_age_seconds
    boxes = sorted(context.metrics.mailboxes().items(), key=lambda each: (-each[1][0], each[0]))
    return view.show(
        "op/health.html",
        health=found,
        # Who is frozen elsewhere, and why, is for the operators there.
        stopped=[in_words(each) for each in context.halts[view.channel].value],
        uptime=uptime(int(found.uptime_seconds)),
        tick="" if tick_s is None else duration(int(tick_s)),
        backup="" if backup_s is None else duration(int(backup_s)),
        commits=context.metrics.commit_times(),
        channels=[
            (name, name in away, context.population.get(name, 0), waiting.get(name, 0))
            for name in context.channels
        ],
        mailboxes=boxes,
    )
