"""No noise: the program's own arithmetic, bit for bit."""

from pytracer.noise.model import NoiseModel
from pytracer.shared import NO_NOISE


class NoNoise(NoiseModel):
    """Perturbs nothing."""

    name = NO_NOISE
    ARITHMETIC = False
