"""Business acts: a request, its typed answer and one function on the transaction.

Each is written in one module and registered by `operation`; nobody keeps a list of them. Asking
is typed by the request. What moves money is an `Act`: it carries an id that comes from its cause,
and the engine keeps its answer under that id, encoded by its type with field names. A repetition
is answered what the first one was answered and moves nothing; the same id with other content is a
Conflict. A refused act did not happen: its id stays free. A read-only channel refuses every act
that was not done before.
"""

from collections.abc import Callable, Hashable, Sequence
from dataclasses import MISSING, dataclass, fields, is_dataclass, replace
from functools import cache
from hashlib import blake2b
from operator import attrgetter
from types import UnionType
from typing import (
    TYPE_CHECKING,
    Any,
    ClassVar,
    Final,
    Generic,
    NamedTuple,
    TypeVar,
    Union,
    get_args,
    get_origin,
    get_type_hints,
)

from pydantic import TypeAdapter

from kryten_economy.ledger.wallet import WALLET_NOW
from kryten_economy.refusals import Conflict, Level, ReadOnly, is_refusal

if TYPE_CHECKING:
    from kryten_economy.ledger.tx import Tx

__all__ = (
    "ALWAYS",
    "EARNING",
    "READ_ONLY",
    "SPENDING",
    "STAKING",
    "Act",
    "AndRead",
    "Failed",
    "Read",
    "Request",
    "ids_of",
    "operation",
    "perform",
)

A = TypeVar("A")
A_co = TypeVar("A_co", covariant=True)
Q = TypeVar("Q", bound="Request[Any]")


class Request(Generic[A_co]):
    """What may be asked of the books; the parameter is what they answer.

    Subclasses are frozen, slotted dataclasses. ``at_ms`` is UTC epoch milliseconds, ``day`` the
    date ``YYYY-MM-DD`` on which the act counts, as the Calendar says.
    """

    __slots__ = ()


READ_ONLY: Final[tuple[Level, ...]] = ("read-only",)
EARNING: Final[tuple[Level, ...]] = ("read-only", "earning")
STAKING: Final[tuple[Level, ...]] = ("read-only", "games")
SPENDING: Final[tuple[Level, ...]] = ("read-only", "spending")
ALWAYS: Final[tuple[Level, ...]] = ()
"""For what settles money that is set aside, and what counts without paying while it is stopped."""


class Act(Request[A_co | Conflict | ReadOnly], Generic[A_co]):
    """A request that moves money or claims something: done once per ``op_id``.

    The content of an act is everything but what belongs to the attempt: its id, its times, who
    happened to be there and what only decorates it (``ATTEMPT``). Fields at their default are
    left out of it, so that adding one never turns a repetition into a conflict. ``HALTED_BY`` are
    the levels at which admins have stopped it.
    """

    __slots__ = ()
    ATTEMPT: ClassVar[frozenset[str]] = frozenset(
        {"op_id", "at_ms", "day", "display_name", "expires_at_ms", "present"}
    )
    HALTED_BY: ClassVar[tuple[Level, ...]] = READ_ONLY
    op_id: str
    at_ms: int

    @property
    def halted_by(self) -> tuple[Level, ...]:
        """The levels at which this one is refused, where its content matters."""
        return self.HALTED_BY

    @property
    def books_channel(self) -> str | None:
        """Whose books it changes; None where the act itself finds that out."""
        user = getattr(self, "user", None)
        channel: str = self.channel if user is None else user.channel  # type: ignore[attr-defined]
        return channel

    @property
    def needs_id(self) -> bool:
        """Whether it moves or claims anything, so that a repetition must be recognised."""
        return True


@dataclass(frozen=True, slots=True)
class Failed:
    """The request met a defect; nothing of it stands."""

    error: str
    exception: Exception


@dataclass(frozen=True, slots=True)
class _Operation:
    """What the engine knows of a kind of request."""

    kind: str
    run: Callable[["Tx", Any], Any]
    answers: dict[str, TypeAdapter[Any]]
    content: Callable[[Any], object] | None


_OPERATIONS: dict[type, _Operation] = {}


def operation(function: Callable[["Tx", Q], A]) -> Callable[["Tx", Q], A]:
    """Register a function on the transaction as what carries out its request.

    The types of request and answer are read from its annotations. The function answers refusals
    before it changes anything.
    """
    hints = get_type_hints(function, localns={"Tx": object})
    answer = hints.pop("return")
    hints.pop("tx")
    [request] = hints.values()
    kinds = _members(answer)
    assert request not in _OPERATIONS, f"{request.__name__} has an operation already"
    is_act = issubclass(request, Act)
    kept: dict[str, TypeAdapter[Any]] = {
        each.__name__: TypeAdapter(each) for each in kinds if is_act and not is_refusal(each)
    }
    for each in kinds:
        if each.__name__ in kept:
            assert "replayed" in {f.name for f in fields(each)}, f"{each.__name__}.replayed"
    _OPERATIONS[request] = _Operation(
        request.__name__, function, kept, _content_of(request) if is_act else None
    )
    return function


def ids_of(batch: Sequence[Request[Any]]) -> list[str]:
    """The ids under which these will be looked for."""
    return [each.op_id for each in batch if isinstance(each, Act) and each.needs_id]


