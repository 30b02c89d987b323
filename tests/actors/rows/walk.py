"""Rows of a table of commands and requests, and the walk through them: text in, text out.

A row names a command or a request and has at least one step that succeeds, one that is refused
and one that is written wrongly, in the order in which they are tried. Where one of these can't
be, the row says why and shows what there is instead. Each step counts every account: what is
said to move has moved, and nothing else.
"""

import re
from collections.abc import AsyncIterator, Iterable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

import anyio
from tests.actors.api.helpers import Api, api
from tests.actors.api.strangers import LEAKS
from tests.actors.colours.cytube import Page, dress
from tests.actors.house import CHANNEL, House, settings_with

from economy_actors.handlers.registry import ADMIN, COMMANDS, REQUESTS
from kryten_economy.config import Settings
from kryten_economy.features.bans import Ban
from kryten_economy.users import UserKey

__all__ = (
    "ELSEWHERE",
    "KINDS",
    "PEOPLE",
    "Fields",
    "File",
    "Never",
    "Row",
    "Step",
    "Wait",
    "ask",
    "asked_wrongly",
    "balances",
    "channel",
    "complete",
    "done",
    "first",
    "never",
    "refused",
    "turned_down",
    "walk",
    "works",
    "written_wrongly",
)

Kind = Literal["first", "done", "refused", "wrong"]
KINDS: tuple[Kind, ...] = ("done", "refused", "wrong")
Fields = dict[str, object]
Sql = tuple[str, object]

WEALTH_Z = 10_000
SEED = "5eed" * 16
PEOPLE = ("Boss", "Alice", "Bob", "Cy")
ELSEWHERE: Fields = {"channel": "Elsewhere"}

WRONG_CODES = frozenset({"invalid_request", "unknown_command"})
_NOT_REFUSALS = WRONG_CODES | {"internal", "unavailable"}


@dataclass(frozen=True, slots=True)
class Step:
    """What is sent, what is answered, and what it does.

    ``said`` is ``Name: text`` of a PM; ``fields`` are those of a request. ``answer`` is found in
    the PM or the error; ``data`` is part of what a request answers, ``code`` its error code.
    ``moves`` are the wallets that change and by how much, ``row`` a query and its one value.
    """

    kind: Kind
    said: str = ""
    fields: Fields | None = None
    answer: str = ""
    data: Fields = field(default_factory=dict)
    code: str = ""
    moves: Mapping[str, int] = field(default_factory=dict)
    row: Sql | None = None
    command: str = ""


@dataclass(frozen=True, slots=True)
class Wait:
    """Time passes."""

    seconds: float
    kind: Literal["first"] = "first"


@dataclass(frozen=True, slots=True)
class File:
    """The configuration file is written anew."""

    text: str
    kind: Literal["first"] = "first"


@dataclass(frozen=True, slots=True)
class Never:
    """Why nobody can be refused here, or can write it wrongly; ``shown`` are steps that show it."""

    kind: Kind
    why: str
    shown: tuple[Step, ...]


@dataclass(frozen=True, slots=True)
class Row:
    """One command or request."""

    name: str
    steps: tuple[Step | Wait | File | Never, ...]

    def __init__(self, name: str, *steps: Step | Wait | File | Never) -> None:
        object.__setattr__(self, "name", name)
        object.__setattr__(self, "steps", steps)

    @property
    def kinds(self) -> frozenset[str]:
        """What it has steps of."""
        return frozenset(step.kind for step in self.steps)


# What a row is written with


def first(said: str) -> Step:
    """A PM that only prepares what follows."""
    return Step("first", said)


def done(said: str, answer: str, row: Sql | None = None, **moves: int) -> Step:
    """A PM that does something."""
    return Step("done", said, answer=answer, row=row, moves=moves)


def refused(said: str, answer: str) -> Step:
    """A PM that asks for what can't be had."""
    return Step("refused", said, answer=answer)


def written_wrongly(said: str, answer: str) -> Step:
    """A PM that nobody can understand as meant."""
    return Step("wrong", said, answer=answer)


def ask(command: str, **fields: object) -> Step:
    """A request that only prepares what follows."""
    return Step("first", command=command, fields=fields)


def works(fields: Fields, data: Fields, row: Sql | None = None, **moves: int) -> Step:
    """A request that does something."""
    return Step("done", fields=fields, data=data, row=row, moves=moves)


