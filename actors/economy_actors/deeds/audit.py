"""The audit log: every admin act with who, where, what and how it ended (`commands.md` 4)."""

import structlog

from economy_actors.context import World
from economy_actors.ledger.messages import Commit
from kryten_economy.ledger.records import Audit
from kryten_economy.text.clean import user_text
from kryten_economy.text.lengths import clip

__all__ = ("audit",)

_ARGUMENTS_UNITS_MAX = 2_000
_RESULT_UNITS_MAX = 500

_log = structlog.get_logger("audit")


def audit(
    world: World, *, channel: str, admin: str, command: str, arguments: str, result: str
) -> None:
    """Add a line; ``channel`` is "" for what concerns the whole service.

    Nobody waits for it: it is committed after the act it tells of, and money rows name the
    admin themselves. ``arguments`` must hold no secrets.
    """
    line = Audit(
        at_ms=world.clock.now_ms(),
        admin=clip(user_text(admin), 100),
        channel=channel,
        command=command,
        arguments=clip(user_text(arguments), _ARGUMENTS_UNITS_MAX),
        result=clip(user_text(result), _RESULT_UNITS_MAX),
    )
    _log.info("admin act", admin=line.admin, channel=channel, command=command)
    if not world.ledger.offer(Commit(line)):
        world.metrics.error("admin")
        _log.error("audit line lost from the books", line=line)
