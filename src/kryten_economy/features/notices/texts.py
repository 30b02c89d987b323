"""Quiet mode: what it mutes and what it does not."""

__all__ = ("QUIET_HINT", "quiet_off", "quiet_on", "with_quiet_hint")


QUIET_HINT = "(PM 'quiet' to mute notices like this.)"


# `commands.md` 5: the two halves of quiet mode.
_MUTED = (
    "milestones, streaks, bridge bonus and reminder, welcome back, achievements, rank-ups,"
    " CyTube level notices, rain, event bonuses, competition awards, daily summary"
)


_NOT_MUTED = (
    "replies to your commands, tips, challenges, game results, bounties, approvals,"
    " and what admins change on your account"
)


def quiet_on(*, was_on: bool = False) -> str:
    """Quiet mode is on: what is muted, what is not, and how to undo it."""
    state = "was on already" if was_on else "is on"
    return (
        f"🔕 Quiet mode {state}.\nMuted: {_MUTED}.\n"
        f"Still sent: {_NOT_MUTED}.\nPM 'unquiet' to get everything again."
    )


def quiet_off(*, was_off: bool = False) -> str:
    """Quiet mode is off."""
    state = "was off already" if was_off else "is off"
    return f"🔔 Quiet mode {state}: you get all notices. PM 'quiet' to mute the automatic ones."


def with_quiet_hint(notice: str) -> str:
    """A notice that can be muted, with the line that says how (`commands.md` 5)."""
    return f"{notice}\n{QUIET_HINT}"
