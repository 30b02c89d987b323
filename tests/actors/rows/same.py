"""The rows of a table once more, another way: each step must leave behind what it left by PM.

Two channels begin alike, with the same clock and the same chance; what somebody says by PM in the
one is sent by them from a page in the other. Noted is all that a step leaves behind: the answer,
how it was counted, what was booked, every account, the audit log, and what others are told.
"""

import re
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from typing import Any, Final

import anyio
import httpx
from starlette.responses import HTMLResponse, Response
from tests.actors.api.helpers import Api
from tests.actors.house import CHANNEL, START_MS, House
from tests.actors.pages.browser import ORIGIN, Browser, Form, Pages
from tests.actors.rows.walk import File, Never, Row, Step, Wait, balances

from economy_actors.outbox.message import Pm, Priority
from economy_actors.pages.registry import Who, form, page
from economy_actors.pages.view import View

__all__ = (
    "Ask",
    "Seen",
    "Visitors",
    "by_pm",
    "differences",
    "register_any_command",
    "steps",
    "visitors",
)

Say = Callable[[str, str], Awaitable[str]]
"""How somebody says something; what they are answered."""
Ask = Callable[[str, Step], Awaitable[str]]
"""How the request of a row's step is asked; its whole answer."""

CODE_S: Final = re.compile(r"confirm(?:s it:)? (\d+)")
BEGINS_S: Final = 3
_SAID_ELSEWHERE: Final = (
    ("on the pages", "by PM"),
    ('"origin": "key"', '"origin": "api"'),
    (f"wallet:key:{CHANNEL}:boss:", "wallet:api:"),
)
"""What tells the ways apart, as it stands in answers."""
HOW: Final = re.compile(
    r"Reply with a number to queue:|Found:"
    r"| Reply YES within [\w ]+\.| Your answer is awaited for [\w ]+\."
    r"| Say YES to buy it\.| Do you want to buy it\?|\nSay YES\."
    r"| Reply with 'confirm \d+' to do it\.| The code that confirms it: \d+\."
    r"| Say (?:hit, stand or double|hit or stand)\."
    r"|PM 'race <amount> <colour>' to bet, at least|A bet is at least"
    r"| 'heist <wager>'\.| Start one with 'heist <wager>'\.| 'blackjack <wager>' deals one\."
    r"| Start a round with 'trivia <wager>'\.| 'set_rank @user auto' ends it sooner\."
    r"| 'audit' shows (?:all acts|the last ones)\."
    r"|\sPM '[a-z ]+' (?:for|to|with) [a-z ]+\.| PM 'config history' for all\."
)
"""How a PM says what to send back, and what a page with its buttons says in its place."""
BY_PM: Final = re.compile(
    r"\bPM\b|\b[Rr]eply\b|\b[Ss]ay (?:YES|hit|stand|accept|decline)\b|\bYES\b"
)
"""What no page says to who has sent a form."""
ONLY_BY_PM: Final = {"about", "help", "shop", "shop_items", "version"}
"""Commands that no form of a page sends; it shows what they tell in its own way."""
_VARIES: Final = re.compile(
    r"up \d+h \d+m \d+s|\"uptime_(?:seconds|human)\": [^,\n]+"
    r"|ke[-_]live[-_]\w{8}[-_]\w{40}|^[a-z0-9]{8}(?=: )",
    re.MULTILINE,
)
BEAT_MS: Final = 500
_BOOKED = """
    SELECT created_at_ms, from_account.name, to_account.name, amount_z, debit_type, debit_trigger,
        credit_type, credit_trigger, reason, related_user, metadata
    FROM transfer
    JOIN account AS from_account ON from_account.id = debit_account
    JOIN account AS to_account ON to_account.id = credit_account
    WHERE transfer.id > ? ORDER BY transfer.id
"""
_AUDIT = """
    SELECT at_ms, origin, admin, channel, command, arguments, result, done, about, reason,
        before, after, undoable, final, root, undoes
    FROM audit_log WHERE id > ? ORDER BY id
"""


