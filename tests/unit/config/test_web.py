"""The section of the pages (config.md 2)."""

from pathlib import Path

import pytest
from tests.unit.config.samples import NO_ENVIRONMENT

from kryten_economy.config import Settings, load
from kryten_economy.config.problems import ConfigError
from kryten_economy.config.web import Web

BASE = "nats: {servers: ['nats://127.0.0.1:4222']}\nchannels: [{domain: d, channel: c}]\n"


def _web(tmp_path: Path, text: str) -> Web | None:
    path = tmp_path / "config.yaml"
    path.write_text(BASE + text, encoding="utf-8")
    loaded = load(path, NO_ENVIRONMENT)
    assert loaded.warnings == ()
    settings: Settings = loaded.settings
    return settings.web


def test_no_section_no_pages(tmp_path: Path) -> None:
    """Without the section there are no pages; named alone it means its defaults."""
    assert _web(tmp_path, "") is None
    assert _web(tmp_path, "web:\n") == Web()
    assert _web(tmp_path, "web: {}\n") == Web()


def test_values_are_brought_into_one_form(tmp_path: Path) -> None:
    """Addresses lose the slash at their end, and a single proxy is a network of one."""
    web = _web(
        tmp_path,
        "web: {public_url: 'https://Economy.example.org/', trusted_proxies: [10.0.0.7, '::1']}",
    )
    assert web is not None
    assert web.public_url == "https://economy.example.org"
    assert web.is_secure
    assert web.trusted_proxies == ("10.0.0.7/32", "::1/128")


@pytest.mark.parametrize(
    "text",
    [
        "public_url: 'https://a.example/path'",
        "public_url: 'ftp://a.example'",
        "public_url: 'https://a.example; script-src *'",
        "public_url: 'https://me@a.example'",
        "embed_origins: ['*']",
        "embed_origins: ['a.example']",
        "trusted_proxies: [everybody]",
        "port: 70000",
    ],
)
def test_wrong_values_are_refused(tmp_path: Path, text: str) -> None:
    """What could open a door by accident refuses the file, with what is allowed."""
    path = tmp_path / "config.yaml"
    path.write_text(f"{BASE}web: {{{text}}}\n", encoding="utf-8")
    with pytest.raises(ConfigError, match=r"web\."):
        load(path, NO_ENVIRONMENT)
