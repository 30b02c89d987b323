"""What keys of scripts need of the environment."""

import pytest

from economy_actors.handlers.api_keys import PEPPER_NAME


@pytest.fixture(autouse=True)
def pepper(monkeypatch: pytest.MonkeyPatch) -> None:
    """Keys can be made."""
    monkeypatch.setenv(PEPPER_NAME, "a pepper of more than sixteen characters")
