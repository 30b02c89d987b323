"""What people say in the channel to play, as the command it stands for."""

from collections.abc import Mapping

__all__ = ("as_command",)

_PREFIXED = frozenset(
    {"race", "trivia", "heist", "hit", "stand", "double", "predict", "bid", "raffle"}
)
"""Commands that may be said in the channel with ``!`` in front."""


def as_command(text: str, words: Mapping[str, str]) -> str | None:
    """The command a public line stands for, if any.

    ``words`` are the whole lines, in lower case, that stand for something at the moment.
    """
    line = " ".join(text.split())
    if (command := words.get(line.lower())) is not None:
        return command
    if not line.startswith("!"):
        return None
    word = line[1:].split(" ", maxsplit=1)[0].lower()
    return line[1:] if word in _PREFIXED else None
