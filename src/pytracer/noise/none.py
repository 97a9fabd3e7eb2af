"""No noise: the program's own arithmetic, bit for bit."""

from pytracer.noise.model import Description


class NoNoise:
    """Perturbs nothing."""

    def start(self, seed: int) -> None:
        """Nothing to begin."""

    def stop(self) -> None:
        """Nothing to restore."""

    def numpy_loaded(self) -> None:
        """Nothing to replace."""

    def modules_loaded(self) -> None:
        """Nothing to replace."""

    def hook_flags(self, module: str, name: str) -> int:
        """Never."""
        return 0

    def describe(self) -> Description:
        """Nothing is perturbed."""
        return {"model": "none", "layers": [], "missing": []}
