"""The bucket of balances: what it holds, how it comes back, and what readers can see of its age."""

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import anyio
from tests.actors.api.helpers import spawn
from tests.actors.house import CHANNEL, House, house, settings_with

from economy_actors.outbox.protocol import SendFailed
from economy_actors.runtime import Ref
from economy_actors.wallets import BEAT_S, Changes, Told, WalletBucket
from kryten_economy.config import Settings
from kryten_economy.features.money.operations import Credit
from kryten_economy.features.wallets.operations import Finalize, Reserve
from kryten_economy.features.wallets.rules import HEARTBEAT_KEY, Caps, bucket_key
from kryten_economy.ledger.facts import Facts
from kryten_economy.ledger.wallet import Wallet
from kryten_economy.users import UserKey

BOB = bucket_key(CHANNEL, "Bob")
NAME = "kryten_economy_wallets"


@dataclass
class Shelf:
    """A store that can be away, or lose a bucket."""

    buckets: dict[str, dict[str, bytes]] = field(default_factory=dict)
    is_away: bool = False
    puts: list[str] = field(default_factory=list)

    async def open_bucket(self, bucket: str) -> None:
        if self.is_away:
            raise SendFailed("no JetStream")
        self.buckets.setdefault(bucket, {})

    async def put(self, bucket: str, key: str, value: bytes) -> None:
        await anyio.sleep(0.001)
        if self.is_away or bucket not in self.buckets:
            raise SendFailed("no JetStream")
        self.puts.append(key)
        self.buckets[bucket][key] = value

    def read(self, key: str, bucket: str = NAME) -> Any:
        return json.loads(self.buckets[bucket][key])


def wallets_on(**changes: Any) -> Settings:
    return settings_with(onboarding={"welcome_wallet": 0}, wallets={"enabled": True} | changes)


@dataclass
class Shop:
    """A house with the writer of the bucket."""

    house: House
    shelf: Shelf
    changes: Changes

    async def give(self, name: str, amount_z: int, op_id: str) -> None:
        day = self.house.context.live.calendar.day(self.house.now_ms)
        who = (op_id, UserKey.of(CHANNEL, name), amount_z, "earn", "chat.long_message", "Paid")
        when = (self.house.now_ms, day)
        await self.house.commit(Credit(*who, *when, create=True, display_name=name))
        await self.house.settle()


@asynccontextmanager
async def shop(
    path: Path, settings: Settings | None = None, *, changes_max: int = 1_000
) -> AsyncIterator[Shop]:
    """Bob has 100 Z before the bucket is opened."""
    changes, shelf = Changes(changes_max), Shelf()
    bucket: list[Ref[Any]] = []

    def facts_to(facts: Facts) -> None:
        if changes.note(facts) and bucket:
            bucket[0].offer(Told())

    async with house(path / "e.db", settings or wallets_on(), facts_to=facts_to) as h:
        h.context.bus_connected = lambda: True
        it = Shop(h, shelf, changes)
        await it.give("Bob", 100, "seed")
        bucket.append(spawn(h, "wallets", lambda: WalletBucket(h.context, shelf, changes)))
        await h.settle()
        yield it


async def test_all_wallets_are_written_at_the_start(tmp_path: Path) -> None:
    """With what is needed to know their age; then the heartbeat says that all is there."""
    async with shop(tmp_path) as it:
        entry = it.shelf.read(BOB)
        assert entry["balance"] == 100
        assert (entry["username"], entry["channel"], entry["reserved"]) == ("Bob", CHANNEL, 0)
        assert (entry["day"], entry["spent_today"]) == ("2026-11-20", {})
        assert entry["day_ends_at_ms"] == 1_795_219_200_000
        beat = it.shelf.read(HEARTBEAT_KEY)
        assert (beat["stale"], beat["waiting"], beat["number"]) == (False, 0, entry["number"])


async def test_an_entry_follows_each_commit(tmp_path: Path) -> None:
    """Balance, what is set aside and what was spent today, by service; also of new users."""
    async with shop(tmp_path) as it:
        await it.give("Eve", 7, "new")
        assert it.shelf.read(bucket_key(CHANNEL, "EVE"))["balance"] == 7
        bob, at_ms = UserKey.of(CHANNEL, "bob"), it.house.now_ms
        what = (bob, "bot", 60, False, Caps(), at_ms + 1_000)
        await it.house.commit(Reserve("r", *what, at_ms, "2026-11-20"))
        await it.house.settle()
        assert (it.shelf.read(BOB)["balance"], it.shelf.read(BOB)["reserved"]) == (40, 60)
        paid = (CHANNEL, "bot", "wallet:r", 60, Caps())
        await it.house.commit(Finalize("f", *paid, at_ms, "2026-11-20"))
        await it.house.settle()
        entry = it.shelf.read(BOB)
        assert (entry["balance"], entry["reserved"], entry["spent_today"]) == (40, 0, {"bot": 60})


