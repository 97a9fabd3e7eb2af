"""How far the digits that `sr` shows are from those of per-operation random rounding: `python benchmarks/fidelity`."""

import argparse
import sys

import document
import sides
from kernels import FIELDS, find
from table import Row, Table, mean_bits


def measure(names: list[str], samples: int) -> Table:
    """Run all sides."""
    kernels = list(find(names))
    emulated, perturbed = sides.reference(kernels, samples), sides.traced(kernels, samples)
    verrou = sides.verrou(kernels, samples)
    rows = [
        Row(
            field,
            kernel,
            mean_bits(emulated[kernel.name]),
            mean_bits(perturbed[kernel.name]),
            None if verrou is None else mean_bits(verrou[kernel.name]),
        )
        for field, members in FIELDS.items()
        for kernel in members
        if kernel in kernels
    ]
    return Table(rows, samples)


def main() -> int:
    """0 when the goal is reached."""
    parser = argparse.ArgumentParser(prog="fidelity", description=__doc__)
    parser.add_argument("kernels", nargs="*", metavar="KERNEL", help="names of kernels (default: all)")
    parser.add_argument("--samples", type=int, default=30, metavar="N", help="samples of each side (default: 30)")
    parser.add_argument("--list", action="store_true", help="print the names of the kernels")
    parser.add_argument("--write-docs", action="store_true", help="replace docs/fidelity.md by what was measured")
    arguments = parser.parse_args()
    unknown = set(arguments.kernels) - {kernel.name for kernel in find()}
    if unknown:
        parser.error(f"unknown kernel {', '.join(sorted(unknown))}; --list names those there are")
    if arguments.list:
        print(*(kernel.name for kernel in find()), sep="\n")
        return 0
    table = measure(arguments.kernels, arguments.samples)
    print(*table.lines(), sep="\n")
    if arguments.write_docs:
        document.write(table)
    return 0 if table.holds else 1


if __name__ == "__main__":
    sys.exit(main())
