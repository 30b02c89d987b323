"""``${NAME}`` and ``${NAME:-default}`` in values.

An unset variable without default is empty; a set but empty one stays empty. What is
inserted is never read again, neither as YAML nor as another ``${…}``.
"""

import re
from collections.abc import Mapping

__all__ = ("substitute",)

_REFERENCE = re.compile(r"\$\{([^}:]+)(?::-([^}]*))?\}")


def substitute(text: str, environ: Mapping[str, str]) -> str:
    """The text with every reference replaced from ``environ``."""
    return _REFERENCE.sub(lambda match: environ.get(match[1], match[2] or ""), text)
