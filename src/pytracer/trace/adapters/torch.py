"""Tensors in the memory of the processor, and the parameters and buffers of modules."""

import sys
from typing import Any

from pytracer.trace.adapters import Adapter, Parts, attributes


def tensor(obj: Any) -> Parts:
    """The elements, not copied; None for what NumPy cannot hold, as on other devices, sparse, quantized or bfloat16."""
    torch = sys.modules["torch"]
    if type(obj) not in (torch.Tensor, torch.nn.Parameter) or obj.device.type != "cpu" or obj.layout != torch.strided:
        return None
    if obj.is_quantized or obj.dtype == torch.bfloat16:
        return None
    return [("", obj.detach().resolve_conj().resolve_neg().numpy())]


def module(obj: Any) -> dict[str, Any]:
    """Parameters, buffers and modules inside, by their names."""
    own = attributes(obj)
    found: dict[str, Any] = {}
    for kind in ("_parameters", "_buffers", "_modules"):
        found.update(own.get(kind) or {})
    return found


ADAPTERS: dict[str, Adapter] = {"Tensor": tensor, "Module": module}
