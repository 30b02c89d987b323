"""The longest test goes first, so that no worker is left alone with it in the end."""

import pytest


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    items.sort(key=lambda item: "[los-angeles-autumn" not in item.name)