@dataclass(frozen=True, slots=True)
class Seen:
    """What a step has left behind; ``origins`` are those of its lines in the audit log."""

    step: str
    answer: str
    counted: dict[str, float]
    accounts: dict[tuple[str, str], int]
    booked: list[tuple[Any, ...]]
    audit: list[tuple[Any, ...]]
    told: Counter[str]
    times: list[int]
    origins: list[str] = field(compare=False)


def steps(rows: Iterable[Row]) -> list[tuple[str, Step | Wait | File]]:
    """All steps one after the other, with the names of their rows."""
    return [
        (row.name, each)
        for row in rows
        for step in row.steps
        for each in (step.shown if isinstance(step, Never) else (step,))
    ]


_COMPARED = ("step", "answer", "counted", "accounts", "booked", "audit", "told")


def differences(one: Sequence[Seen], other: Sequence[Seen], *, is_timed: bool) -> list[str]:
    """In what the same steps differ."""
    assert len(one) == len(other)
    return [
        f"{mine.step}: {name}: {getattr(mine, name)!r} is not {getattr(theirs, name)!r}"
        for mine, theirs in zip(one, other, strict=True)
        for name in (*_COMPARED, *(["times"] if is_timed else []))
        if getattr(mine, name) != getattr(theirs, name)
    ]


async def note(
    it: Api, rows: Iterable[Row], say: Say, ask: Ask | None = None, *, is_timed: bool
) -> list[Seen]:
    """Try all steps, and note what each has left behind.

    Where ``is_timed`` they begin at the same moments, so that the times written down are the same.
    """
    seen = []
    if is_timed:
        await anyio.sleep(BEGINS_S - (it.house.now_ms - START_MS) / 1000)
    for name, step in steps(rows):
        if is_timed:
            await anyio.sleep(-it.house.now_ms % BEAT_MS / 1000)
        match step:
            case Wait(seconds):
                await anyio.sleep(seconds)
                await it.house.settle()
            case File(text):
                path = it.house.context.live.path
                assert path is not None
                path.write_text(text, encoding="utf-8")
            case Step():
                seen.append(await _noted(it.house, name, step, say, ask))
    return seen


async def _noted(h: House, name: str, step: Step, say: Say, ask: Ask | None) -> Seen:
    who, _, text = step.said.partition(": ")
    transfers, lines, counted = _last(h, "transfer"), _last(h, "audit_log"), _counted(h)
    heard = len(h.heard)
    if step.said:
        answer = await say(who, text)
    else:
        assert ask is not None, step
        answer = await ask(name, step)
        await h.settle()
    assert re.search(step.answer, answer), (step, answer)
    told = Counter(
        f"{type(each).__name__} {getattr(each, 'to', '')}: {getattr(each, 'text', each)}"
        for each in h.heard[heard:]
        if not _is_answer(each, who, answer)
    )
    audit = h.report(lambda reports: reports.sql.rows(_AUDIT, lines))
    booked = h.report(lambda reports: reports.sql.rows(_BOOKED, transfers))
    return Seen(
        step.said or f"{step.command or name} {step.fields}",
        _plain(answer),
        {key: value for key, value in _counted(h).items() if value != counted.get(key, 0.0)},
        balances(h),
        [each[1:] for each in booked],
        [tuple(map(_plain, line[2:])) for line in audit],
        told,
        [each[0] for each in (*booked, *audit)],
        [line[1] for line in audit],
    )


def _plain(value: Any) -> Any:
    """Without what tells the ways apart, how long the process has run, and what is secret."""
    if not isinstance(value, str):
        return value
    for theirs, ours in _SAID_ELSEWHERE:
        value = value.replace(theirs, ours)
    value = HOW.sub("", value)
    return _VARIES.sub("", value)


def _is_answer(message: object, who: str, answer: str) -> bool:
    return (
        isinstance(message, Pm)
        and message.priority is Priority.REPLY
        and message.to.lower() == who.lower()
        and message.text == answer
    )


def _last(h: House, table: str) -> int:
    query = f"SELECT coalesce(max(id), 0) FROM {table}"  # noqa: S608  # a name of our own
    rows = h.report(lambda reports: reports.sql.rows(query))
    last: int = rows[0][0]
    return last


