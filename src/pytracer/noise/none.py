"""No noise: the program's own arithmetic, bit for bit."""

from pytracer.noise.model import NoiseModel


class NoNoise(NoiseModel):
    """Perturbs nothing."""

    name = "none"
    ARITHMETIC = False
