"""For other services: read what users have, and charge them, over the service's own bus client.

`WalletReader` reads the bucket that kryten-economy keeps, and asks by request when the bucket is
missing, stale or broken; both tell the same. `Wallets` charges: reserve, finalize, release, or all
three by ``async with wallets.charge(…)``. Nothing here imports kryten-py: any client with its
``kv_get`` and ``nats_request`` will do. Pages: docs/wallets.md.
"""

import json
import time
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any, Final, Literal, Protocol
from uuid import uuid4

import anyio

from kryten_economy.features.wallets.rules import HEARTBEAT_KEY, bucket_key

__all__ = (
    "Balance",
    "BusClient",
    "Charge",
    "Charged",
    "EconomyAway",
    "EconomyRefusal",
    "Reservation",
    "WalletReader",
    "Wallets",
)

BUCKET: Final = "kryten_economy_wallets"
STALE_AFTER_S: Final = 15.0
_SUBJECT = "kryten.economy.command"
_BUCKET_WAIT_S = 1.0
_AVOID_S = 5.0
_BEAT_KEPT_S = 1.0
_ATTEMPTS = 3
_PAUSE_S = 0.2
_FAREWELL_S = 10.0


class BusClient(Protocol):
    """What is used of a KrytenClient."""

    async def kv_get(self, bucket_name: str, key: str) -> Any:  # noqa: ANN401 - bytes or None
        """An entry of a bucket; None where there is none."""

    async def nats_request(
        self,
        subject: str,
        request: dict[str, Any],
        timeout: float,  # noqa: ASYNC109 - the library's own parameter
    ) -> dict[str, Any]:
        """Send a request and give its answer."""


class EconomyRefusal(Exception):  # noqa: N818 - says what happened
    """It can't be done so; ``code`` is one of the API's, the text is fit for end users."""

    def __init__(self, code: str, text: str) -> None:
        super().__init__(text)
        self.code = code


class EconomyAway(Exception):  # noqa: N818 - says what happened
    """No answer. A charge may have been made: asking again with the same id is harmless."""


@dataclass(frozen=True, slots=True)
class Balance:
    """What a user has; ``spent_today`` is by service, ``source`` where it was read."""

    username: str
    balance: int
    reserved: int
    spent_today: Mapping[str, int]
    source: Literal["bucket", "request"]


@dataclass(frozen=True, slots=True)
class Reservation:
    """Money that is set aside for us until ``expires_at`` (ISO, UTC)."""

    id: str
    username: str
    budget: int
    reserved: int
    balance: int
    left_today: int | None
    expires_at: str


@dataclass(frozen=True, slots=True)
class Charged:
    """What was taken and what went back; ``capped`` is the limit that was below the cost."""

    charged: int
    returned: int
    capped: Literal["reserved", "daily"] | None
    balance: int
    spent_today: int
    left_today: int | None


def _wall_ms() -> int:
    return time.time_ns() // 1_000_000


class _Requests:
    """Requests about one channel, repeated where that is harmless."""

    def __init__(
        self,
        bus: BusClient,
        channel: str,
        timeout_s: float,
        token: Callable[[], str] | None = None,
    ) -> None:
        self._bus = bus
        self._channel = channel
        self._timeout_s = timeout_s
        self._token = token

    async def ask(self, command: str, **fields: object) -> dict[str, Any]:
        """The data of the answer; raises EconomyRefusal and EconomyAway."""
        given = {key: value for key, value in fields.items() if value is not None}
        body: dict[str, object] = {"command": command, "channel": self._channel, **given}
        why = ""
        for attempt in range(_ATTEMPTS):
            if attempt:
                await anyio.sleep(_PAUSE_S * 2**attempt)
            if self._token is not None:
                body["token"] = self._token()
            try:
                answer = await self._bus.nats_request(_SUBJECT, body, timeout=self._timeout_s)
            except Exception as error:  # noqa: BLE001 - the edge: whatever the bus raises is no answer
                why = str(error) or type(error).__name__
                continue
            if answer.get("success") is True:
                data: dict[str, Any] = answer["data"]
                return data
            why, code = str(answer.get("error", "")), str(answer.get("error_code", ""))
            if code not in {"unavailable", "internal"}:
                raise EconomyRefusal(code, why)
        raise EconomyAway(f"{command}: {why}")


class WalletReader:
    """Reads what users of a channel have."""

    def __init__(
        self,
        bus: BusClient,
        channel: str,
        *,
        bucket: str = BUCKET,
        stale_after_s: float = STALE_AFTER_S,
        timeout_s: float = 5.0,
        now_ms: Callable[[], int] = _wall_ms,
    ) -> None:
        self._bus = bus
        self._channel = channel
        self._bucket = bucket
        self._stale_after_ms = stale_after_s * 1000
        self._now_ms = now_ms
        self._requests = _Requests(bus, channel, timeout_s)
        self._avoid_until_s = self._fresh_until_s = 0.0

    async def balance(self, username: str) -> Balance | None:
        """What a user has; None for one without an account. Raises as `Wallets.reserve`."""
        found = await self._from_bucket(username)
        return await self._by_request(username) if found is None else found

    async def _from_bucket(self, username: str) -> Balance | None:
        if time.monotonic() < self._avoid_until_s:
            return None
        try:
            with anyio.fail_after(_BUCKET_WAIT_S):
                if not await self._is_fresh():
                    return None
                raw = await self._bus.kv_get(
                    self._bucket, bucket_key(self._channel, username.removeprefix("@"))
                )
            return None if raw is None else self._read(json.loads(raw))
        except Exception:  # noqa: BLE001 - the edge: whatever is wrong, the request tells the truth
            # A store that is away answers late: until it may be back nobody waits for it.
            self._avoid_until_s = time.monotonic() + _AVOID_S
            return None

    async def _is_fresh(self) -> bool:
        if time.monotonic() < self._fresh_until_s:
            return True
        raw = await self._bus.kv_get(self._bucket, HEARTBEAT_KEY)
        if raw is None:
            return False
        beat = json.loads(raw)
        age_ms = abs(self._now_ms() - _whole(beat["at_ms"]))
        is_fresh = beat["stale"] is False and age_ms <= self._stale_after_ms
        if is_fresh:
            self._fresh_until_s = time.monotonic() + _BEAT_KEPT_S
        return is_fresh

    def _read(self, entry: Mapping[str, Any]) -> Balance:
        is_today = self._now_ms() < _whole(entry["day_ends_at_ms"])
        return _balance(entry, "bucket", is_today=is_today)

    async def _by_request(self, username: str) -> Balance | None:
        data = await self._requests.ask("wallet.get", username=username)
        return _balance(data, "request", is_today=True) if data["found"] else None


