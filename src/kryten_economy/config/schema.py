"""Questions about the settings models: which key holds a section, a list or a plain value."""

from collections.abc import Iterator, Mapping
from typing import Annotated, NamedTuple, get_args, get_origin

from pydantic.fields import FieldInfo

from kryten_economy.config.section import Section

__all__ = ("Shape", "key_paths", "shape")


class Shape(NamedTuple):
    """What a key holds.

    ``section`` is the model of the value, or of each entry if the value is a list;
    ``container`` is true for lists and maps.
    """

    section: type[Section] | None
    container: bool
    optional: bool


def shape(field: FieldInfo) -> Shape:
    """The shape of one field of a section."""
    annotation = field.annotation
    arguments = get_args(annotation)
    if isinstance(annotation, type) and issubclass(annotation, Section):
        return Shape(annotation, container=False, optional=False)
    if get_origin(annotation) is tuple:
        entry = arguments[0]
        if get_origin(entry) is Annotated:
            entry = get_args(entry)[0]
        is_section = isinstance(entry, type) and issubclass(entry, Section)
        return Shape(entry if is_section else None, container=True, optional=False)
    if get_origin(annotation) is Mapping:
        return Shape(None, container=True, optional=False)
    return Shape(None, container=False, optional=type(None) in arguments)


def key_paths(model: type[Section], above: str = "") -> Iterator[str]:
    """Every key path of a model and its sections, such as ``rain.max_amount``; no list entries."""
    for name, field in model.model_fields.items():
        held = shape(field)
        yield f"{above}{name}"
        if held.section is not None and not held.container:
            yield from key_paths(held.section, f"{above}{name}.")
