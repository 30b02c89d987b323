"""The keys of a channel's scripts: operators make them here, see who has which, and revoke them."""

from datetime import datetime

from starlette.responses import Response

from economy_actors.handlers.api_keys import keys_off
from economy_actors.pages.registry import Who, form, page
from economy_actors.pages.view import View
from kryten_economy.features.api_keys import ApiKey, Scope, keys_of

__all__ = ()

_DOCS = {
    Scope.READ: "read what everybody may see, and what its user may",
    Scope.SPEND: "buy for its user",
    Scope.OPERATE: "do all that operators do, for anybody",
}


@page("/op/keys", who=Who.OPERATOR, nav="Keys", at=84, group="Settings")
async def keys(view: View) -> Response:
    """The keys there are, the newest first, and a form for another."""
    channel = view.channel
    found = await view.read(lambda reports: keys_of(reports, channel))
    return view.show(
        "op/keys.html",
        keys=found,
        off=keys_off(),
        scopes=[(scope.value, text) for scope, text in _DOCS.items()],
        is_test=view.site.web.is_test(channel),
        used=lambda key: _day(view, key.last_used_at_ms),
        made=lambda key: _day(view, key.created_at_ms),
        opens=_opens,
    )


@form("/op/keys/add", who=Who.OPERATOR)
async def add(view: View) -> Response:
    """Make a key; the page of the answer is the only place where it is shown."""
    name = view.form.get("name", "").strip().removeprefix("@")
    scopes = ",".join(each.value for each in Scope if view.form.get(each.value) == "on")
    kind = ["test"] if view.site.web.is_test(view.channel) else []
    # Without a scope the command says which there are.
    words = [f"@{name}" if name else "", scopes or "none", *kind]
    return view.answered(await view.act("key add", *words), back="/op/keys")


@form("/op/keys/revoke", who=Who.OPERATOR)
async def revoke(view: View) -> Response:
    """Revoke a key."""
    prefix = view.form.get("prefix", "")
    return view.answered(await view.act("key revoke", prefix), back="/op/keys")


def _opens(key: ApiKey) -> str:
    return key.scopes_text.replace(",", ", ")


def _day(view: View, at_ms: int | None) -> str:
    """The day in the configured zone; "" for never."""
    if at_ms is None:
        return ""
    zone = view.context.live.calendar.zone
    return f"{datetime.fromtimestamp(at_ms / 1000, zone):%Y-%m-%d}"