def _counted(h: House) -> dict[str, float]:
    """How all commands have ended so far."""
    [family] = [
        each for each in h.context.metrics.registry.collect() if each.name == "economy_pm_commands"
    ]
    return {
        f"{each.labels['command']} {each.labels['result']}": each.value
        for each in family.samples
        if each.name.endswith("_total")
    }


# By PM


def by_pm(h: House) -> Say:
    """Say it in private."""

    async def say(who: str, text: str) -> str:
        if "{code}" in text:
            text = text.replace("{code}", CODE_S.findall(h.pms(who)[-1])[-1])
        before = len(h.pms(who))
        await h.pm(who, text)
        for _ in range(20):
            if len(h.pms(who)) > before:
                break
            await h.settle()
        return h.pms(who)[-1]

    return say


# By page


def register_any_command() -> None:
    """A page with a form for any command, acting as all pages do."""

    @page("/me/any", who=Who.MEMBER)
    async def any_page(view: View) -> Response:
        template = view.site.templates.from_string(
            '{% extends "layout.html" %}{% block content %}{% call forms.form("/me/any") %}'
            '<input name="command"><input name="text">{% endcall %}{% endblock %}'
        )
        return HTMLResponse(template.render(view=view))

    @form("/me/any")
    async def any_command(view: View) -> Response:
        answer = await view.act(view.form["command"], text=view.form["text"])
        return view.answered(answer, back="/me/any")


@dataclass(slots=True)
class Visitors:
    """Everybody with a browser of their own, signed in."""

    here: Pages
    browsers: dict[str, Browser] = field(default_factory=dict)

    async def say(self, who: str, text: str) -> str:
        """Send it as a form; an answer to a question is given by the question's own buttons."""
        browser = self.browsers[who]
        command, _, rest = text.partition(" ")
        if command == "confirm" or command.isdecimal() or command == "YES":
            await self._reply(browser, command, rest)
        else:
            await browser.get("/me/any")
            await browser.send("/me/any", command=command, text=rest)
        await self.here.house.settle()
        refused = 'class="note bad' in browser.page.text
        assert browser.page.status_code == (422 if refused else 200), (who, text, browser.text)
        if command not in ONLY_BY_PM:
            assert not BY_PM.search(browser.said), (text, browser.said)
        return browser.said

    async def _reply(self, browser: Browser, command: str, rest: str) -> None:
        if command == "confirm":
            [asked] = [each for each in browser.forms if each.fields.get("say") == "confirm"]
            code = CODE_S.findall(browser.said)[-1] if rest == "{code}" else rest
            fields = asked.fields | {"code": code}
        else:
            asked, pressed = _button(browser.forms, command.lower())
            fields = asked.fields | dict([pressed])
        await browser.post(asked.action.removeprefix(browser.url("")), fields)


def _button(forms: Iterable[Form], value: str) -> tuple[Form, tuple[str, str]]:
    [found] = [
        (each, button) for each in forms for button in each.buttons if button == ("say", value)
    ]
    return found


@asynccontextmanager
async def visitors(here: Pages, names: Iterable[str]) -> AsyncIterator[Visitors]:
    """Sign all of them in, each from an address of their own."""
    async with AsyncExitStack() as stack:
        them = Visitors(here)
        for number, name in enumerate(sorted(names), 1):
            transport = httpx.ASGITransport(
                here.transport.app, raise_app_exceptions=False, client=(f"192.0.2.{number}", 1)
            )
            client = await stack.enter_async_context(
                httpx.AsyncClient(transport=transport, base_url=ORIGIN, follow_redirects=True)
            )
            them.browsers[name] = Browser(here.house, client, CHANNEL)
            await them.browsers[name].sign_in(name)
            assert "/me/" in str(them.browsers[name].page.url), them.browsers[name].text
        yield them


def speakers(rows: Iterable[Row]) -> set[str]:
    """Who says something in these rows."""
    return {
        step.said.partition(": ")[0]
        for _, step in steps(rows)
        if isinstance(step, Step) and step.said
    }
