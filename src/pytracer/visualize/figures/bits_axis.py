"""The colour axis of significant bits, as charts share it."""

from collections.abc import Iterable
from typing import Any

from pytracer.visualize.figures.theme import BITS_SCALE, FULL_BITS, Theme, bits_colour
from pytracer.visualize.units import factor

LOST_SCALE = tuple((1 - position, colour) for position, colour in reversed(BITS_SCALE))
"""Dark where most is lost."""


def bits_axis(unit: str, colours: Theme, *, lost: bool = False, top: float = FULL_BITS) -> dict[str, Any]:
    """For `layout.coloraxis`: from 0 to `top` bits, shown in `unit`; dark is bad."""
    return {
        "colorscale": LOST_SCALE if lost else BITS_SCALE,
        "cmin": 0,
        "cmax": top * factor(unit),
        "colorbar": {
            "title": {"text": f"{unit} lost" if lost else unit, "side": "top"},
            "thickness": 12,
            "outlinewidth": 0,
            "tickfont": {"color": colours.ink},
        },
    }


def inks(bits: Iterable[float], *, lost: bool = False) -> list[str]:
    """Colours of texts on marks that have the colours of these bits."""
    return [bits_colour(FULL_BITS - each if lost else each)[1] for each in bits]
