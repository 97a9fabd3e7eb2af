"""What is known of one value as a whole, and which of its axes and parts can be chosen."""

from typing import Any

import numpy as np
from dash import html

from pytracer.parse.store import ResultError
from pytracer.visualize.components import options
from pytracer.visualize.queries import calls
from pytracer.visualize.queries.contents import Contents
from pytracer.visualize.state import State
from pytracer.visualize.units import in_unit, text
from pytracer.visualize.zoom_view import NOTHING, View, view


def description(contents: Contents, state: State) -> list[Any]:
    """Title, facts, values of the call, the chosen one, whether parts and axes are hidden, all axes, those shown."""
    try:
        found = view(contents, state)
    except ResultError as error:
        return [html.P(str(error), className="problem", role="alert"), [], [], None, True, True, [], [], "", ""]
    if found is None:
        return [html.P(NOTHING, className="empty"), [], [], None, True, True, [], [], "", ""]
    values = options({value.row: _choice(value, state.unit) for value in found.call.values})
    axes = options({axis: f"axis {axis}, {length}" for axis, length in enumerate(found.value.shape)})
    is_complex = found.elements is not None and found.elements.is_complex
    title = html.H2([f"{found.value.label} of {found.call.name} ", html.Span(_about(found), className="note")])
    few = len(found.value.shape) < 2
    shown = [f"axis {axis}" for axis in found.axes]
    return [title, facts(found), values, found.value.row, not is_complex, few, axes, axes, *shown]


def _choice(value: calls.Value, unit: str) -> str:
    bits = f", {in_unit(value.bits_min, unit)} {unit}" if value.bits_min is not None else ""
    return f"{value.label}: {value.type}{bits}"


def _about(found: View) -> str:
    return f"call {found.call.number} of {found.call.calls}, called at {found.call.place}"


def facts(found: View) -> list[Any]:
    """What is known of the value as a whole."""
    cells, unit = found.value.cells, found.state.unit
    shape = "x".join(map(str, found.value.shape)) if found.value.shape else "scalar"
    pairs = [("type", found.value.dtype), ("shape", shape), ("elements", str(found.value.size))]
    if found.contents.result.perturbed:
        names = {"bits_min": "min", "bits_p05": "5 %", "bits_median": "median", "bits_mean": "mean", "bits_max": "max"}
        pairs += [(f"{unit}, {name}", in_unit(cells[column], unit)) for column, name in names.items()]
        pairs += [
            (f"{unit} that agree with the unperturbed, min", in_unit(cells["error_bits_min"], unit)),
            ("same type and shape" if cells["precision"] else "same value", text(_known(cells["agreement"]), ".0%")),
        ]
    pairs += [
        ("unperturbed", number_text(cells["unperturbed"], cells["unperturbed_imag"])),
        ("mean", number_text(cells["mean"], cells["mean_imag"])),
        ("std", number_text(cells["std"], cells["std_imag"])),
        ("largest magnitude", text(_known(cells["largest"]))),
        ("norm (2, Frobenius)", text(_known(cells["norm"]))),
        ("condition number", text(_known(cells["condition"]), ".3g")),
        ("NaN", str(int(cells["nans"]))),
        ("infinite", str(int(cells["infs"]))),
    ]
    listed = [html.Div([html.Dt(name), html.Dd(shown)]) for name, shown in pairs if shown != "-"]
    return listed + [
        html.Div([html.Dt("differs"), html.Dd(each, className="problem")]) for each in found.value.findings
    ]


def _known(number: float) -> float | None:
    return None if np.isnan(number) else number


def number_text(real: float, imag: float) -> str:
    if np.isnan(real):
        return "-"
    return f"{real:.10g}" if np.isnan(imag) else f"{complex(real, imag):.10g}"
