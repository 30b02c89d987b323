"""Answers of the API that are larger than the bus takes: what fits goes, and says so."""

import json
from collections.abc import Mapping
from typing import Any, Final

__all__ = ("TOO_LARGE", "fitted")

TOO_LARGE: Final = "answer_too_large"
"""The error code of an answer of which nothing fits."""


def fitted(answer: Mapping[str, Any], bytes_max: int) -> bytes:
    """The answer as it goes out, cut to what the bus takes.

    Of a list as many entries go as fit; beside them stands ``truncated``, and ``next_offset`` for
    a request that has an offset. What has no list to cut becomes an error.
    """
    body = _encoded(answer)
    if len(body) <= bytes_max:
        return body
    data = answer.get("data")
    key = _longest_list(data) if isinstance(data, Mapping) else None
    if key is not None:
        assert isinstance(data, Mapping), data
        # By halves: entries differ in length, and only the whole answer tells whether it fits.
        fits, too_many = 0, len(data[key])
        while too_many - fits > 1:
            count = (fits + too_many) // 2
            if len(_encoded(_cut(answer, data, key, count))) <= bytes_max:
                fits = count
            else:
                too_many = count
        if fits:
            return _encoded(_cut(answer, data, key, fits))
    return _encoded(_refusal(answer))


def _encoded(answer: Mapping[str, Any]) -> bytes:
    return json.dumps(answer).encode()


def _longest_list(data: Mapping[str, Any]) -> str | None:
    lists = {key: len(value) for key, value in data.items() if isinstance(value, list | tuple)}
    return max(lists, key=lambda key: lists[key], default=None)


def _cut(
    answer: Mapping[str, Any], data: Mapping[str, Any], key: str, count: int
) -> dict[str, Any]:
    shorter = {**data, key: data[key][:count], "truncated": True}
    if isinstance(offset := data.get("offset"), int):
        shorter["next_offset"] = offset + count
    if data.get("count") == len(data[key]):
        shorter["count"] = count
    return {**answer, "data": shorter}


def _refusal(answer: Mapping[str, Any]) -> dict[str, Any]:
    head = {key: answer[key] for key in ("service", "command") if key in answer}
    error = "The answer is larger than the bus can carry. Please ask for less at once."
    return {**head, "success": False, "error": error, "error_code": TOO_LARGE}
