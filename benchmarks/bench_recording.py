"""What recording adds to a call: scalar functions, array operators, small reductions, large arrays."""

import sys

from sides import ROUNDS, WORKLOADS, summary, traced, untraced, verdict

CASES = (
    # workload, targets, bound in microseconds added per call
    ("scalar_call", (), 0.6),
    ("operators", (), 3.0),
    ("small_sum", (), 2.0),
)
LARGE_BYTES = 8e6 + 8e6 + 8e6  # of np.sin(x, out=out) on 1e6 elements: x, out at entry (already known), the result


def added(name: str, targets: tuple[str, ...]) -> tuple[list[float], list[float]]:
    """Untraced seconds and added seconds per call, one pair a round."""
    plain, more = [], []
    for _ in range(ROUNDS):
        without = float(untraced(WORKLOADS / f"{name}.py"))
        plain.append(without)
        more.append(float(traced(WORKLOADS / f"{name}.py", trace=targets)) - without)
    return plain, more


def main() -> int:
    """Print every figure and whether its bound holds."""
    lines = []
    for name, targets, bound in CASES:
        plain, more = added(name, targets)
        print(
            f"{name}: untraced {summary([1e6 * t for t in plain], 'us')}, "
            f"added {summary([1e6 * t for t in more], 'us')}"
        )
        lines.append(verdict(f"{name}, added per call", sorted(more)[len(more) // 2] * 1e6, bound, "us"))
    plain, more = added("large_sin", ("numpy.sin",))
    rates = [LARGE_BYTES / t / 1e9 for t in more]
    written = [1 / float(untraced(WORKLOADS / "plain_write.py")) / 1e9 for _ in range(ROUNDS)]
    print(f"plain_write: new contents of 8 MB go to the page cache at {summary(written, 'GB/s')}")
    print(f"large_sin: untraced {summary([1e3 * t for t in plain], 'ms')}, captured at {summary(rates, 'GB/s')}")
    lines.append(verdict("8 MB arrays, capture", sorted(rates)[len(rates) // 2], 2.0, "GB/s", at_least=True))
    print("\n".join(lines))
    return 0


if __name__ == "__main__":
    sys.exit(main())