def _balance(
    data: Mapping[str, Any], source: Literal["bucket", "request"], *, is_today: bool
) -> Balance:
    spent = {str(service): _whole(z) for service, z in data["spent_today"].items()}
    return Balance(
        str(data["username"]),
        _whole(data["balance"]),
        _whole(data["reserved"]),
        spent if is_today else {},
        source,
    )


def _whole(value: object) -> int:
    if isinstance(value, bool) or not isinstance(value, int):
        raise TypeError(f"not a whole number: {value!r}")
    return value


class Charge:
    """A charge under way: say what it did cost, by ``cost``; without it nothing is charged.

    ``done`` is what was charged, once the block is left.
    """

    def __init__(self, reservation: Reservation) -> None:
        self.reservation = reservation
        self.cost: int | None = None
        self.units_in: int | None = None
        self.units_out: int | None = None
        self.done: Charged | None = None


class Wallets:
    """Charges users of a channel in the name of a service.

    ``token`` gives the one to send, where the economy asks for tokens; it is called each time.
    """

    def __init__(
        self,
        bus: BusClient,
        channel: str,
        service: str,
        *,
        timeout_s: float = 5.0,
        token: Callable[[], str] | None = None,
    ) -> None:
        self._service = service
        self._requests = _Requests(bus, channel, timeout_s, token)

    async def reserve(
        self,
        username: str,
        budget: int,
        *,
        partial: bool = False,
        ttl_seconds: int | None = None,
        reason: str | None = None,
        request_id: str | None = None,
    ) -> Reservation:
        """Set money aside; with ``partial`` what there is of it.

        Raises EconomyRefusal with why not, and EconomyAway where there is no answer.
        """
        data = await self._requests.ask(
            "wallet.reserve",
            username=username,
            service=self._service,
            budget=budget,
            partial=partial,
            ttl_seconds=ttl_seconds,
            reason=reason,
            request_id=request_id or uuid4().hex,
        )
        return Reservation(
            data["reservation_id"],
            data["username"],
            data["budget"],
            data["reserved"],
            data["balance"],
            data["left_today"],
            data["expires_at"],
        )

    async def finalize(
        self,
        reservation: Reservation | str,
        cost: int,
        *,
        units_in: int | None = None,
        units_out: int | None = None,
        request_id: str | None = None,
    ) -> Charged:
        """Take the cost and give the rest back; raises as `reserve`."""
        reservation_id = _id_of(reservation)
        data = await self._requests.ask(
            "wallet.finalize",
            service=self._service,
            reservation_id=reservation_id,
            cost=cost,
            units_in=units_in,
            units_out=units_out,
            request_id=request_id or uuid4().hex,
        )
        return Charged(
            data["charged"],
            data["returned"],
            data["capped"],
            data["balance"],
            data["spent_today"],
            data["left_today"],
        )

    async def release(self, reservation: Reservation | str) -> int:
        """Give all back; answers how much. Raises as `reserve`."""
        data = await self._requests.ask(
            "wallet.release", service=self._service, reservation_id=_id_of(reservation)
        )
        returned: int = data["returned"]
        return returned

    @asynccontextmanager
    async def charge(
        self,
        username: str,
        budget: int,
        *,
        partial: bool = False,
        ttl_seconds: int | None = None,
        reason: str | None = None,
    ) -> AsyncIterator[Charge]:
        """Reserve, let the block set ``cost``, and charge it; an exception releases everything.

        Raises as `reserve`, at the start and, where the charge can't be made, at the end.
        """
        reservation = await self.reserve(
            username, budget, partial=partial, ttl_seconds=ttl_seconds, reason=reason
        )
        charge = Charge(reservation)
        try:
            yield charge
        except BaseException:
            await self._let_go(reservation)
            raise
        if charge.cost is None:
            await self._let_go(reservation)
            return
        # What was served is charged also by somebody who is being cancelled.
        with anyio.move_on_after(_FAREWELL_S, shield=True):
            charge.done = await self.finalize(
                reservation, charge.cost, units_in=charge.units_in, units_out=charge.units_out
            )
            return
        raise EconomyAway(f"wallet.finalize: no answer within {_FAREWELL_S:g} s")

    async def _let_go(self, reservation: Reservation) -> None:
        """Release; what can't be released now comes back by itself when its time is over."""
        with anyio.move_on_after(_FAREWELL_S, shield=True):
            try:
                await self.release(reservation)
            except (EconomyRefusal, EconomyAway):
                return


def _id_of(reservation: Reservation | str) -> str:
    return reservation if isinstance(reservation, str) else reservation.id
