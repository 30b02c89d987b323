"""Taking one's own data along: everything that refers to one's account, as JSON or CSV.

It is written into a file without a name first, in the thread of a reading connection, and then sent
as fast as it is read: a slow visitor keeps no connection to the books. One is made at a time.
"""

import tempfile
from collections.abc import AsyncIterator, Iterator
from contextlib import closing, contextmanager
from io import TextIOWrapper
from time import monotonic
from typing import IO, Final

from starlette.exceptions import HTTPException
from starlette.responses import Response, StreamingResponse

from economy_actors.messages.ledger import query
from economy_actors.pages.registry import Who, page
from economy_actors.pages.view import View
from economy_actors.runtime import RuntimeFault
from kryten_economy.features.people.exporting import own_data, write_csv, write_json
from kryten_economy.features.reports.queries import Reports

__all__ = ()

_PIECE_BYTES: Final = 64 * 1024
_MADE_WITHIN_S: Final = 30.0
_STEPS: Final = 200_000
"""So many steps of SQLite are some milliseconds."""


@page("/me/data.json", who=Who.MEMBER)
async def as_json(view: View) -> Response:
    """One object with a list of rows per table."""
    return await _sent(view, "json", "application/json")


@page("/me/data.csv", who=Who.MEMBER)
async def as_csv(view: View) -> Response:
    """A line per value."""
    return await _sent(view, "csv", "text/csv; charset=utf-8")


async def _sent(view: View, form: str, kind: str) -> Response:
    user, settings, now_ms, downloads = view.user, view.settings, view.now_ms, view.site.downloads
    if downloads.wait_ms(user, now_ms):
        text = "Your data has just been put together. Try again in half a minute."
        raise HTTPException(429, text)
    if downloads.is_busy:
        raise HTTPException(503, "Somebody else takes their data along right now. Try again soon.")

    def write(reports: Reports) -> IO[bytes]:
        file = tempfile.TemporaryFile("w+b")  # noqa: SIM115 - closed when it has been sent
        try:
            text = TextIOWrapper(file, encoding="utf-8", newline="")
            with _in_time(reports), closing(own_data(reports, user, settings)) as rows:
                if form == "csv":
                    write_csv(rows, text)
                else:
                    write_json(rows, user.name, now_ms, text)
            text.detach()
            file.seek(0)
        except BaseException:
            file.close()
            raise
        return file

    downloads.is_busy, downloads.taken[user] = True, now_ms
    try:
        file = await query(view.context.reader, write, timeout_s=_MADE_WITHIN_S + 5)
    except RuntimeFault:
        raise HTTPException(503, "The books are busy right now. Try again soon.") from None
    finally:
        downloads.is_busy = False
    name = f"economy-{user.name}-{view.day}.{form}"
    headers = {"content-disposition": f'attachment; filename="{name}"'}
    return StreamingResponse(_pieces(file), media_type=kind, headers=headers)


async def _pieces(file: IO[bytes]) -> AsyncIterator[bytes]:
    with file:
        while piece := file.read(_PIECE_BYTES):
            yield piece


@contextmanager
def _in_time(reports: Reports) -> Iterator[None]:
    """Let a statement be interrupted that takes too long; the thread is needed by others."""
    end_s = monotonic() + _MADE_WITHIN_S
    connection = reports.connection
    connection.set_progress_handler(lambda: monotonic() > end_s, _STEPS, id=write_json)
    try:
        yield
    finally:
        connection.set_progress_handler(None, id=write_json)
