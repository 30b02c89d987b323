"""Charts as drawings that stand in a page by themselves: no script, no style, nothing fetched.

Colours and sizes of text are the stylesheet's (under "Charts" in pages.css), so that a chart is as
light or dark as its page. What a chart shows is said in words above it, and the figures stand
beside it as well.
"""

import sys
from collections.abc import Callable, Mapping, Sequence
from types import ModuleType
from typing import Any, Final, TypeAlias
from xml.etree.ElementTree import Element, tostring

from markupsafe import Markup

__all__ = ("Figures", "bars", "lines")

Figures: TypeAlias = Mapping[str, Sequence[float | None]]
"""The series by name, each with a value per label; None where there is none."""

_WIDTH: Final = 720
_HEIGHT: Final = 260
_LABELS_MAX: Final = 6
_RIGHT: Final = 56
"""Half of the last label stands behind the end of its line."""
_LEFT_OUT: Final = frozenset({"script", "style", "title", "desc", "defs"})
_DROPPED: Final = frozenset({"tooltip", "text-overlay"})


def _whole(value: float) -> str:
    return f"{value:,.0f}"


def lines(
    name: str,
    title: str,
    about: str,
    labels: Sequence[str],
    figures: Figures,
    *,
    shown: Callable[[float], str] = _whole,
    height: int = _HEIGHT,
) -> Markup:
    """One line per series. ``name`` is an id on the page, ``about`` says what there is to see."""
    chart = _pygal().Line(**_look(figures, shown, height), show_dots=False)
    chart.x_labels = list(labels)
    chart.x_labels_major = _few(labels)
    chart.show_minor_x_labels = False
    for series, values in figures.items():
        chart.add(series, list(values))
    return _drawn(chart, name, title, about)


def bars(
    name: str,
    title: str,
    about: str,
    labels: Sequence[str],
    figures: Figures,
    *,
    shown: Callable[[float], str] = _whole,
) -> Markup:
    """Bars from left to right, one below the other in the order of the labels."""
    height = 90 + 24 * len(labels) * max(1, len(figures))
    chart = _pygal().HorizontalBar(**_look(figures, shown, height))
    chart.x_labels = list(reversed(labels))  # drawn from below
    for series, values in figures.items():
        chart.add(series, list(reversed(values)))
    return _drawn(chart, name, title, about)


def _few(labels: Sequence[str]) -> list[str]:
    """As many labels as can be read on a narrow screen, the last among them."""
    step = max(1, -(-len(labels) // _LABELS_MAX))
    return list(labels)[::-1][::step][::-1]


def _pygal() -> ModuleType:
    """The library, without what it leaves behind: a finder of imports that no Python knows now.

    Each later import of anything would warn of it.
    """
    import pygal  # noqa: PLC0415  # it takes a while, and not every service shows pages

    sys.meta_path[:] = [each for each in sys.meta_path if hasattr(each, "find_spec")]
    return pygal  # type: ignore[no-any-return]


def _look(figures: Figures, shown: Callable[[float], str], height: int) -> dict[str, Any]:
    style = _pygal().style.Style(label_font_size=18, major_label_font_size=18, legend_font_size=18)
    return {
        "width": _WIDTH,
        "height": height,
        "style": style,
        "js": (),
        "margin": 6,
        "margin_right": _RIGHT,
        "show_legend": len(figures) > 1,
        "legend_at_bottom": True,
        "value_formatter": shown,
        "y_labels_major_count": 4,
        "show_minor_y_labels": False,
        "truncate_label": -1,
        "truncate_legend": -1,
        "no_data_text": "",
    }


def _drawn(chart: Any, name: str, title: str, about: str) -> Markup:  # noqa: ANN401 - untyped
    """The chart as an element of a page."""
    chart.uuid = name
    tree = chart.render_tree()
    _strip(tree)
    ids = f"{name}-title", f"{name}-about"
    tree.attrib.pop("id", None)
    tree.attrib.update({"role": "img", "aria-labelledby": " ".join(ids)})
    for place, (tag, id_, text) in enumerate((("title", ids[0], title), ("desc", ids[1], about))):
        told = Element(tag, {"id": id_})
        told.text = text
        tree.insert(place, told)
    # Who hears the page is told the same by the drawing itself.
    shown = Markup('<p class="shows" aria-hidden="true"><strong>{}</strong> {}</p>')
    # The text of the drawing was escaped when it was written down.
    return shown.format(title, about) + Markup(tostring(tree, encoding="unicode"))  # noqa: S704


def _strip(parent: Any) -> None:  # noqa: ANN401 - likewise
    """Take out what would run, be fetched, or be refused by the policy of the pages."""
    for child in list(parent):
        tag = child.tag.rpartition("}")[2] if isinstance(child.tag, str) else "script"
        classes = set(child.attrib.get("class", "").split()) if tag != "script" else set()
        if tag in _LEFT_OUT or classes & _DROPPED:
            parent.remove(child)
            continue
        child.attrib.pop("style", None)
        child.attrib.pop("id", None)
        _strip(child)
