"""What can go wrong between actors, and what to do about it."""

__all__ = (
    "ActorGone",
    "AskCycle",
    "AskExpired",
    "AskFailed",
    "Escalated",
    "MailboxFull",
    "RootFailed",
    "RuntimeFault",
)


class RuntimeFault(Exception):  # noqa: N818  # the field calls these faults
    """Base of all faults of the actor runtime."""


class MailboxFull(RuntimeFault):
    """The receiver has no room. Shed the message or wait with send()."""


class ActorGone(RuntimeFault):
    """The receiver has ended or takes no more messages. Drop its ref."""


class AskExpired(RuntimeFault):
    """No answer came before the deadline. The outcome is unknown; ask again with the same id."""


class AskFailed(RuntimeFault):
    """The receiver failed, or was stopped, before it answered. The outcome is unknown."""


class AskCycle(RuntimeFault):
    """An ask would wait for its own asker. Ask only downwards; tell upwards."""


class Escalated(RuntimeFault):
    """A child failed more often than its supervisor tolerates."""


class RootFailed(RuntimeFault):
    """The root of the tree failed. The process must end and be started afresh."""
