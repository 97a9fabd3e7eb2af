"""Every choice of Pytracer in one place, each with its one default; `pytracer.settings` reads what a user chooses."""

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from pytracer.shared import LIMITS, NO_NOISE

Method = Literal["cnh", "general"]
Reference = Literal["mean", "ieee"]
Elements = Literal["limited", "all", "summary"]


@dataclass(frozen=True)
class Settings:
    """What the configuration and the command line may say otherwise, and where things are."""

    cache: Path = Path(".__pytracercache__")
    """Folder of traces and results, below the working directory."""

    modules_to_load: tuple[str, ...] = ()
    """Modules, packages and functions to trace; empty for the default targets."""

    modules_to_exclude: tuple[str, ...] = ()
    """Modules, packages and functions to leave out."""

    include_file: tuple[Path, ...] = ()
    """Files of patterns: only what matches one of them is traced."""

    exclude_file: tuple[Path, ...] = ()
    """Files of patterns: what matches one of them is not traced."""

    samples: int = 10
    """Perturbed executions of one experiment, beside the unperturbed sample 0."""

    seed: int = 0
    """Seed of the noise. Fixed, so that the same command gives the same bits; another seed gives other samples."""

    jobs: int = 1
    """Samples that run at the same time."""

    noise: str = "sr"
    """Noise model of the perturbed samples of `run`."""

    trace_noise: str = NO_NOISE
    """Noise model of `trace`, which records one execution."""

    noise_options: tuple[str, ...] = ()
    """Options of noise models, such as `sr:mode=nearness`, for those that are named without them."""

    follow: bool = True
    """Whether processes that the program starts are traced too."""

    depth: int = LIMITS.depth
    """Levels of nested containers that are recorded."""

    items: int = LIMITS.items
    """Items of one container that are recorded; a list of floats is recorded whole, as an array."""

    array_bytes: int = LIMITS.array_bytes
    """Arrays above it are recorded by shape only, and counted."""

    trace_bytes: int = LIMITS.trace_bytes
    """Size of one trace on disk above which calls are dropped, and counted."""

    trace_format: str = "native"
    """Format of traces: `native`, or `pickle` as the original wrote them."""

    backtrace: bool = False
    """Whether the full Python stack of each call is recorded."""

    method: Method = "cnh"
    """How bits are computed: `cnh`, the Centered Normality Hypothesis, or `general`, of any distribution."""

    reference: Reference = "mean"
    """What bits are relative to: the `mean` of the samples, or `ieee`, the unperturbed sample."""

    probability: float = 0.95
    """Probability of the significant bits."""

    confidence: float = 0.95
    """Confidence level of the significant bits."""

    elements: Elements = "limited"
    """Arrays whose elements are stored: those that differ, within limits (`limited`), or `all`, or none (`summary`)."""

    batch_size: int = 256 << 20
    """Bytes of memory that measuring may take."""

    parse_jobs: int = 1
    """Threads that measure at the same time."""

    log_format: str = "print"
    """How Pytracer's own messages look: `print` as short lines, `logger` with time and level."""

    log_output: str = "stderr"
    """Where they go: `stderr`, `stdout` or the path of a file."""

    log_color: bool = False
    """Whether they are coloured by level on a terminal."""

    log_level: str = "info"
    """The least important messages shown."""

    hash_seed: str = "0"
    """PYTHONHASHSEED of every sample unless the user set one: the order of sets must not differ between samples."""

    blas_threads: str = "1"
    """Threads of BLAS in perturbed samples unless the user set them: the order of partial sums must not vary."""

    stop_seconds: float = 3.0
    """How long an interrupted sample may take to end by itself before it is killed."""

    error_lines: int = 3
    """Last lines of standard error shown for a sample that failed."""

    online_idle_seconds: float = 10.0
    """How long `parse --online` waits for a further sample when none is running."""

    host: str = "127.0.0.1"
    """Address on which the dashboard listens."""

    port: int = 8050
    """Port of the dashboard."""

    threads: int = 8
    """Requests that the dashboard answers at the same time: a browser asks for a few at once."""


DEFAULTS = Settings()
