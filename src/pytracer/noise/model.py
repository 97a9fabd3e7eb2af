"""The interface of a noise model."""

from typing import Protocol, TypedDict


class Description(TypedDict):
    """What a model does on this machine, for the report."""

    model: str
    layers: list[str]  # what is perturbed; empty when nothing is
    missing: list[str]  # arithmetic that stays unperturbed


class NoiseModel(Protocol):
    """Perturbs the arithmetic of this process. The same seed gives the same bits."""

    def start(self, seed: int) -> None:
        """Begin; `seed` is an unsigned 64-bit integer."""

    def stop(self) -> None:
        """Restore unperturbed arithmetic."""

    def numpy_loaded(self) -> None:
        """NumPy has just been imported."""

    def modules_loaded(self) -> None:
        """Modules have just been imported, and shared libraries with them."""

    def hook_flags(self, module: str, name: str) -> int:
        """NOISE when this native callable is to run under noise, DENIED when it would break, else 0 (see `_native`)."""

    def describe(self) -> Description:
        """What is perturbed and what is not."""