def turned_down(fields: Fields, code: str, answer: str = "") -> Step:
    """A request for what can't be had."""
    return Step("refused", fields=fields, code=code, answer=answer)


def asked_wrongly(fields: Fields, answer: str) -> Step:
    """A request that can't be read as one."""
    return Step("wrong", fields=fields, code="invalid_request", answer=answer)


def never(kind: Kind, why: str, *shown: Step) -> Never:
    """There is no such case."""
    return Never(kind, why, shown)


# The channel


def everything_on() -> Settings:
    """All that can be asked for can be had, at prices that stay, and chance always wins."""
    return settings_with(
        commands={"rate_limit_per_minute": 10_000},
        onboarding={"welcome_wallet": 0},
        cytube_promotion={"min_rank": "Grip"},
        spending={"playnext_premium": True},
        ranks={
            "spend_discount_per_rank": 0,
            "tiers": [{"name": "Extra", "min_lifetime_earned": 0}, _GRIP],
        },
        gambling={
            "min_account_age_minutes": 0,
            "heist": {"enabled": True, "min_participants": 1},
            "spin": {"payouts": [_CHERRIES], "cooldown_seconds": 0},
            "flip": {"win_chance": 1.0, "cooldown_seconds": 0},
            "raffle": {"member_rank": 1},
            "prediction": {"member_rank": 1},
            "auction": {"member_rank": 1},
        },
        wallets={"enabled": True, "services": [{"name": "chatbot"}]},
        mediacms={"base_url": "https://media.test", "web_queue_redirect": False},
        tipping={"min_account_age_minutes": 0},
        vanity_shop={"channel_gif": {"cost": 900}, "custom_title": {"cost": 700}},
        shop={"items": [_WAVE, _HAT, _CUP]},
        web={},
    )


_EXTRA = {"name": "Extra", "min_lifetime_earned": 0}
_GRIP = {"name": "Grip", "min_lifetime_earned": 1_000_000}
_CHERRIES = {"symbols": "🍒🍒🍒", "multiplier": 3, "probability": 1.0}
_WAVE = {"id": "wave", "name": "Wave", "price": 5, "effect": "announce", "text": "hi"}
_HAT = {"id": "hat", "name": "Hat", "price": 9, "effect": "approval", "stock": 20}
_CUP = {"id": "cup", "name": "Cup", "price": 9, "effect": "approval", "stock": 0}


@asynccontextmanager
async def channel(
    folder: Path, settings: Settings | None = None, **more: Any
) -> AsyncIterator[Api]:
    """Boss, an owner, Alice, Bob and Cy with 10,000 Z each; Mallory, who is banned; no Nobody."""
    async with api(folder, settings or everything_on(), **more) as it:
        dress(it.house, CHANNEL, Page())
        it.house.context.fresh_seed = lambda: SEED
        for name in PEOPLE:
            await it.account(name, WEALTH_Z)
        for name in (*PEOPLE, "Mallory"):
            await it.house.join(name, 5 if name == "Boss" else 1)
        mallory = UserKey.of(CHANNEL, "mallory")
        await it.house.commit(Ban(mallory, "Mallory", "boss", "", it.house.now_ms))
        yield it


def balances(h: House) -> dict[tuple[str, str], int]:
    """Every account, those of the house among them, by kind and name."""
    rows = h.report(lambda r: r.sql.rows("SELECT kind, name, balance_z FROM account"))
    return {(kind, name): balance_z for kind, name, balance_z in rows}


# The walk


async def walk(it: Api, rows: Iterable[Row], *, by_pm: bool) -> None:
    """Try all steps of all rows, one after the other, and tell all that went otherwise."""
    wrong: list[str] = []
    for row in rows:
        for step in row.steps:
            try:
                await _try(it, row.name, step, by_pm=by_pm)
            except AssertionError as error:
                wrong.append(f"{row.name}: {step}\n    {error}")
    assert not wrong, "\n".join(wrong)


async def _try(it: Api, name: str, step: Step | Wait | File | Never, *, by_pm: bool) -> None:
    match step:
        case Wait(seconds):
            await anyio.sleep(seconds)
            await it.house.settle()
        case File(text):
            path = it.house.context.live.path
            assert path is not None
            path.write_text(text, encoding="utf-8")
        case Never(why=why, shown=shown):
            assert len(why.split()) > 3, "a reason is a sentence"
            for each in shown:
                await _take(it, name, each, by_pm=by_pm)
        case Step():
            await _take(it, name, step, by_pm=by_pm)