def perform(tx: "Tx", request: Request[A]) -> A:
    """Do what is asked, inside the transaction of the batch."""
    known = _OPERATIONS[type(request)]
    if known.content is None or not isinstance(request, Act) or not request.needs_id:
        answer: A = known.run(tx, request)
        return answer
    return _once(tx, known, request)  # type: ignore[return-value]  # its own answers, or ours


_NOT_KEPT: Final = {"replayed"}


def _once(tx: "Tx", known: _Operation, request: Act[Any]) -> object:
    assert known.content is not None
    digest = blake2b(repr(known.content(request)).encode(), digest_size=16).digest()
    done = tx.journal.find(request.op_id)
    if done is not None:
        if (done.kind, done.digest) != (known.kind, digest):
            return Conflict(request.op_id)
        return _again(tx, known, done.answer, getattr(request, "day", ""))
    if (closed := tx.closed(request.books_channel)) is not None:
        return closed
    if (halted := tx.halted(request.books_channel, request.halted_by)) is not None:
        return halted
    answer = known.run(tx, request)
    name = type(answer).__name__
    kept = known.answers.get(name)
    if kept is None:
        assert not tx.journal.moving, (request, answer)
        return answer
    stored = f'{{"{name}":{kept.serializer.to_json(answer, exclude=_NOT_KEPT).decode()}}}'
    tx.journal.finish(request.op_id, known.kind, digest, stored, request.at_ms)
    return answer


def _again(tx: "Tx", known: _Operation, stored: str, day: str) -> object:
    """The answer of then; what has gained a field since takes the field's default."""
    [(name, value)] = _stored_value(stored).items()
    wallet_now = {WALLET_NOW: lambda user: tx.wallet(user, day)}
    answer = known.answers[name].validate_python(value, context=wallet_now)
    return replace(answer, replayed=True)


_STORED: TypeAdapter[dict[str, Any]] = TypeAdapter(dict[str, Any])


def _stored_value(stored: str) -> dict[str, Any]:
    return _STORED.validate_json(stored)


def _members(answer: object) -> list[type]:
    if isinstance(answer, UnionType) or get_origin(answer) is Union:
        return [each for member in get_args(answer) for each in _members(member)]
    assert isinstance(answer, type), answer
    return [answer]


# The content of an act, by which a repetition is told from another act under the same id


_LEAVES = frozenset({str, int, float, bool, type(None)})


def _plain(value: Any) -> object:  # noqa: ANN401 - whatever requests hold
    """The value as it goes into a digest."""
    kind: type = type(value)
    return value if kind in _LEAVES else _content_of(kind)(value)


@cache
def _content_of(kind: Hashable) -> Callable[[Any], object]:
    """How values of a type are made plain; an act is known by what is not of the attempt."""
    assert isinstance(kind, type), kind
    if is_dataclass(kind) or hasattr(kind, "_field_defaults"):
        attempt = kind.ATTEMPT if issubclass(kind, Act) else frozenset()
        return _without_defaults(kind, attempt)
    if issubclass(kind, tuple):
        return lambda value: [_plain(each) for each in value]
    return lambda value: value


def _without_defaults(kind: type, left_out: frozenset[str]) -> Callable[[Any], object]:
    """What its fields hold, but for those at their default.

    So an act that gains a field with a default is still the one that an older version did.
    """
    of_content = [each for each in _fields_of(kind) if each[0] not in left_out]
    hints, title = get_type_hints(kind), kind.__name__
    required = [name for name, default in of_content if default is MISSING]
    leaves = _getter([name for name in required if hints[name] in _LEAVES])
    branches = _getter([name for name in required if hints[name] not in _LEAVES])
    names = [name for name, default in of_content if default is not MISSING]
    defaults = tuple(default for _, default in of_content if default is not MISSING)
    optional = _getter(names)

    if issubclass(kind, tuple) and not names and all(hints[each] in _LEAVES for each in required):
        return lambda value: (title, [*value])

    def content(value: object) -> object:
        held = [*leaves(value)]
        for each in branches(value):
            held.append(_plain(each))  # noqa: PERF401 - on the way of every act
        given = optional(value)
        if given != defaults:
            held += [
                (name, _plain(each))
                for name, each, default in zip(names, given, defaults, strict=True)
                if each != default
            ]
        return title, held

    return content


def _getter(names: Sequence[str]) -> Callable[[Any], tuple[Any, ...]]:
    """The values of some fields, however many."""
    match names:
        case []:
            return lambda _: ()
        case [name]:
            return lambda value: (getattr(value, name),)
        case _:
            return attrgetter(*names)


def _fields_of(kind: Any) -> list[tuple[str, object]]:  # noqa: ANN401 - a class of either sort
    """Names and defaults of a dataclass or a NamedTuple."""
    if is_dataclass(kind):
        assert all(each.default_factory is MISSING for each in fields(kind)), kind
        return [(each.name, each.default) for each in fields(kind)]
    return [(name, kind._field_defaults.get(name, MISSING)) for name in kind._fields]


class Read(NamedTuple):
    """What a request was answered, and what was read right behind it."""

    answer: Any
    found: Any


@dataclass(frozen=True, slots=True)
class AndRead(Request[Read]):
    """Do what is asked and read something small with it, in the one commit.

    For whoever would ask the reading connection next: that is another way to a thread and back.
    """

    request: Request[Any]
    read: Callable[["Tx"], Any]


@operation
def and_read(tx: "Tx", ask: AndRead) -> Read:
    """What is read is as the request has left it."""
    answer = perform(tx, ask.request)
    return Read(answer, ask.read(tx))
