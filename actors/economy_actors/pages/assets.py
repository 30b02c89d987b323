"""What is shipped with the pages: stylesheet, scripts and templates, read once at the start.

Only what was found then can be asked for, by its exact name: no path ever reaches the disk. The
address of an asset holds a digest of its content, so that browsers keep it until it changes.
"""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from types import MappingProxyType
from typing import Final

from jinja2 import Environment, PackageLoader, StrictUndefined
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

__all__ = ("asset_url", "assets", "environment", "static")

_KINDS: Final = {
    ".css": "text/css; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".svg": "image/svg+xml",
}


@dataclass(frozen=True, slots=True)
class Asset:
    """One file as it is sent."""

    content: bytes
    kind: str
    digest: str


@cache
def assets() -> Mapping[str, Asset]:
    """All of them by name."""
    found = {}
    for entry in (files("economy_actors.pages") / "static").iterdir():
        kind = _KINDS.get("." + entry.name.rpartition(".")[2])
        if kind is not None:
            content = entry.read_bytes()
            found[entry.name] = Asset(content, kind, hashlib.sha256(content).hexdigest()[:12])
    return MappingProxyType(found)


def asset_url(name: str) -> str:
    """Where an asset is; it must be there."""
    return f"/static/{name}?v={assets()[name].digest}"


async def static(request: Request) -> Response:
    """Send an asset; what is asked for by its digest never changes."""
    asset = assets().get(request.path_params["name"])
    if asset is None:
        raise HTTPException(404)
    is_current = request.query_params.get("v") == asset.digest
    keep = "public, max-age=31536000, immutable" if is_current else "public, max-age=300"
    return Response(asset.content, media_type=asset.kind, headers={"cache-control": keep})


@cache
def environment() -> Environment:
    """The templates: they escape everything, and a name that they lack is a defect."""
    made = Environment(
        loader=PackageLoader("economy_actors.pages"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        auto_reload=False,
    )
    made.globals["asset"] = asset_url
    return made
