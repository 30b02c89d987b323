"""What a command told its sender, and whether it did what was asked (`metrics.md` 4)."""

from typing import Literal, NamedTuple

__all__ = ("Result", "Told")

Result = Literal["ok", "refused", "error"]


class Told(NamedTuple):
    """The reply and the result by which the command is counted."""

    text: str
    result: Result = "ok"
