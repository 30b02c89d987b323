"""Reading from web servers whose answers nobody vouches for.

Promises: no cookies are kept, no proxy of the environment is used, and no answer is read further
than its reader allows. Limits: aiohttp needs the asyncio backend; how long anything may take is
the caller's to say with each request.
"""

import aiohttp

__all__ = ("EndlessAnswerError", "read_body", "web_session")


class EndlessAnswerError(Exception):
    """An answer is longer than any good one."""


def web_session(connections: int, *, unpack: bool = False) -> aiohttp.ClientSession:
    """Connections to a server; what is packed might be endless once it is unpacked."""
    return aiohttp.ClientSession(
        connector=aiohttp.TCPConnector(limit=connections),
        cookie_jar=aiohttp.DummyCookieJar(),
        trust_env=False,
        auto_decompress=unpack,
    )


async def read_body(response: aiohttp.ClientResponse, most: int) -> bytes:
    """The whole answer.

    Raises:
        EndlessAnswerError: it has more than ``most`` bytes.
    """
    body = bytearray()
    async for part in response.content.iter_any():
        body += part
        if len(body) > most:
            raise EndlessAnswerError("an answer without end")
    return bytes(body)
