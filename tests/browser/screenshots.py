"""Pictures of every page for docs/: ``python -m tests.browser.screenshots``.

Each page as an operator who also plays sees it, public ones as a stranger does; at 390 and 1280 px,
light and dark, after an evening of the demo's crowd. The gallery of docs/pages.md is written anew.
"""

import argparse
import io
import sys
import time
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Final

import anyio
from PIL import Image
from tests.browser.evening import live_an_evening
from tests.browser.stage import OPERATOR_RANK, Stage, open_stage
from tests.browser.walk import Found, found_pages

from economy_actors import logs
from economy_actors.pages.registry import Who

__all__ = ("BEGIN", "END", "WIDTHS", "gallery", "picture_name")

ROOT = Path(__file__).parents[2]
PICTURES = ROOT / "docs" / "pages"
PAGE = ROOT / "docs" / "pages.md"
WIDTHS: Final = (390, 1280)
SCHEMES: Final = ("light", "dark")
BEGIN: Final = "<!-- gallery -->"
END: Final = "<!-- end of gallery -->"
_COLOURS = 48
_HEIGHT_MAX: Final = {390: 1_100, 1280: 1_000}
_CROWD_S = 20.0


def picture_name(title: str, width: int, scheme: str) -> str:
    """The file of a page's picture."""
    return f"{title}-{width}-{scheme}.png"


def gallery(pages: Sequence[Found]) -> str:
    """The pictures as Markdown, one row for each page."""
    lines = ["| Page | 1280 px | 390 px |", "|---|---|---|"]
    for each in pages:
        cells = [
            " ".join(
                f'<img src="pages/{picture_name(each.title, width, scheme)}" width="{shown}"'
                f' alt="{each.spec.name} at {width} px, {scheme}">'
                for scheme in SCHEMES
            )
            for width, shown in ((1280, 320), (390, 120))
        ]
        lines.append(f"| `{each.spec.name}` | {cells[0]} | {cells[1]} |")
    return "\n".join(lines)


async def _pictures(stage: Stage, pages: Sequence[Found], **seen_as: Any) -> None:
    for scheme in SCHEMES:
        for width in WIDTHS:
            viewport = {"width": width, "height": 800}
            async with stage.visitor(color_scheme=scheme, viewport=viewport, **seen_as) as visitor:
                for each in pages:
                    await visitor.page.goto(stage.address + each.address)
                    await visitor.page.evaluate("document.activeElement.blur()")
                    taken = await visitor.page.screenshot(full_page=True)
                    path = PICTURES / picture_name(each.title, width, scheme)
                    path.write_bytes(_small(taken, _HEIGHT_MAX[width]))


def _small(picture: bytes, height_max: int) -> bytes:
    """Cut at the height at which nobody reads on, with as many colours as a page of text has."""
    with Image.open(io.BytesIO(picture)) as whole:
        cut = whole.convert("RGB").crop((0, 0, whole.width, min(whole.height, height_max)))
        out = io.BytesIO()
        cut.quantize(_COLOURS, dither=Image.Dither.NONE).save(out, "PNG", optimize=True)
    return out.getvalue()


async def _all(folder: Path, crowd_s: float) -> Sequence[Found]:
    async with open_stage(folder) as stage:
        await live_an_evening(stage)
        with anyio.move_on_after(crowd_s):
            await stage.crowd.run(lambda pause_s: anyio.sleep(pause_s / 20))
        await stage.robot.join("modjo", rank=OPERATOR_RANK)
        async with stage.visitor("modjo") as operator:
            await operator.sign_in()
            pages = [each for each in await found_pages(operator) if each.is_html]
            signed_in = await operator.context.storage_state()
        public = [each for each in pages if each.spec.who is Who.ANYONE]
        PICTURES.mkdir(exist_ok=True)
        for old in PICTURES.glob("*.png"):
            old.unlink()
        await _pictures(stage, public)
        own = [each for each in pages if each.spec.who is not Who.ANYONE]
        await _pictures(stage, own, storage_state=signed_in)
        return [*public, *own]


def main() -> None:
    """Make them all."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--crowd-seconds", type=float, default=_CROWD_S)
    given = parser.parse_args()
    logs.configure("WARNING", sys.stderr, as_json=False)
    began = time.perf_counter()
    with TemporaryDirectory(prefix="screenshots-") as name:
        pages = anyio.run(partial(_all, Path(name), given.crowd_seconds))
    head, _, rest = PAGE.read_text(encoding="utf-8").partition(BEGIN)
    foot = rest.partition(END)[2]
    PAGE.write_text(f"{head}{BEGIN}\n\n{gallery(pages)}\n\n{END}{foot}", encoding="utf-8")
    size = sum(each.stat().st_size for each in PICTURES.glob("*.png"))
    sys.stdout.write(
        f"{len(pages)} pages, {size / 1e6:.1f} MB, {time.perf_counter() - began:.0f} s\n"
    )


if __name__ == "__main__":
    main()
