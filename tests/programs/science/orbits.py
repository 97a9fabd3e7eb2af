"""Pure Python: planets by leapfrog, statistics, exact sums, rational and decimal numbers, text and back."""
import json
import math
import statistics
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction


@dataclass
class Body:
    mass: float
    position: complex
    velocity: complex = 0j

    @property
    def kinetic(self):
        return self.mass * abs(self.velocity) ** 2 / 2


def accelerations(bodies):
    for body in bodies:
        yield sum(o.mass * (o.position - body.position) / abs(o.position - body.position) ** 3 for o in bodies if o is not body)


def leapfrog(bodies, step):
    for body, acceleration in zip(bodies, list(accelerations(bodies))):
        body.velocity += acceleration * step
        body.position += body.velocity * step


bodies = [Body(1.0, 0j), Body(1e-3, 1 + 0j, 1j), Body(3e-6, 0.2 + 1.5j, -0.8 + 0.1j)]
energies = []
for _ in range(400):
    leapfrog(bodies, 0.01)
    energies.append(math.fsum(body.kinetic for body in bodies))
print([(b.position.real.hex(), b.position.imag.hex()) for b in bodies])
print(statistics.fmean(energies).hex(), statistics.stdev(energies).hex(), statistics.correlation(energies, sorted(energies)).hex())
print(json.loads(json.dumps(energies)) == energies, Decimal(energies[-1]).sqrt(), Fraction(energies[0]).limit_denominator(10**6))
print(*(f"{e:.3e} {round(e, 9)!r} {float(repr(e)).hex()}" for e in energies[::80]))
