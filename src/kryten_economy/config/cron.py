"""A cron expression that is known to fire, so that no schedule can fail while running."""

import re
from datetime import UTC, datetime
from typing import Annotated

from croniter import croniter
from croniter.croniter import CroniterBadDateError
from pydantic import AfterValidator, Field

from kryten_economy.config.section import refuse

__all__ = ("Cron", "DurationHours")

_ALLOWED = "must be a cron expression of 5 fields, such as '0 20 * * 5'"
# croniter draws a time for R and H, which would be another one at each look.
_DRAWN = re.compile(r"(?<![A-Za-z])[RHrh](?![A-Za-z])")
# A leap year just ahead of this instant lets 29 February be found at once.
_START = datetime(2023, 12, 31, tzinfo=UTC)


def _fires(text: str) -> str:
    if (
        _DRAWN.search(text)
        or not (len(text.split()) == 5 or text.startswith("@"))
        or not croniter.is_valid(text)
    ):
        raise refuse(_ALLOWED)
    try:
        croniter(text, _START).get_next(datetime)
    except CroniterBadDateError as error:
        raise refuse("must be a cron expression for a date that exists") from error
    return text


Cron = Annotated[str, AfterValidator(_fires)]
DurationHours = Annotated[float, Field(gt=0, le=24 * 366)]
