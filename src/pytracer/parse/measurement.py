"""How values are measured: every choice of the parser in one place."""

from dataclasses import dataclass
from typing import Literal

Method = Literal["cnh", "general"]
Reference = Literal["mean", "ieee"]
Elements = Literal["limited", "all", "summary"]


@dataclass(frozen=True)
class Measurement:
    """How significant bits are measured, and within which limits."""

    method: Method = "cnh"
    """`cnh`, the Centered Normality Hypothesis, or `general`, which assumes no distribution (Bernoulli trials)."""

    reference: Reference = "mean"
    """What bits are relative to: the `mean` of the samples, or `ieee`, the unperturbed sample."""

    probability: float = 0.95
    """Probability of the significant bits, between 0 and 1."""

    confidence: float = 0.95
    """Confidence level of the significant bits, between 0 and 1."""

    elements: Elements = "limited"
    """Whose element-wise statistics are stored: arrays that differ, within the limits of `schema` (`limited`), or all
    of them (`all`), or none (`summary`)."""

    batch_size: int = 256 << 20
    """Bytes of memory that measuring may take, whatever the size of the arrays."""

    jobs: int = 1
    """Threads that measure at the same time."""
