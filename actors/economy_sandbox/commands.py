"""What the robot does with the commands services send it (`wire.md` 5).

Each command is a small function of the robot and its arguments; its answer is the inner
``data`` of the reply. ``CommandError`` is what the real robot's exceptions look like outside.
Limits: the commands listed in ``COMMANDS``; others get no answer at all, as in reality.

What the person at the keyboard types: at a terminal with completion, or from a pipe.

Promises: a terminal keeps its prompt below what scrolls by; a pipe is read line by line and
needs no further package; leaving never waits for another key.
Limits: the terminal part needs prompt-toolkit, which ``kryten-economy[demo]`` brings.
"""

import asyncio
import importlib.util
import threading
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Protocol, TextIO

from economy_sandbox.filters import QUEUE
from economy_sandbox.media import Event, Playlist
from economy_sandbox.outbox import SandboxError
from economy_sandbox.room import Dressing, Room

if TYPE_CHECKING:
    from prompt_toolkit.completion import CompleteEvent, Completer, Completion
    from prompt_toolkit.document import Document

__all__ = (
    "COMMANDS",
    "CommandError",
    "Stage",
    "Words",
    "need_prompt_toolkit",
    "piped_lines",
    "typed_lines",
    "undisturbed",
)

Words = Callable[[], Iterable[str]]
"""Gives the words that may come next, anew at each call."""


async def piped_lines(source: TextIO) -> AsyncIterator[str]:
    """The lines of a stream; read in a thread that nobody waits for at the end."""
    loop = asyncio.get_running_loop()
    lines: asyncio.Queue[str | None] = asyncio.Queue()

    def deliver(line: str | None) -> None:
        # The loop may be gone: then nobody reads any more, and the thread just ends.
        if not loop.is_closed():
            loop.call_soon_threadsafe(lines.put_nowait, line)

    def read() -> None:
        for line in source:
            deliver(line.rstrip("\n"))
        deliver(None)

    threading.Thread(target=read, name="keyboard", daemon=True).start()
    while (line := await lines.get()) is not None:
        yield line


async def typed_lines(
    prompt: str, toolbar: Callable[[], str], first_words: Words, names: Words
) -> AsyncIterator[str]:
    """Lines typed at the terminal until Ctrl-C or Ctrl-D."""
    from prompt_toolkit import PromptSession  # noqa: PLC0415  # needed at a terminal only

    session: PromptSession[str] = PromptSession(
        completer=_completer(first_words, names), bottom_toolbar=toolbar, reserve_space_for_menu=4
    )
    while True:
        try:
            yield await session.prompt_async(prompt, handle_sigint=False)
        except (EOFError, KeyboardInterrupt):
            return


def need_prompt_toolkit() -> None:
    """Look whether a terminal can be served.

    Raises:
        SandboxError: it can't; the message says what to install.
    """
    if importlib.util.find_spec("prompt_toolkit") is None:
        raise SandboxError(
            "prompt-toolkit is missing. Install it with: pip install 'kryten-economy[demo]'"
        )


@contextmanager
def undisturbed() -> Iterator[None]:
    """Let printed lines scroll by above the prompt."""
    from prompt_toolkit.patch_stdout import patch_stdout  # noqa: PLC0415  # as above

    with patch_stdout(raw=True):
        yield


def _completer(first_words: Words, names: Words) -> "Completer":
    from prompt_toolkit.completion import Completer, Completion  # noqa: PLC0415  # as above

    class Completer_(Completer):  # noqa: N801 - the library's name is taken
        def get_completions(
            self, document: "Document", _complete_event: "CompleteEvent"
        ) -> "Iterator[Completion]":
            """Commands at the beginning of the line, names after an @."""
            before = document.text_before_cursor
            word = before.rsplit(" ", 1)[-1]
            if word.startswith("@"):
                choices = [f"@{name}" for name in names()]
            elif before == word:
                choices = list(first_words())
            else:
                return
            for choice in choices:
                if choice.lower().startswith(word.lower()):
                    yield Completion(choice, start_position=-len(word))

    return Completer_()


_ADMIN_RANK = 3

Args = Mapping[str, Any]
Answer = dict[str, Any]


class CommandError(ValueError):
    """The robot's handler raised; the text goes back to the asker."""


