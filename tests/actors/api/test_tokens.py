"""Who may change something: with tokens switched on, nobody without a good one moves a coin."""

import json
import random
import re
import sys
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import anyio
import pytest
from joserfc.jwk import ECKey
from tests.actors.api.helpers import Api, api
from tests.actors.api.signing import AUTH, Issuer, Shelf, segment
from tests.actors.house import CHANNEL, START_MS, settings_with

from economy_actors import logs
from economy_actors.api import WORKERS
from economy_actors.handlers.registry import REQUESTS
from economy_actors.tokens import SKEW_S
from kryten_economy.config import Settings

GRANT: dict[str, Any] = {"command": "balance.adjust", "channel": CHANNEL, "username": "alice"}


@dataclass
class Gate:
    """A service that asks for tokens, who issues them, and where its keys lie."""

    it: Api
    issuer: Issuer
    shelf: Shelf

    async def grant(self, token: object = None, **more: object) -> dict[str, Any]:
        """Ask for 50 coins with this token."""
        return await self.it.raw(GRANT | {"amount": 50, "token": token} | more)

    def refusals(self, reason: str) -> float:
        """How many requests were refused for this reason."""
        registry = self.it.house.context.metrics.registry
        labels = {"reason": reason}
        return registry.get_sample_value("economy_api_unauthorized_total", labels) or 0.0


