"""What recording adds to a call: scalar functions, array operators, small reductions, large arrays; bytes on disk."""

import statistics
import sys
import tempfile
from pathlib import Path

from sides import ROUNDS, WORKLOADS, output_of, summary, traced, traced_command, untraced, verdict

CASES = (
    # workload, bound in microseconds added per call
    ("scalar_call", 0.3),
    ("two_threads", 0.3),
    ("operators", 2.0),
    ("small_sum", 1.0),
)
LARGE_BYTES = 8e6 + 8e6 + 8e6  # of np.sin(x, out=out) on 1e6 elements: x, out at entry (already known), the result
CALLS_ON_DISK = 3 * 100_000  # of scalar_call


def added(name: str, targets: tuple[str, ...] = ()) -> tuple[list[float], list[float]]:
    """Untraced seconds and added seconds per call, one pair a round."""
    plain, more = [], []
    for _ in range(ROUNDS):
        without = float(untraced(WORKLOADS / f"{name}.py"))
        plain.append(without)
        more.append(float(traced(WORKLOADS / f"{name}.py", trace=targets)) - without)
    return plain, more


def small_calls() -> list[str]:
    """Print what is added to calls with little data; return the verdicts."""
    lines = []
    for name, bound in CASES:
        plain, more = added(name)
        print(
            f"{name}: untraced {summary([1e6 * t for t in plain], 'us')}, "
            f"added {summary([1e6 * t for t in more], 'us')}"
        )
        lines.append(verdict(f"{name}, added per call", statistics.median(more) * 1e6, bound, "us"))
    return lines


def large_arrays() -> list[str]:
    """Print at which rate large arrays are captured, beside copies in memory and plain writes; return the verdicts."""
    plain, more = added("large_sin", ("numpy.sin",))
    rates = [LARGE_BYTES / t / 1e9 for t in more]
    copied, kept, written = (
        [1 / float(untraced(WORKLOADS / f"{name}.py")) / 1e9 for _ in range(ROUNDS)]
        for name in ("copies", "new_copies", "plain_write")
    )
    print(f"copies: 8 MB go from memory to memory at {summary(copied, 'GB/s')}")
    print(f"new_copies: 8 MB go to memory that is new, as a trace keeps them, at {summary(kept, 'GB/s')}")
    print(f"plain_write: new contents of 8 MB go to the page cache at {summary(written, 'GB/s')}")
    print(f"large_sin: untraced {summary([1e3 * t for t in plain], 'ms')}, captured at {summary(rates, 'GB/s')}")
    rate = statistics.median(rates)
    return [
        verdict("8 MB arrays, capture", rate, 3.0, "GB/s", at_least=True),
        verdict("8 MB arrays, copy over capture", statistics.median(copied) / rate, 2.0, "times"),
        verdict("8 MB arrays, copy to new memory over capture", statistics.median(kept) / rate, 2.0, "times"),
    ]


def bytes_on_disk() -> str:
    """The verdict on the size of a trace of scalar calls."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        output_of(traced_command(folder, WORKLOADS / "scalar_call.py", trace=()))
        size = sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())
    return verdict("scalar_call, on disk per call", size / CALLS_ON_DISK, 150, "bytes")


def main() -> int:
    """Print every figure and whether its bound holds."""
    print("\n".join([*small_calls(), *large_arrays(), bytes_on_disk()]))
    return 0


if __name__ == "__main__":
    sys.exit(main())
