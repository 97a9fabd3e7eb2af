"""The part of the HTML report that draws the values with the fewest bits."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from pytracer.parse.store import Result
from pytracer.report.markup import Markup, element
from pytracer.report.plots import curve, heatmap, strip
from pytracer.report.text import place_text
from pytracer.report.worst_values import WorstValue, worst_values

LISTED_SAMPLES = 64


def section(result: Result, limit: int) -> Markup | None:
    """The `limit` worst values; None when no value loses bits."""
    found = worst_values(result, limit)
    if not found:
        return None
    return element(
        "section", element("h2", "Worst values"), *(_value(result, each) for each in found), id="worst-values"
    )


def _value(result: Result, worst: WorstValue) -> Markup:
    function = result.functions.row(worst.function)
    name = f"{function['module']}.{function['name']}".removeprefix("__main__.").lstrip(".")
    site: dict[str, Any] = result.sites.row(worst.site) if worst.site >= 0 else {"file": "", "line": 0}
    index = ", ".join(str(int(i)) for i in np.unravel_index(worst.element, worst.shape)) if worst.shape else ""
    what = f"{worst.label}[{index}]" if index else worst.label
    title = f"{what} of {name}: {worst.bits:.1f} bits are left, {worst.bits_lost:.1f} lost"
    return element(
        "article",
        element("h3", title),
        element("p", f"called at {place_text(result, site['file'], site['line'])}", class_="note"),
        element("div", *(_figure(*pair) for pair in _plots(worst, what)), class_="plots"),
        *(element("p", each, class_="note") for each in worst.unstored),
        _table(worst.samples, what),
    )


def _figure(plot: Markup, caption: str) -> Markup:
    return element("figure", plot, element("figcaption", caption))


def _plots(worst: WorstValue, what: str) -> list[tuple[Markup, str]]:
    plots = []
    if len(worst.over_calls) > 1:
        caption = f"worst output of each of {len(worst.over_calls)} calls; call {worst.call + 1} loses most"
        plots.append((curve(worst.over_calls, "call, in order", "significant bits", top=53, label=caption), caption))
    if worst.elements is not None:
        plots.append(_element_plot(worst))
    if worst.samples:
        names, values = zip(*worst.samples, strict=True)
        caption = f"{what} in each sample; the hollow one is unperturbed"
        if any(value.imag for value in values):
            caption += ", real parts"
        plots.append((strip([value.real for value in values], names, what, label=caption), caption))
    return plots


def _element_plot(worst: WorstValue) -> tuple[Markup, str]:
    assert worst.elements is not None
    shape = "x".join(map(str, worst.shape))
    least, top = float(np.nanmin(worst.elements, initial=worst.precision)), worst.precision or 53
    if len(worst.shape) == 2 and min(worst.shape) > 1:
        caption = f"significant bits of the {shape} elements: {least:.1f} (dark) to {top:g}"
        return heatmap(worst.elements.reshape(worst.shape), "column", "row", top=top, label=caption), caption
    flat = ", in C order" if len(worst.shape) > 2 else ""
    caption = f"significant bits of the {shape} elements{flat}; the least is {least:.1f}"
    return curve(worst.elements, f"element{flat}", "significant bits", top=top, label=caption), caption


def _table(samples: Sequence[tuple[str, complex]], what: str) -> Markup | None:
    if not samples:
        return None
    rows = [
        element("tr", element("td", name), element("td", _plain(value), class_="number"))
        for name, value in samples[:LISTED_SAMPLES]
    ]
    return element("details", element("summary", f"{what} in each sample"), element("table", element("tbody", *rows)))


def _plain(value: complex) -> str:
    return repr(value if value.imag else value.real)
