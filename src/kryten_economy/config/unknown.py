"""Keys nobody reads: usually typos, so each is named with the nearest key there is."""

from collections.abc import Iterator
from difflib import get_close_matches

from kryten_economy.config.document import Document, KeyPath
from kryten_economy.config.schema import key_paths, shape
from kryten_economy.config.section import Section
from kryten_economy.config.settings import Settings

__all__ = ("unknown_keys",)


def unknown_keys(document: Document) -> list[str]:
    """One warning for each key of the document that no model knows."""
    return [
        _warning(document, path, model) for path, model in _unknown((), document.data, Settings)
    ]


def _unknown(
    path: KeyPath, data: object, model: type[Section]
) -> Iterator[tuple[KeyPath, type[Section]]]:
    if not isinstance(data, dict):
        return
    for key, value in data.items():
        field = model.model_fields.get(key) if isinstance(key, str) else None
        if field is not None:
            held = shape(field)
            if held.section is not None:
                entries = list(enumerate(value)) if held.container and _is_list(value) else []
                for index, entry in entries:
                    yield from _unknown((*path, key, index), entry, held.section)
                if not held.container:
                    yield from _unknown((*path, key), value, held.section)
        elif key not in model.ignored_keys:
            yield (*path, key), model


def _is_list(value: object) -> bool:
    return isinstance(value, list)


def _warning(document: Document, path: KeyPath, model: type[Section]) -> str:
    place = document.place(path)
    where = place.file if place.line is None else f"{place.file}:{place.line}"
    above = place.key_path.rpartition(".")[0]
    near = _nearest(str(path[-1]), above, model)
    hint = f" (did you mean {near}?)" if near else ""
    return f"{where}: {place.key_path} is not a known key and is ignored{hint}"


def _nearest(key: str, above: str, model: type[Section]) -> str | None:
    """A very similar key of this section, else the same key elsewhere, else a similar one here."""
    here = {f"{above}.{name}" if above else name: name for name in model.model_fields}
    close = _similar(key, here, 0.8)
    elsewhere = [path for path in key_paths(Settings) if path.rpartition(".")[2] == key]
    return next(iter((*close, *elsewhere, *_similar(key, here, 0.6))), None)


def _similar(key: str, names: dict[str, str], cutoff: float) -> list[str]:
    close = get_close_matches(key.lower(), names.values(), n=1, cutoff=cutoff)
    return [path for path, name in names.items() if name in close]