class Stage(Protocol):
    """What commands act on."""

    room: Room
    dressing: Dressing
    channel: str

    async def act(self, events: list[Event], *, typed: str | None = None) -> None:
        """Let the bot's socket get these frames; ``typed`` is the text behind a message."""
        ...

    async def act_and_show(self, event: Event) -> Answer:
        """The same for one frame, giving the envelope it was published in."""
        ...

    def throw_out(self, reason: str) -> None:
        """The server kicks the bot for what it just tried; the robot's answer is out by then."""
        ...

    async def first_answer(self) -> Event | None:
        """Wait for anybody's ``queue`` frame, or for a refusal; None if none comes in time."""
        ...

    def act_later(self, delay_s: float, events: Callable[[], list[Event]]) -> None:
        """Let the server take its time before these frames are made."""
        ...


def _name(args: Args) -> str:
    name = args.get("username") or args.get("name")
    if not name:
        raise CommandError("Missing username")
    return str(name)


def _need(args: Args, *keys: str) -> list[Any]:
    if any(args.get(key) is None for key in keys):
        raise CommandError("Missing " + " or ".join(keys))
    return [args[key] for key in keys]


async def _say(stage: Stage, args: Args) -> Answer:
    text = args.get("message") or args.get("msg")
    if not text:
        raise CommandError("Missing message")
    await stage.act(stage.room.chat(stage.room.bot.name, text), typed=text)
    return {"success": True}


async def _pm(stage: Stage, args: Args) -> Answer:
    to = args.get("username") or args.get("to")
    text = args.get("message") or args.get("msg")
    if not to or not text:
        raise CommandError("Missing username or message")
    await stage.act(stage.room.pm(stage.room.bot.name, to, text), typed=text)
    return {"success": True}


async def _add_video(stage: Stage, args: Args) -> Answer:
    room = stage.room
    delay_s = room.playlist.library.delay_of(str(args.get("id") or args.get("url")))
    if delay_s:
        stage.act_later(delay_s, lambda: _added(room, args))
        first = await stage.first_answer()
    else:
        events = _added(room, args)
        await stage.act(events)
        first = events[0] if events else await stage.first_answer()
    if first is None:
        return {"success": True, "uid": None}
    if first.name == "queueFail":
        return {"success": False, "error": first.payload["msg"], "queue_fail": first.payload}
    return {"success": True, "uid": first.payload["item"]["uid"]}


def _added(room: Room, args: Args) -> list[Event]:
    """What the server makes of it; a bad position and a missing right it does not even answer.

    The robot waits for 8 s then, and takes the next ``queue`` frame for its own, whoever
    caused it.
    """
    media_type, media_id = str(args.get("type")), str(args.get("id") or args.get("url"))
    if not room.may("playlistadd", media_type):
        return []
    if room.is_throttled and not room.bot.queue_limiter.admits(QUEUE, room.now_s()):
        text = "You are adding videos too quickly"
        return [Playlist.queue_fail(media_type, media_id, text)]
    pos, temp = args.get("pos", "end"), bool(args.get("temp", True))
    return room.playlist.queue(room.bot.name, media_type, media_id, pos=pos, temp=temp)


async def _jump(stage: Stage, args: Args) -> Answer:
    (uid,) = _need(args, "uid")
    if not isinstance(uid, str):
        # The real robot stumbles over a number and does nothing (`wire.md` 0.10).
        return {"success": False, "error": "Failed to jump to video"}
    if stage.room.may("playlistjump"):
        await stage.act(stage.room.playlist.jump(int(uid) if uid.isdigit() else uid))
    return {"success": True}


async def _set_channel_rank(stage: Stage, args: Args) -> Answer:
    name, rank = args.get("username") or args.get("name"), args.get("rank")
    if not name or rank is None:
        raise CommandError("Missing username or rank")
    await stage.act(stage.room.set_channel_rank(name, int(rank)))
    return {"success": True}


async def _ranks(stage: Stage, _args: Args) -> Answer:
    ranks = [{**rank, "channel": stage.channel} for rank in stage.room.ranks()]
    return {"ranks": await stage.act_and_show(Event("channelRanks", ranks))}


async def _banlist(stage: Stage, _args: Args) -> Answer:
    return {"banlist": await stage.act_and_show(Event("banlist", list(stage.room.bans)))}


