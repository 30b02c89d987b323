"""What the person at the keyboard types: at a terminal with completion, or from a pipe.

Promises: a terminal keeps its prompt below what scrolls by; a pipe is read line by line and
needs no further package; leaving never waits for another key.
Limits: the terminal part needs prompt-toolkit, which ``kryten-economy[demo]`` brings.
"""

import asyncio
import importlib.util
import threading
from collections.abc import AsyncIterator, Callable, Iterable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, TextIO

from economy_sandbox.bus import SandboxError

if TYPE_CHECKING:
    from prompt_toolkit.completion import CompleteEvent, Completer, Completion
    from prompt_toolkit.document import Document

__all__ = ("Words", "need_prompt_toolkit", "piped_lines", "typed_lines", "undisturbed")

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
