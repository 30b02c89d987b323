"""The floor: a kryten-py service that does nothing but answer PMs.

It is the least any service on kryten-py can cost: a real KrytenClient with no pace of its own, a
chat handler that counts, and a PM handler that puts the reply on a queue, as the rule against
slow handlers demands (``wire.md`` 0.7). Run: ``python -m tests.benchmarks.floor --config F``.
"""

import argparse
import math
import signal
from pathlib import Path
from typing import NamedTuple

import anyio
from anyio.streams.memory import MemoryObjectReceiveStream
from kryten import ChatMessageEvent, KrytenClient, KrytenConfig

__all__ = ("main",)

_REPLY = "\N{MONEY BAG} Balance: 0 Z (Z-Coin)\n\N{WHITE MEDIUM STAR} Rank: Extra"


class _Reply(NamedTuple):
    channel: str
    username: str


async def _answer(client: KrytenClient, waiting: MemoryObjectReceiveStream[_Reply]) -> None:
    async for reply in waiting:
        await client.send_pm(reply.channel, reply.username, _REPLY)


async def _stop_on_signal(scope: anyio.CancelScope) -> None:
    with anyio.open_signal_receiver(signal.SIGTERM, signal.SIGINT) as signals:
        async for _ in signals:
            scope.cancel()


async def _serve(config: KrytenConfig, bot: str) -> None:
    client = KrytenClient(config)
    replies, waiting = anyio.create_memory_object_stream[_Reply](math.inf)
    chat_lines = 0

    async def count(_event: ChatMessageEvent) -> None:
        nonlocal chat_lines
        chat_lines += 1

    async def answer(event: ChatMessageEvent) -> None:
        if event.username.lower() != bot:
            replies.send_nowait(_Reply(event.channel, event.username))

    client.on("chatmsg")(count)
    client.on("pm")(answer)
    async with client, anyio.create_task_group() as tasks:
        tasks.start_soon(_answer, client, waiting)
        tasks.start_soon(_stop_on_signal, tasks.cancel_scope)
    replies.close()
    waiting.close()


def main() -> None:
    """Serve until SIGTERM."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--config", type=Path, required=True)
    parser.add_argument("--bot", default="ZCoinBot")
    given = parser.parse_args()
    anyio.run(_serve, KrytenConfig.from_json(str(given.config)), given.bot.lower())


if __name__ == "__main__":
    main()
