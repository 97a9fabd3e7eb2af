"""Every choice of Pytracer in one place, each with its one default."""

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Settings:
    """What the command line may say otherwise, and where things are."""

    cache: Path = Path(".__pytracercache__")
    """Folder of traces and results, below the working directory."""

    samples: int = 10
    """Perturbed executions of one experiment, beside the unperturbed sample 0."""

    seed: int = 0
    """Seed of the noise. Fixed, so that the same command gives the same bits; another seed gives other samples."""

    jobs: int = 1
    """Samples that run at the same time."""

    noise: str = "sr"
    """Noise model of the perturbed samples of `run`."""

    trace_noise: str = "none"
    """Noise model of `trace`, which records one execution."""

    hash_seed: str = "0"
    """PYTHONHASHSEED of every sample unless the user set one: the order of sets must not differ between samples."""

    blas_threads: str = "1"
    """Threads of BLAS in perturbed samples unless the user set them: the order of partial sums must not vary."""

    stop_seconds: float = 3.0
    """How long an interrupted sample may take to end by itself before it is killed."""

    error_lines: int = 3
    """Last lines of standard error shown for a sample that failed."""

    host: str = "127.0.0.1"
    """Address on which the dashboard listens."""

    port: int = 8050
    """Port of the dashboard."""


DEFAULTS = Settings()

BLAS_THREAD_VARIABLES = ("OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "OMP_NUM_THREADS", "BLIS_NUM_THREADS")
