"""Why a result does not hold the elements of a value, or what each sample had, in words; see keeping.py."""

from math import isnan
from typing import Any

from pytracer.parse import schema
from pytracer.parse.schema import Finding
from pytracer.parse.store import Result

ALL = "parse again with `pytracer parse --elements all`"
OTHER_TYPES = Finding.MISSING | Finding.KIND | Finding.DTYPE | Finding.SHAPE


def why_no_elements(result: Result, value: dict[str, Any]) -> str:
    """Of an array, one row of the table `values`: the reason, and the remedy where there is one."""
    reason = _nothing_to_keep(value)
    if reason:
        return reason
    if not result.calls.read("measurable", value["call"]):
        return "its call was not perturbed, and its inputs did not differ"
    if result.attribute("elements_omitted") == 0:
        return f"the result was parsed with --elements summary; {ALL}"
    if value["size"] > schema.ELEMENTS_PER_VALUE:
        return f"it has {value['size']} elements, above the limit of {schema.ELEMENTS_PER_VALUE}; {ALL}"
    return f"the result has a limit of {schema.ELEMENTS_PER_RESULT} elements, and earlier calls filled it; {ALL}"


def why_no_observations(value: dict[str, Any]) -> str:
    """Likewise of what each sample had in a value."""
    reason = _nothing_to_keep(value)
    if reason:
        return reason
    if value["size"] > schema.OBSERVATIONS_PER_VALUE:
        return f"it has {value['size']} elements, above the limit of {schema.OBSERVATIONS_PER_VALUE} for single samples"
    return f"the result has a limit of {schema.OBSERVATIONS_PER_RESULT} numbers, and earlier calls filled it"


def _nothing_to_keep(value: dict[str, Any]) -> str:
    """Why no limit is to blame; empty when one is."""
    if value["findings"] & OTHER_TYPES:
        return "it is missing in some samples, or has another type or shape there"
    if isnan(value["mean"]) and not value["nans"] and not value["infs"]:
        if value["precision"]:
            return "the traces do not hold its elements (see what was not observed)"
        return "it holds no numbers that can be measured"
    return "" if _differs(value) else "equal in all samples"


def _differs(value: dict[str, Any]) -> bool:
    """Whether its numbers differ between the samples."""
    spread = value["std"] > 0 or value["std_imag"] > 0  # NaN is not
    special = bool(value["findings"] & (Finding.NAN | Finding.INF))
    return spread or special or value["bits_min"] < value["precision"]
