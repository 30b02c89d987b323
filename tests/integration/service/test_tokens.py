"""The real service over the real bus, with keys in a file: who may change something."""

from pathlib import Path

from tests.actors.api.signing import AUTH, Issuer
from tests.integration.service.house import NOON_MS, House, OpenHouse


def on(path: Path) -> dict[str, object]:
    return AUTH | {"jwks": str(path), "reread_seconds": 5}


async def grant(house: House, token: str | None) -> str:
    """How it ends to ask for 5 coins for alice."""
    answer = await house.api("balance.adjust", username="alice", amount=5, token=token)
    return "ok" if answer["success"] else str(answer["error_code"])


async def test_tokens_from_the_start(make_house: OpenHouse, tmp_path: Path) -> None:
    """With keys in a file only good tokens change anything; commands of admins by PM, and
    whatever reads, need none; the act is in the audit log under the token's subject."""
    issuer = Issuer(NOON_MS // 1000)
    path = tmp_path / "keys.json"
    path.write_bytes(issuer.jwks())
    house = await make_house(api_auth=on(path))

    assert await grant(house, None) == "unauthorized"
    assert await grant(house, issuer.confused()) == "unauthorized"
    assert await grant(house, issuer.token(exp=issuer.now_s - 3_600)) == "unauthorized"
    assert house.balance("alice") in {None, 0}
    token = issuer.token(exp=issuer.now_s + 3_600)
    assert await grant(house, token) == "ok"
    assert "Granted" in await house.ask("boss", "grant alice 5")
    assert (await house.data("balance.get", username="alice"))["balance"] == 10
    assert ("webqueue", "balance.adjust") in house.rows("SELECT admin, command FROM audit_log")
    assert house.metric("economy_api_keys") == 1
    assert house.metric("economy_api_unauthorized_total", reason="expired") == 1


async def test_tokens_from_a_reload_on(house: House, tmp_path: Path) -> None:
    """A reload shuts and opens the doors at once, without a restart."""
    issuer = Issuer(NOON_MS // 1000)
    path = tmp_path / "keys.json"
    path.write_bytes(issuer.jwks())
    token = issuer.token(exp=issuer.now_s + 3_600)
    assert await grant(house, None) == "ok"

    house.write_config(api_auth=on(path))
    await house.ask("boss", "reload")

    assert await grant(house, None) == "unauthorized"
    assert await grant(house, token) == "ok"
    house.write_config(api_auth={"issuer": ""})
    assert "issuer" in await house.ask("boss", "reload")
    assert await grant(house, None) == "unauthorized"
    house.write_config(api_auth={"enabled": False})
    await house.ask("boss", "reload")
    assert await grant(house, None) == "ok"