async def _take(it: Api, name: str, step: Step, *, by_pm: bool) -> None:
    before = balances(it.house)
    if step.said:
        await _by_pm(it, name, step, judged=by_pm)
    else:
        await _by_request(it, step.command or name, step)
    if step.kind == "first":
        return
    after = balances(it.house)
    if step.kind != "done":
        assert after == before, "what is refused moves nothing"
        return
    moved = {
        who: balance_z - before.get((kind, who), 0)
        for (kind, who), balance_z in after.items()
        if kind == "wallet" and balance_z != before.get((kind, who), 0)
    }
    assert moved == dict(step.moves), f"moved {moved}"
    assert sum(after.values()) == sum(before.values()) == 0, "money comes from somewhere"
    if step.row is not None:
        query, value = step.row
        found = it.house.report(lambda r: r.sql.row(query))
        got = None if found is None else found[0]
        assert got == value, f"{query}: {got}"


async def _by_pm(it: Api, name: str, step: Step, *, judged: bool) -> None:
    who, _, text = step.said.partition(": ")
    spec = COMMANDS.find(text.split()[0])
    name = name if spec is None else spec.name
    if "{code}" in text:
        text = text.replace("{code}", re.findall(r"confirm (\d+)", it.house.pms(who)[-1])[-1])
    before = _counted(it.house, name)
    answers = await it.house.pm(who, text)
    for _ in range(20):
        if answers:
            break
        await it.house.settle()
        answers = it.house.pms(who)[-1:]
    if step.kind == "first":
        return
    assert answers, "there is an answer"
    # The answer is what comes last; notices of what the command did may come before it.
    assert re.search(step.answer, answers[-1]), answers
    if judged:
        result = "ok" if step.kind == "done" else "refused"
        now = _counted(it.house, name)
        assert now == before | {result: before[result] + 1}, (now, before)
    if step.kind != "done":
        assert len(answers) == 1, answers
        _clear(answers[-1])


def _counted(h: House, name: str) -> dict[str, float]:
    """How a command has ended so far; what is no answer to its question counts as unknown."""
    value = h.context.metrics.registry.get_sample_value
    return {
        result: sum(
            value("economy_pm_commands_total", {"command": each, "result": result}) or 0.0
            for each in (name, "unknown")
        )
        for result in ("ok", "refused", "error")
    }


async def _by_request(it: Api, name: str, step: Step) -> None:
    assert step.fields is not None, step
    spec = REQUESTS.find(name)
    assert spec is not None, name
    body = {"command": name, **({"channel": CHANNEL} if spec.channel else {}), **step.fields}
    answer = await it.raw({key: value for key, value in body.items() if value is not ...})
    if step.kind in {"done", "first"}:
        assert answer["success"] is True, answer
        got = answer["data"]
        assert {key: got.get(key, "nothing") for key in step.data} == step.data, got
        return
    assert answer["success"] is False, answer
    assert answer["error_code"] == step.code, answer
    assert (step.code in _NOT_REFUSALS) == (step.kind == "wrong"), answer
    assert re.search(step.answer, answer["error"]), answer
    _clear(answer["error"])


def _clear(text: str) -> None:
    """A sentence for people, which shows nothing of the inside."""
    assert len(text.split()) >= 3, text
    assert not LEAKS.search(text), text


def complete(rows: Iterable[Row], *, by_pm: bool) -> None:
    """Each registered command or request has one row, and each row all three kinds."""
    names = [row.name for row in rows]
    registered = {spec.name for spec in (COMMANDS if by_pm else REQUESTS)}
    assert sorted(names) == sorted(set(names)), "one row each"
    assert registered - set(names) == set(), "registered, and nobody tries it"
    assert set(names) - registered == set(), "tried, and nobody registers it"
    for row in rows:
        assert row.kinds >= set(KINDS), (row.name, set(KINDS) - row.kinds)
        for step in row.steps:
            if isinstance(step, Step) and step.kind == "done":
                assert step.answer or step.data or step.moves or step.row, (row.name, step)
        for step in row.steps:
            if isinstance(step, Never) and step.kind == "wrong":
                assert not _can_be_wrong(row.name), row.name


def _can_be_wrong(request: str) -> bool:
    """Whether a request takes anything but the name of who asks."""
    spec = REQUESTS.find(request)
    return spec is None or spec.channel or bool(set(spec.fields) - {ADMIN})