async def test_an_entry_says_who_is_frozen(tmp_path: Path) -> None:
    """From the commit that freezes them to the one that lets them go on; a ban counts too."""
    async with shop(tmp_path) as it:
        h = it.house
        await h.join("Boss", rank=5)

        def told() -> tuple[int, int, bool]:
            entry = it.shelf.read(BOB)
            return entry["balance"], entry["available"], entry["frozen"]

        assert told() == (100, 100, False)
        await h.pm("Boss", "freeze @bob 10m")
        assert told() == (100, 0, True)
        await h.pm("Boss", "resume @bob")
        assert told() == (100, 100, False)
        await h.pm("Boss", "ban @bob")
        assert told() == (100, 0, False)


async def test_many_changes_of_one_user_are_written_once(tmp_path: Path) -> None:
    """The last value wins; the books do not wait for the bucket."""
    async with shop(tmp_path) as it:
        it.shelf.puts.clear()
        async with anyio.create_task_group() as group:
            for number in range(50):
                group.start_soon(it.give, "Bob", 1, f"c-{number}")
        assert it.shelf.read(BOB)["balance"] == 150
        assert 1 <= it.shelf.puts.count(BOB) < 25


async def test_it_is_quiet_while_the_store_is_away_and_then_writes_everything(
    tmp_path: Path,
) -> None:
    """Readers see the age of the heartbeat; afterwards no change is missing."""
    async with shop(tmp_path) as it:
        before = it.shelf.read(HEARTBEAT_KEY)["at_ms"]
        it.shelf.is_away = True
        await it.give("Bob", 5, "while-away")
        await anyio.sleep(4 * BEAT_S)
        assert it.shelf.read(BOB)["balance"] == 100
        assert it.shelf.read(HEARTBEAT_KEY)["at_ms"] == before
        it.shelf.is_away = False
        await anyio.sleep(2 * BEAT_S)
        assert it.shelf.read(BOB)["balance"] == 105
        assert not it.shelf.read(HEARTBEAT_KEY)["stale"]


async def test_a_bucket_that_was_deleted_is_made_again(tmp_path: Path) -> None:
    """At the next beat, with everything in it."""
    async with shop(tmp_path) as it:
        it.shelf.buckets.clear()
        await anyio.sleep(3 * BEAT_S)
        assert it.shelf.read(BOB)["balance"] == 100
        assert not it.shelf.read(HEARTBEAT_KEY)["stale"]


async def test_more_changes_than_can_be_kept(tmp_path: Path) -> None:
    """Then all wallets are written anew, and none is missing."""
    async with shop(tmp_path, changes_max=3) as it:
        wallet = it.house.wallet("bob")
        assert isinstance(wallet, Wallet)
        crowd = {f"u{number}": wallet for number in range(9)}
        it.changes.note(Facts(CHANNEL, wallets=crowd))
        assert it.changes.overflown
        it.shelf.buckets[NAME].pop(BOB)
        await anyio.sleep(2 * BEAT_S)
        assert it.shelf.read(BOB)["balance"] == 100
        assert not it.changes.overflown


async def test_switching_off_leaves_a_stale_bucket(tmp_path: Path) -> None:
    """Nothing is written any more; switched on again, everything is."""
    async with shop(tmp_path) as it:
        it.house.context.live.swap(settings_with(onboarding={"welcome_wallet": 0}))
        await anyio.sleep(2 * BEAT_S)
        assert it.shelf.read(HEARTBEAT_KEY)["stale"]
        await it.give("Bob", 5, "while-off")
        await anyio.sleep(2 * BEAT_S)
        assert it.shelf.read(BOB)["balance"] == 100
        it.house.context.live.swap(wallets_on(bucket="other"))
        await anyio.sleep(2 * BEAT_S)
        assert it.shelf.read(BOB, "other")["balance"] == 105


async def test_nothing_is_kept_unless_it_is_wanted(tmp_path: Path) -> None:
    """Off by default."""
    async with shop(tmp_path, settings_with()) as it:
        await anyio.sleep(3 * BEAT_S)
        assert it.shelf.buckets == {}


async def test_a_stopped_service_says_that_its_entries_are_old(tmp_path: Path) -> None:
    """Readers go to a request at once instead of waiting for the heartbeat to grow old."""
    async with shop(tmp_path) as it:
        shelf = it.shelf
    assert shelf.read(HEARTBEAT_KEY)["stale"]


def test_keys_are_safe_and_distinct() -> None:
    """Any channel name makes a key that NATS takes, and no two users have the same one."""
    assert bucket_key("Cinema-1_x", "Bob") == "cinema-1_x.bob"
    assert bucket_key("a.b", "c") == "a=2eb.c"
    assert bucket_key("a", "b.c") != bucket_key("a.b", "c")
    assert bucket_key("Grüße", "x") == "gr=c3=bc=c3=9fe.x"
