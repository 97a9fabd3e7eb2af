"""How values are measured: every choice of the parser in one place."""

from dataclasses import dataclass

from pytracer.config import DEFAULTS, Elements, Method, Reference, Settings


@dataclass(frozen=True)
class Measurement:
    """How significant bits are measured, and within which limits."""

    method: Method = DEFAULTS.method
    """`cnh`, the Centered Normality Hypothesis, or `general`, which assumes no distribution (Bernoulli trials)."""

    reference: Reference = DEFAULTS.reference
    """What bits are relative to: the `mean` of the samples, or `ieee`, the unperturbed sample."""

    probability: float = DEFAULTS.probability
    """Probability of the significant bits, between 0 and 1."""

    confidence: float = DEFAULTS.confidence
    """Confidence level of the significant bits, between 0 and 1."""

    elements: Elements = DEFAULTS.elements
    """Whose element-wise statistics are stored: arrays that differ, within the limits of `schema` (`limited`), or all
    of them (`all`), or none (`summary`)."""

    batch_size: int = DEFAULTS.batch_size
    """Bytes of memory that measuring may take, whatever the size of the arrays."""

    jobs: int = DEFAULTS.parse_jobs
    """Threads that measure at the same time."""

    @classmethod
    def of(cls, settings: Settings) -> "Measurement":
        """As the configuration and the command line have it."""
        return cls(
            settings.method,
            settings.reference,
            settings.probability,
            settings.confidence,
            settings.elements,
            settings.batch_size,
            settings.parse_jobs,
        )