async def _unban(stage: Stage, args: Args) -> Answer:
    name = _name(args)
    events = stage.room.unban(stage.room.bot.name, name)
    if not events:
        return {"success": False, "error": f"No active ban for '{name}'"}
    await stage.act(events)
    return {"success": True, "removed": 1}


async def _remove_emote(stage: Stage, args: Args) -> Answer:
    await stage.act(stage.dressing.remove_emote(*_need(args, "name")))
    return {"success": True}


async def _new_poll(_stage: Stage, _args: Args) -> Answer:
    # Client and robot disagree on the name of the options field (`wire.md` 9).
    raise CommandError("Missing title or options")


Handler = Callable[[Stage, Args], Awaitable[Answer]]


def _frames(act: Callable[[Stage, Args], list[Event]]) -> Handler:
    """A command that only causes frames and always succeeds."""

    async def run(stage: Stage, args: Args) -> Answer:
        await stage.act(act(stage, args))
        return {"success": True}

    return run


def _allowed(right: str, act: Callable[[Playlist, Args], list[Event]]) -> Handler:
    """The same with the playlist, where the bot's rank is high enough; else nothing happens."""
    return _frames(
        lambda stage, args: act(stage.room.playlist, args) if stage.room.may(right) else []
    )


def _for_admins(attempt: str, act: Callable[[Stage, Args], list[Event]]) -> Handler:
    """The same, which costs a bot below rank 3 its place in the channel."""
    allowed = _frames(act)

    async def run(stage: Stage, args: Args) -> Answer:
        if stage.room.bot.rank >= _ADMIN_RANK:
            return await allowed(stage, args)
        stage.throw_out(f"Attempted {attempt}")
        return {"success": True}

    return run


def _by_bot(act: Callable[[Room], Callable[[str, str], list[Event]]]) -> Handler:
    """A moderator's act of the bot on somebody who may not be there."""

    def events(stage: Stage, args: Args) -> list[Event]:
        name = _name(args)
        here = stage.room.find(name) is not None
        return act(stage.room)(stage.room.bot.name, name) if here else []

    return _frames(events)


COMMANDS: Mapping[str, Handler] = MappingProxyType(
    {
        "say": _say,
        "pm": _pm,
        "addvideo": _add_video,
        "jump": _jump,
        "rmvideo": _allowed("playlistdelete", lambda p, a: p.delete(*_need(a, "uid"))),
        "mvvideo": _allowed("playlistmove", lambda p, a: p.move(*_need(a, "from", "after"))),
        "settemp": _frames(lambda s, a: s.room.playlist.set_temp(*_need(a, "uid", "temp"))),
        "clear": _frames(lambda s, _: s.room.playlist.clear()),
        "shuffle": _frames(lambda s, _: s.room.playlist.shuffle()),
        "playNext": _frames(lambda s, _: s.room.playlist.play_next()),
        "voteskip": _frames(lambda _s, _a: []),
        "pause": _frames(lambda _s, _a: []),
        "play": _frames(lambda _s, _a: []),
        "seek": _frames(lambda _s, _a: []),
        "closePoll": _frames(lambda _s, _a: []),
        "newPoll": _new_poll,
        "kick": _by_bot(lambda room: room.kick),
        "mute": _by_bot(lambda room: room.mute),
        "smute": _by_bot(lambda room: lambda by, name: room.mute(by, name, shadow=True)),
        "ban": _frames(lambda s, a: s.room.ban(s.room.bot.name, _name(a), a.get("reason", ""))),
        "unban": _unban,
        "setMotd": _for_admins(
            "setMotd with insufficient permission",
            lambda s, a: [s.dressing.set_motd(a.get("motd", ""))],
        ),
        "setChannelCSS": _for_admins(
            "setChannelCSS as non-admin", lambda s, a: s.dressing.set_css(a.get("css", ""))
        ),
        "setChannelJS": _for_admins(
            "setChannelJS as non-admin", lambda s, a: [s.dressing.set_js(a.get("js", ""))]
        ),
        "updateEmote": _frames(lambda s, a: [s.dressing.update_emote(*_need(a, "name", "image"))]),
        "removeEmote": _remove_emote,
        "setChannelRank": _set_channel_rank,
        "requestChannelRanks": _ranks,
        "requestBanlist": _banlist,
    }
)
