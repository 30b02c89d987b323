"""What an asker of the books may meet instead of an answer."""

from economy_actors.runtime import AskFailed

__all__ = ("Defect", "OutcomeUnknown")


class OutcomeUnknown(AskFailed):
    """The commit failed and nobody knows what reached the disk. Ask again with the same id."""


class Defect(AskFailed):
    """The request met a defect in the books' code; nothing of it stands. See the log."""
