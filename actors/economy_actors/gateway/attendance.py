"""Who is there: joins, leaves, whole lists, ranks and AFK."""

from collections.abc import Mapping

from kryten import UserJoinEvent, UserLeaveEvent

from economy_actors.channel.messages import (
    AfkChanged,
    Joined,
    Left,
    Listed,
    ListedUser,
    RankChanged,
)
from economy_actors.gateway.events import (
    Door,
    Event,
    Nothing,
    Translated,
    Translation,
    malformed,
    payload_of,
)
from economy_actors.gateway.payloads import afk_in, listed_user, name_in, rank_in, rank_of
from kryten_economy.users import is_name

__all__ = ("Attendance",)


class Attendance:
    """Reads events about those who are in the channel."""

    def __init__(self, door: Door) -> None:
        self._door = door

    def join(self, channel: str, event: Event) -> Translation:
        """Somebody came. kryten-py can't type a rank of 1.5 and then gives the raw event."""
        at_ms = self._door.time_of(event)
        if isinstance(event, UserJoinEvent):
            rank = rank_of(event.rank)
            if rank is None or not is_name(event.username):
                return malformed("no user with name and rank")
            message = Joined(event.username, rank, afk=False, at_ms=at_ms)
        else:
            user = listed_user(payload_of(event))
            if user is None:
                return malformed("no user with name and rank")
            message = Joined(user.name, user.rank, afk=bool(user.afk), at_ms=at_ms)
        return self._door.unless_ignored(channel, message.name, message)

    def leave(self, channel: str, event: Event) -> Translation:
        """Somebody left."""
        if not isinstance(event, UserLeaveEvent) or not is_name(event.username):
            return malformed("no user name")
        message = Left(event.username, self._door.time_of(event))
        return self._door.unless_ignored(channel, message.name, message)

    def userlist(self, channel: str, event: Event) -> Translation:
        """Everybody who is there."""
        users = self.listed(payload_of(event))
        if users is None:
            return malformed("no user list")
        return Translated(channel, Listed(users, self._door.time_of(event)))

    def listed(self, entries: object) -> tuple[ListedUser, ...] | None:
        """The users of a list from an event or from the robot's store; None if it is none.

        Entries that are not users are left out; a list of nothing but such is none.
        """
        if not isinstance(entries, list):
            return None
        users = {user.name.lower(): user for user in map(listed_user, entries) if user is not None}
        if entries and not users:
            return None
        return tuple(user for user in users.values() if not self._door.live.ignores(user.name))

    def rank(self, channel: str, event: Event) -> Translation:
        """A channel rank, told after every join and at each change."""
        payload = payload_of(event)
        name, rank = name_in(payload), rank_in(payload)
        if name is None or rank is None:
            return malformed("no name and rank")
        return self._door.unless_ignored(channel, name, RankChanged(name, rank))

    def afk(self, channel: str, event: Event) -> Translation:
        """Somebody went AFK or came back."""
        return self._afk(channel, payload_of(event), payload_of(event))

    def meta(self, channel: str, event: Event) -> Translation:
        """The same in CyTube's other words; mutes and the like come this way too."""
        payload = payload_of(event)
        if not isinstance(payload, Mapping):
            return malformed("no user meta")
        if isinstance(payload.get("meta"), Mapping) and "afk" not in payload["meta"]:
            return Nothing(channel)
        return self._afk(channel, payload, payload.get("meta"))

    def _afk(self, channel: str, payload: object, flags: object) -> Translation:
        name, afk = name_in(payload), afk_in(flags)
        if name is None or afk is None:
            return malformed("no name and AFK flag")
        return self._door.unless_ignored(channel, name, AfkChanged(name, afk))
