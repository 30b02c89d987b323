"""Keys of scripts: who makes them, what they open, and when they open nothing."""

import re
from functools import partial
from pathlib import Path

import anyio
import pytest
from tests.actors.api.helpers import Api, Replies, spawn
from tests.actors.api.signing import AUTH, Issuer, Shelf
from tests.actors.house import CHANNEL, START_MS
from tests.actors.pages.scripts import PEPPER, scripts

from economy_actors.api import Api as ApiActor
from economy_actors.handlers.api_keys import PEPPER_NAME
from economy_actors.pages.gate import FAILED_TRIES_MAX
from kryten_economy.config.web import Web
from kryten_economy.features.api_keys import keys_of
from kryten_economy.features.panic import SetPanic
from kryten_economy.ledger.records import SetReadOnly
from kryten_economy.users import UserKey

_FORM = re.compile(r"ke_live_[a-z0-9]{8}_[A-Za-z0-9]{40}")


async def test_a_key_reads_for_its_user(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Channel and user are the key's own where they are left out; GET and POST answer alike."""
    async with scripts(tmp_path, monkeypatch) as it:
        key = await it.key("alice", "read")
        assert _FORM.fullmatch(key)
        data = await it.data(key, "balance.get")
        assert (data["username"], data["channel"], data["balance"]) == ("Alice", CHANNEL, 100_000)
        assert await it.data(key, "balance.get", channel=CHANNEL.upper(), username="ALICE") == data
        url, headers = "/api/v1/balance.get", {"authorization": f"bearer {key}"}
        got = await it.client.get(url, params={"username": "alice"}, headers=headers)
        assert got.json()["data"] == data
        hyphens = {"authorization": f"Bearer {key.replace('_', '-')}"}
        assert (await it.client.get(url, headers=hyphens)).json()["data"] == data


async def test_what_the_books_keep_of_a_key(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The secret and the pepper are in no file of the books, and the same secret twice differs."""
    async with scripts(tmp_path, monkeypatch) as it:
        key = await it.key("alice", "read")
        secret = key.rpartition("_")[2]
        (kept,) = it.house.report(lambda reports: keys_of(reports, CHANNEL))
        assert secret.encode() not in kept.secret_hash
        for name in ("e.db", "e.db-wal"):
            content = await anyio.Path(tmp_path / name).read_bytes()
            assert secret.encode() not in content
            assert PEPPER.encode() not in content
        monkeypatch.setenv(PEPPER_NAME, PEPPER + "!")
        assert await it.refused(key, "balance.get") == (401, "unauthorized")


async def test_the_audit_log_tells_of_keys_and_never_a_secret(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Made, pasted whole, revoked: each is a line with the prefix at most."""
    async with scripts(tmp_path, monkeypatch) as it:
        key = await it.key("alice", "read,spend")
        await it.house.pm("Boss", f"key {key}")
        (told,) = await it.house.pm("Boss", f"key revoke {key.replace('_', '-')}")
        assert key[8:16] in told
        assert "Revoked" in told
        rows = [each for each in it.audit() if each.command == "key"]
        assert [(each.admin, each.done) for each in rows] == [("Boss", 1), ("Boss", 0), ("Boss", 1)]
        assert rows[0].arguments == "add @alice read,spend"
        assert key[8:16] in rows[2].arguments
        assert not any(key[17:] in f"{each}" for each in rows)


async def test_a_revoked_key_opens_nothing_at_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The next request is refused; the other key of the same user goes on."""
    async with scripts(tmp_path, monkeypatch) as it:
        one, other = await it.key("alice", "read"), await it.key("alice", "read")
        await it.data(one, "balance.get")
        (listed,) = await it.house.pm("Boss", "key list")
        assert one[8:16] in listed
        assert "used today" in listed
        assert "never used" in listed
        await it.house.pm("Boss", f"key revoke {one[8:16]}")
        assert await it.refused(one, "balance.get") == (401, "unauthorized")
        assert (await it.data(other, "balance.get"))["balance"] == 100_000
        (told,) = await it.house.pm("Boss", f"key revoke {one[8:16]}")
        assert "has no key" in told


async def test_scopes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Reading, spending and operating are apart; the first two are about the key's own user."""
    async with scripts(tmp_path, monkeypatch) as it:
        read, spend = await it.key("alice", "read"), await it.key("alice", "spend")
        operate = await it.key("boss", "operate")
        grant = {"username": "bob", "amount": 5}
        shut = (403, "forbidden")
        assert await it.refused(read, "balance.get", username="bob") == shut
        assert await it.refused(read, "balance.adjust", **grant) == shut
        assert await it.refused(read, "audit.list") == shut
        assert await it.refused(read, "shop.list", username="bob") == shut
        assert await it.refused(spend, "balance.get") == shut
        charge = {"duration_sec": 60, "tier": "queue", "request_id": "r"}
        assert await it.refused(read, "spending.queue", **charge) == shut
        assert await it.refused(spend, "spending.queue", username="bob", **charge) == shut
        assert (it.house.balance("Alice"), it.house.balance("Bob")) == (100_000, 100_000)
        await it.data(operate, "balance.adjust", **grant)
        assert it.house.balance("Bob") == 100_005
        assert (await it.data(operate, "balance.get", username="bob"))["balance"] == 100_005


async def test_an_act_by_key_is_its_users(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The audit line has the origin "key" and the key's user, whoever the body says it is."""
    async with scripts(tmp_path, monkeypatch) as it:
        key = await it.key("boss", "operate")
        await it.data(key, "balance.adjust", username="bob", amount=-5, admin="Mallory")
        row = it.audit()[-1]
        assert (row.origin, row.admin, row.command) == ("key", "Boss", "balance.adjust")
        assert await it.refused(key, "balance.adjust", username="bob", amount="x") == (
            400,
            "invalid_request",
        )
        await it.house.settle()
        tried = it.audit()[-1]
        assert (tried.origin, tried.admin, tried.done) == ("key", "Boss", 0)


async def test_sixty_four_equal_requests_charge_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """However many arrive at once under one id, the money moves once and all say the same."""
    async with scripts(tmp_path, monkeypatch) as it:
        key, answers = await it.key("alice", "spend"), []

        async def spend() -> None:
            answers.append(
                await it.ask(
                    key, "spending.queue", duration_sec=60, tier="queue", request_id="once"
                )
            )

        async with anyio.create_task_group() as tasks:
            for _ in range(64):
                tasks.start_soon(spend)
        assert {each.status_code for each in answers} == {200}
        (cost,) = {each.json()["data"]["cost_z"] for each in answers}
        assert cost > 0
        assert it.house.balance("Alice") == 100_000 - cost


async def test_ids_of_one_user_are_not_those_of_another(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Two users who choose the same request_id both get what they asked for."""
    shop = {"vanity_shop": {"custom_greeting": {"enabled": True, "cost": 100}}}
    async with scripts(tmp_path, monkeypatch, sections=shop) as it:
        for name in ("alice", "bob"):
            key = await it.key(name, "spend")
            for _ in range(2):
                await it.data(key, "vanity.set_greeting", value=f"Hi {name}", request_id="1")
            assert it.house.balance(name) < 100_000


async def test_another_channel_is_shut(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A key is of one channel; of others it is not even told whether they exist."""
    async with scripts(tmp_path, monkeypatch, channels=(CHANNEL, "Other")) as it:
        key = await it.key("boss", "operate")
        for channel in ("Other", "other", "nowhere"):
            answer = await it.ask(key, "balance.get", channel=channel)
            assert answer.status_code == 403
            assert answer.json()["error"] == f"This key is one of the channel {CHANNEL}."
        assert await it.refused(key, "balance.get", channel=7) == (400, "invalid_request")


async def test_keys_for_tests_act_in_their_channel_only(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """They are made there, live keys are not, and the whole service is none of their business."""
    web = Web(test_channel=CHANNEL)
    async with scripts(tmp_path, monkeypatch, web) as it:
        (told,) = await it.house.pm("Boss", "key add alice read")
        assert "channel for tests" in told
        key = await it.key("boss", "operate", "test")
        assert key.startswith("ke_test_")
        assert (await it.data(key, "balance.get"))["balance"] == it.house.balance("Boss")
        assert await it.refused(key, "config.reload") == (403, "forbidden")
        assert await it.refused(key, "config.show", key="web") == (403, "forbidden")
        live = key.replace("ke_test_", "ke_live_")
        assert await it.refused(live, "balance.get") == (401, "unauthorized")


async def test_no_test_channel_no_test_keys(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where none is configured that is said."""
    async with scripts(tmp_path, monkeypatch) as it:
        (told,) = await it.house.pm("Boss", "key add alice read test")
        assert "web.test_channel" in told


async def test_a_channel_that_became_the_one_for_tests(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A live key made before acts there no more."""
    async with scripts(tmp_path, monkeypatch) as it:
        key = await it.key("alice", "read")
    async with scripts(tmp_path, monkeypatch, Web(test_channel=CHANNEL)) as it:
        assert await it.refused(key, "balance.get") == (403, "forbidden")


async def test_without_a_pepper_there_are_no_keys(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Operators and scripts are told what to set."""
    async with scripts(tmp_path, monkeypatch) as it:
        key = await it.key("alice", "read")
        for value in ("", "too short"):
            monkeypatch.setenv(PEPPER_NAME, value)
            (told,) = await it.house.pm("Boss", "key add alice read")
            assert PEPPER_NAME in told
            answer = await it.ask(key, "balance.get")
            assert (answer.status_code, PEPPER_NAME in answer.text) == (503, True)


async def test_the_page_says_how_to_make_keys_only_where_that_works(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without a pepper it tells what to set, and points to no form."""
    async with scripts(tmp_path, monkeypatch) as it, it.here.browser() as browser:
        await browser.sign_in("Boss")
        await browser.get("/op/keys")
        assert "Make one above" in browser.text
        monkeypatch.delenv(PEPPER_NAME)
        await browser.get("/op/keys")
        assert PEPPER_NAME in browser.text
        assert "Make one above" not in browser.text


async def test_a_key_for_a_name_that_was_never_here(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A script may have a name of its own, so the key is made; but it may be a slip."""
    async with scripts(tmp_path, monkeypatch) as it:
        (known,) = await it.house.pm("Boss", "key add @alice read")
        (new,) = await it.house.pm("Boss", "key add @alcie read")
        assert "never seen this name" in new
        assert "never seen this name" not in known


async def test_forged_keys(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever is sent for a key is refused with the way to do it, and nothing is told apart."""
    async with scripts(tmp_path, monkeypatch) as it:
        key = await it.key("alice", "read")
        texts = set()
        for bent in (key[:-1] + ("a" if key[-1] != "a" else "b"), f"ke_live_{'x' * 8}_{'y' * 40}"):
            answer = await it.ask(bent, "balance.get")
            assert answer.status_code == 401
            assert answer.headers["www-authenticate"] == "Bearer"
            texts.add(answer.text)
        assert len(texts) == 1
        for bent in ("", "ke_live_", key + "a", key.upper(), "<script>alert(1)</script>", "é" * 9):
            headers = {b"authorization": f"Bearer {bent}".encode("latin-1")}
            answer = await it.client.post("/api/v1/balance.get", json={}, headers=headers)
            assert answer.status_code == 401, bent
            assert "<script" not in answer.text
        basic = {"authorization": f"Basic {key}"}
        assert (await it.client.get("/api/v1/balance.get", headers=basic)).status_code == 401


async def test_brute_force_is_cut(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """After so many wrong keys an address waits, whatever it sends; known scripts go on."""
    async with scripts(tmp_path, monkeypatch) as it:
        used, fresh = await it.key("alice", "read"), await it.key("alice", "read")
        await it.data(used, "balance.get")
        wrong = [f"ke_live_{'abcdefgh'}_{number:040}" for number in range(FAILED_TRIES_MAX + 5)]
        statuses = [(await it.ask(each, "balance.get")).status_code for each in wrong]
        assert statuses == [401] * FAILED_TRIES_MAX + [429] * 5
        answer = await it.ask(fresh, "balance.get")
        assert (answer.status_code, answer.json()["error_code"]) == (429, "rate_limited")
        assert int(answer.headers["retry-after"]) > 1
        await it.data(used, "balance.get")
        await it.house.minutes(11)
        await it.data(fresh, "balance.get")


async def test_each_key_has_its_own_limit(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Reads and changes are counted apart, and one key's flood is nobody else's."""
    web = Web(key_reads_per_minute=3, key_changes_per_minute=1)
    async with scripts(tmp_path, monkeypatch, web) as it:
        key, other = await it.key("boss", "operate"), await it.key("alice", "read")
        for _ in range(3):
            await it.data(key, "balance.get")
        limited = (429, "rate_limited")
        assert await it.refused(key, "balance.get") == limited
        await it.data(key, "balance.adjust", username="bob", amount=1)
        assert await it.refused(key, "balance.adjust", username="bob", amount=1) == limited
        assert it.house.balance("Bob") == 100_001
        await it.data(other, "balance.get")
        await it.house.minutes(2)
        await it.data(key, "balance.get")


async def test_the_banned_have_no_keys(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A ban shuts the keys of its user until it is lifted."""
    async with scripts(tmp_path, monkeypatch) as it:
        key = await it.key("alice", "read")
        await it.house.pm("Boss", "ban alice rude")
        assert await it.refused(key, "balance.get") == (403, "banned")
        await it.house.pm("Boss", "unban alice")
        await it.data(key, "balance.get")


async def test_signed_tokens_are_taken(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where tokens are on, one asks about any channel, and its subject stands in the audit log."""
    issuer = Issuer(START_MS // 1000)
    shelf = Shelf(issuer.jwks)
    async with scripts(
        tmp_path, monkeypatch, sections={"api_auth": AUTH}, keys=lambda: shelf
    ) as it:
        body = {"channel": CHANNEL, "username": "bob", "amount": 5}
        await it.data(issuer.token(), "balance.adjust", **body)
        row = it.audit()[-1]
        assert (row.origin, row.admin) == ("api", "webqueue")
        assert it.house.balance("Bob") == 100_005
        expired = issuer.token(exp=issuer.now_s - 3_600)
        assert await it.refused(expired, "balance.adjust", **body) == (401, "unauthorized")
        assert await it.refused(issuer.token(), "balance.get", username="bob") == (
            400,
            "invalid_request",
        )


async def test_tokens_are_refused_where_they_are_off(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nobody comes in without proof because the bus needs none."""
    async with scripts(tmp_path, monkeypatch) as it:
        body = {"channel": CHANNEL, "username": "bob", "amount": 5}
        for token in ("", Issuer(START_MS // 1000).token()):
            assert await it.refused(token, "balance.adjust", **body) == (401, "unauthorized")
        assert it.house.balance("Bob") == 100_000


@pytest.mark.parametrize(
    "text",
    [
        "key",
        "key add",
        "key add alice",
        "key add alice all",
        "key add alice read live",
        "key add bad!name read",
        "key list all",
        "key revoke",
        "key revoke ke_live_",
        "key drop abcdefgh",
    ],
)
async def test_what_is_written_wrongly(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, text: str
) -> None:
    """It is answered with how it is written, and makes no key."""
    async with scripts(tmp_path, monkeypatch) as it:
        (told,) = await it.house.pm("Boss", text)
        assert "key add @user <scopes> [test]" in told
        assert it.house.report(lambda reports: keys_of(reports, CHANNEL)) == []


async def test_keys_are_for_operators(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Others can't make one, not even for themselves."""
    async with scripts(tmp_path, monkeypatch) as it:
        await it.house.join("Alice")
        (told,) = await it.house.pm("Alice", "key add alice operate")
        assert "ke-live" not in told
        assert it.house.report(lambda reports: keys_of(reports, CHANNEL)) == []


async def test_health_by_a_key_tells_of_its_own_channel(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What is stopped in another one, who is frozen there, and that its books are closed, is not
    told; whoever asks over the bus is told of all."""
    async with scripts(tmp_path, monkeypatch, channels=(CHANNEL, "Other")) as it:
        key = await it.key("boss", "operate")
        home, now_ms = it.house, it.house.now_ms
        set_ = partial(SetPanic, until_ms=None, at_ms=now_ms)
        mallory = UserKey.of("Other", "Mallory")
        for each in (
            set_("Other", "freeze", "Chief", "a secret", user=mallory, display_name="Mallory"),
            set_("Other", "games", "Chief", "another secret"),
            set_(CHANNEL, "earning", "Boss", "rebuilding"),
        ):
            changed = await home.commit(each)
            home.context.halts[each.channel].publish(changed.halts)
        await home.commit(SetReadOnly("Other", "mismatch", now_ms))
        home.context.population = {CHANNEL: 2, "Other": 40}
        told = await it.data(key, "system.health")
        assert len(told["panic"]) == 1
        assert told["panic"][0].startswith(f"{CHANNEL}: ")
        assert told["status"] == "healthy"
        assert told["active_sessions"] == 2
        assert not re.search("Mallory|secret|Other|Chief", f"{told}")
        bus = Replies()
        trusted_api = spawn(home, "trusted", lambda: ApiActor(home.context, bus))
        trusted = await Api(home, bus, trusted_api).data("system.health")
        assert trusted["status"] == "degraded"
        assert trusted["active_sessions"] == 42
        assert len(trusted["panic"]) == 3
        assert "Mallory" in f"{trusted['panic']}"