@asynccontextmanager
async def gate(
    path: Path, auth: dict[str, Any] | None = None, issuer: Issuer | None = None
) -> AsyncIterator[Gate]:
    """A house whose API asks for tokens; alice has 100 Z."""
    issuer = issuer or Issuer(START_MS // 1000)
    shelf = Shelf(issuer.jwks)
    settings = settings_with(api_auth=AUTH | (auth or {}))
    async with api(path, settings, keys=lambda: shelf) as it:
        await it.account("alice", 100)
        yield Gate(it, issuer, shelf)


async def test_a_good_token_opens_and_its_subject_is_in_the_audit_log(tmp_path: Path) -> None:
    """Who carries a good token may change something, and the audit log knows whose it was."""
    async with gate(tmp_path) as here:
        answer = await here.grant(here.issuer.token(), reason="prize")
        named = await here.grant(here.issuer.token(), admin="ops")

        assert (answer["success"], answer["data"]["balance"]) == (True, 150)
        assert named["data"]["balance"] == 200
        first, second = here.it.audit()
        assert (first.admin, second.admin) == ("webqueue", "ops")
        for row in (first, second):
            assert json.loads(row.arguments)["token_subject"] == "webqueue"
            assert "eyJ" not in row.arguments


async def test_reading_needs_no_token(tmp_path: Path) -> None:
    """Whoever only reads is served as ever, also with a token that opens nothing."""
    async with gate(tmp_path) as here:
        assert (await here.it.data("balance.get", username="alice"))["balance"] == 100
        assert (await here.it.data("balance.get", username="alice", token="x"))["found"] is True
        assert here.shelf.reads == 1


async def test_switched_off_nobody_needs_one(tmp_path: Path) -> None:
    """The bus is trusted unless the settings say otherwise; a token that comes all the same is
    no unknown field."""
    async with gate(tmp_path, {"enabled": False}) as here:
        assert (await here.grant(None))["success"] is True
        item = {"item": "wave", "name": "Wave", "price": 5, "effect": "announce", "text": "hi"}
        assert (await here.it.data("shop.add", **item, token="x"))["item"] == "wave"
        assert here.shelf.reads == 0


async def test_every_request_that_changes_something_is_shut(tmp_path: Path) -> None:
    """Each of them is ``unauthorized`` without a token, before its fields are looked at, leaves no
    row in the audit log, and what it would change stays; the reading ones are open."""
    async with gate(tmp_path) as here:
        for name in sorted(REQUESTS.names):
            spec = REQUESTS.find(name)
            assert spec is not None
            answer = await here.it.raw({"command": name})
            shut = answer.get("error_code") == "unauthorized"
            assert shut == spec.changes, (name, answer)
        assert here.it.audit() == []
        assert here.it.house.balance("alice") == 100
        changing = sum(spec.changes for spec in map(REQUESTS.find, REQUESTS.names) if spec)
        assert here.refusals("missing") == changing
        assert here.it.counted("rain", "refused") == 1


Make = Callable[[Issuer], object]

HOSTILE: dict[str, tuple[Make, str]] = {
    "none": (lambda issuer: issuer.unsigned(), "algorithm"),
    "hmac-with-the-public-key": (lambda issuer: issuer.confused(), "algorithm"),
    "expired": (lambda issuer: issuer.token(exp=issuer.now_s - SKEW_S - 1), "expired"),
    "not-yet-valid": (lambda issuer: issuer.token(nbf=issuer.now_s + SKEW_S + 5), "not_yet_valid"),
    "issued-later": (lambda issuer: issuer.token(iat=issuer.now_s + 3600), "not_yet_valid"),
    "other-audience": (lambda issuer: issuer.token(aud="other"), "audience"),
    "audience-in-parts": (lambda issuer: issuer.token(aud=["kryten", "economy"]), "audience"),
    "other-issuer": (lambda issuer: issuer.token(iss="https://evil.example"), "issuer"),
    "no-expiry": (lambda issuer: issuer.token(exp=None), "claims"),
    "expiry-in-words": (lambda issuer: issuer.token(exp="tomorrow"), "claims"),
    "no-issuer": (lambda issuer: issuer.token(iss=None), "claims"),
    "no-subject": (lambda issuer: issuer.token(sub=None), "claims"),
    "blank-subject": (lambda issuer: issuer.token(sub=" \u200b"), "claims"),
    "long-subject": (lambda issuer: issuer.token(sub="x" * 65), "claims"),
    "subject-is-a-number": (lambda issuer: issuer.token(sub=5), "claims"),
    "unknown-key": (lambda issuer: issuer.token(header={"kid": "third"}), "unknown_key"),
    "key-without-name": (lambda issuer: issuer.token(header={"kid": ""}), "algorithm"),
    "key-of-somebody-else": (
        lambda issuer: issuer.token(key=ECKey.generate_key("P-256")),
        "signature",
    ),
    "truncated": (lambda issuer: issuer.token()[:-10], "signature"),
    "cut-off-signature": (lambda issuer: issuer.token().rpartition(".")[0] + ".", "signature"),
    "two-parts": (lambda issuer: issuer.token().rpartition(".")[0], "malformed"),
    "ten-kilobytes": (lambda issuer: issuer.token(sub="x" * 10_000), "malformed"),
    "long-header": (lambda issuer: issuer.token(header={"x5t": "x" * 1_500}), "malformed"),
    "nested-header": (
        lambda issuer: f"{segment(b'[' * 700)}.{segment(issuer.claims())}.aaaa",
        "malformed",
    ),
    "critical-header": (
        lambda issuer: (
            f"{segment({'alg': 'ES256', 'kid': 'first', 'crit': ['exp']})}"
            f".{segment(issuer.claims())}.{'a' * 86}"
        ),
        "malformed",
    ),
    "number": (lambda _issuer: 5, "malformed"),
    "list": (lambda issuer: [issuer.token()], "malformed"),
    "object": (lambda issuer: {"token": issuer.token()}, "malformed"),
    "bearer": (lambda issuer: f"Bearer {issuer.token()}", "malformed"),
    "empty": (lambda _issuer: "", "missing"),
    "nothing": (lambda _issuer: None, "missing"),
}


async def test_hostile_tokens_move_no_money(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Each is refused with ``unauthorized`` and a sentence of what is wrong, is counted under its
    reason, and changes nothing; nothing of a token reaches the log."""
    logs.configure("DEBUG", sys.stdout, as_json=True)
    seen: dict[str, int] = {}
    async with gate(tmp_path) as here:
        told = set()
        for name, (make, reason) in HOSTILE.items():
            token = make(here.issuer)
            answer = await here.grant(token)
            assert answer["success"] is False, name
            assert answer["error_code"] == "unauthorized", (name, answer)
            assert set(answer) == {"service", "command", "success", "error", "error_code"}
            seen[reason] = seen.get(reason, 0) + 1
            assert here.refusals(reason) == seen[reason], (name, answer)
            if isinstance(token, str) and len(token) > 20:
                assert token.rpartition(".")[2][:20] not in answer["error"] or token.endswith(".")
                assert token[:20] not in answer["error"]
            told.add(answer["error"])
        assert len(told) == len(seen), "each reason has a sentence of its own"
        assert here.it.house.balance("alice") == 100
        assert here.it.audit() == []
        assert (await here.grant(here.issuer.token()))["data"]["balance"] == 150
    written = capsys.readouterr()
    for text in (written.out, written.err):
        assert "eyJ" not in text
        assert here.issuer.public("first")["x"] not in text
    assert "refused for its token" in written.out


async def test_any_bent_token_moves_no_money(tmp_path: Path) -> None:
    """A good token of which a sign was changed, left out or doubled anywhere opens nothing."""
    chance = random.Random(20_261_129)
    async with gate(tmp_path) as here:
        good = here.issuer.token()
        for _ in range(150):
            place = chance.randrange(len(good))
            sign = chance.choice("Aa9_-.%é\n ")
            bent = chance.choice(
                [
                    good[:place] + sign + good[place + 1 :],
                    good[:place] + good[place + 1 :],
                    good[:place] + good[place] + good[place:],
                    good[:place],
                ]
            )
            if _same(bent, good):
                continue
            answer = await here.grant(bent)
            assert answer["success"] is False, bent
            assert answer["error_code"] == "unauthorized", (bent, answer)
        assert here.it.house.balance("alice") == 100


def _same(bent: str, good: str) -> bool:
    """Whether the bytes are the same: the last sign of base64 has bits that mean nothing."""
    return bent == good or (len(bent) == len(good) and bent[:-1] == good[:-1])


async def test_clocks_may_be_five_seconds_apart(tmp_path: Path) -> None:
    """A token is taken from five seconds before its time until just before five after it."""
    async with gate(tmp_path) as here:
        now_s = here.it.house.now_ms // 1000
        late = here.issuer.token(exp=now_s - SKEW_S + 1)
        early = here.issuer.token(nbf=now_s + SKEW_S, iat=now_s + SKEW_S)
        assert (await here.grant(late))["success"] is True
        assert (await here.grant(early))["success"] is True
        await anyio.sleep(1)
        assert "expired" in (await here.grant(late))["error"]


async def test_a_new_key_is_found_and_an_old_one_goes(tmp_path: Path) -> None:
    """A key that nobody knows is looked up at once; one that was taken out of the set opens
    nothing after the next reading."""
    async with gate(tmp_path, {"refresh_seconds": 600}) as here:
        old = here.issuer.token(exp=here.issuer.now_s + 7_200)
        assert (await here.grant(old))["success"] is True
        await anyio.sleep(60)
        here.issuer.rotate("second")
        assert (await here.grant(here.issuer.token()))["success"] is True
        assert (await here.grant(old))["success"] is True
        assert here.shelf.reads == 2

        here.shelf.body = lambda: here.issuer.jwks("second")
        await anyio.sleep(610)

        assert (await here.grant(old))["error_code"] == "unauthorized"
        assert here.refusals("unknown_key") == 1


async def test_invented_keys_do_not_have_the_set_read_without_end(tmp_path: Path) -> None:
    """For keys that nobody knows the set is read again every ``reread_seconds`` and no oftener."""
    async with gate(tmp_path, {"reread_seconds": 30, "refresh_seconds": 86_400}) as here:
        until_s = here.it.house.now_ms + 120_000
        asked = 0
        while here.it.house.now_ms < until_s:
            answer = await here.grant(here.issuer.token(header={"kid": f"k{asked}"}))
            assert answer["error_code"] == "unauthorized"
            asked += 1
            await anyio.sleep(1)
        assert asked > 80
        assert here.shelf.reads <= 5
        assert here.it.house.balance("alice") == 100


async def test_keys_that_cannot_be_read_open_nothing(tmp_path: Path) -> None:
    """Without keys a change is ``unavailable`` and not made; when they can be read again it is."""
    issuer = Issuer(START_MS // 1000)
    shelf = Shelf(issuer.jwks)
    shelf.is_away = True
    settings = settings_with(api_auth=AUTH)
    async with api(tmp_path, settings, keys=lambda: shelf) as it:
        await it.account("alice", 100)
        here = Gate(it, issuer, shelf)
        token = issuer.token(exp=issuer.now_s + 3_600)
        answer = await here.grant(token)
        assert answer["error_code"] == "unavailable"
        assert it.house.balance("alice") == 100
        assert here.refusals("no_keys") == 1

        shelf.is_away = False
        await anyio.sleep(31)
        assert (await here.grant(token))["success"] is True


async def test_known_keys_outlast_a_source_that_is_away(tmp_path: Path) -> None:
    """What was read once goes on counting while it can't be read again, nor makes sense."""
    async with gate(tmp_path, {"refresh_seconds": 60}) as here:
        token = here.issuer.token(exp=here.issuer.now_s + 86_400)
        for rubbish in (
            b"",
            b"[]",
            b'{"keys": 5}',
            b"\xff",
            b"[" * 100_000,
            b'{"keys":[' + b"1," * 200 + b"1]}",
        ):
            here.shelf.body = lambda rubbish=rubbish: rubbish  # type: ignore[misc]
            await anyio.sleep(100)
            assert (await here.grant(token))["success"] is True, rubbish
        registry = here.it.house.context.metrics.registry
        failed = registry.get_sample_value("economy_errors_total", {"component": "keys"})
        assert failed is not None
        assert failed >= 6


async def test_a_silent_source_holds_up_no_reading(tmp_path: Path) -> None:
    """While more callers wait for keys than there are workers, those who read are served at once,
    and each of the others is answered in time."""
    issuer = Issuer(START_MS // 1000)

    async def silent() -> bytes:
        await anyio.sleep(3_600)
        return b""

    shelf = Shelf(silent)
    async with api(tmp_path, settings_with(api_auth=AUTH), keys=lambda: shelf) as it:
        await it.account("alice", 100)
        begun_s = anyio.current_time()
        inboxes = [
            it.post(GRANT | {"amount": 1, "token": issuer.token(header={"kid": f"k{number}"})})
            for number in range(WORKERS * 3)
        ]
        assert (await it.data("balance.get", username="alice"))["balance"] == 100
        assert anyio.current_time() - begun_s < 0.5
        await anyio.sleep(5)
        for inbox in inboxes:
            assert it.bus.answers[inbox]["error_code"] == "unavailable"
            assert it.bus.at_s[inbox] - begun_s < 4.5
        assert it.house.balance("alice") == 100


async def test_new_settings_apply_to_the_next_request(tmp_path: Path) -> None:
    """Keys of the place that was configured before open nothing any more."""
    async with gate(tmp_path) as here:
        token = here.issuer.token()
        assert (await here.grant(token))["success"] is True
        stranger = Issuer(here.issuer.now_s)
        here.shelf.body = stranger.jwks
        live = here.it.house.context.live
        live.swap(settings_with(api_auth=AUTH | {"jwks": "other.json"}))

        assert (await here.grant(token))["error_code"] == "unauthorized"
        assert (await here.grant(stranger.token()))["success"] is True

        live.swap(settings_with())
        assert (await here.grant(None))["success"] is True


async def test_private_and_unfit_keys_are_left_out(tmp_path: Path) -> None:
    """A key that is private, symmetric, of another curve or use, or named twice opens nothing."""
    issuer = Issuer(START_MS // 1000)
    for name in ("private", "encrypts", "twice", "nameless", "off-curve"):
        issuer.rotate(name)
    entries = [
        issuer.public("first"),
        {**issuer.keys["private"].as_dict(private=True), "kid": "private"},
        issuer.public("encrypts") | {"use": "enc"},
        issuer.public("twice"),
        issuer.public("twice"),
        issuer.public("nameless") | {"kid": None},
        issuer.public("off-curve") | {"x": issuer.public("first")["x"]},
        {"kty": "oct", "k": "c2VjcmV0", "kid": "secret"},
        "rubbish",
        {**ECKey.generate_key("P-384").as_dict(private=False), "kid": "long"},
    ]
    shelf = Shelf(lambda: json.dumps({"keys": entries}).encode())
    async with api(tmp_path, settings_with(api_auth=AUTH), keys=lambda: shelf) as it:
        await it.account("alice", 100)
        here = Gate(it, issuer, shelf)
        for name in ("private", "encrypts", "twice", "nameless", "off-curve"):
            issuer.current = name
            answer = await here.grant(issuer.token())
            assert answer["error_code"] == "unauthorized", name
        issuer.current = "first"
        assert (await here.grant(issuer.token()))["success"] is True
        registry = it.house.context.metrics.registry
        assert registry.get_sample_value("economy_api_keys") == 1


async def test_the_example_of_the_page_works(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The key and the token of docs/operations.md, Tokens, open what they should."""
    page = (Path(__file__).parents[3] / "docs" / "operations.md").read_text(encoding="utf-8")
    (example,) = re.findall(r"```python\n(.*?)```", page, re.DOTALL)
    exec(example, {})  # noqa: S102 - our own page
    jwks, token = capsys.readouterr().out.splitlines()
    settings = settings_with(api_auth=AUTH)
    now_ms = time.time_ns() // 1_000_000
    async with api(tmp_path, settings, keys=lambda: Shelf(jwks.encode), start_ms=now_ms) as it:
        await it.account("alice", 100)
        assert (await it.raw(GRANT | {"amount": 5, "token": token}))["success"] is True


def test_settings_that_would_leave_doors_open_are_refused() -> None:
    """A section that asks for tokens and can't have them is an error, never switched off."""
    for broken in (
        {"jwks": ""},
        {"issuer": " "},
        {"audience": ""},
        {"jwks": "http://id.example.org/jwks"},
        {"jwks": "ftp://localhost/jwks"},
        {"jwks": "https://"},
        {"enabled": "perhaps"},
    ):
        with pytest.raises(ValueError, match="api_auth"):
            settings_with(api_auth=AUTH | broken)
    for good in ("https://id.example.org/jwks", "http://127.0.0.1:8080/jwks", "/etc/keys.json"):
        settings: Settings = settings_with(api_auth=AUTH | {"jwks": good})
        assert settings.api_auth.is_address == ("://" in good)
