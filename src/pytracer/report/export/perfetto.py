"""A timeline for ui.perfetto.dev and other readers of Chrome's trace event format (JSON).

A process of the traced program is a process, a lane is a thread, a call is a slice (`X`, or `B` alone where it did not
return), with its bits among the arguments. The counters of a lane say, whenever a call ends, how many significant bits
its outputs had and how many it lost. Slices of a thread must nest: calls that the reference did not make have times of
another sample, so they stand in a thread of their own. Times are microseconds.
"""

import json
import math
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from pytracer.parse.files import open_whole
from pytracer.parse.store import Result
from pytracer.report.export.blocks import Table

ARGUMENTS = (
    "row", "file", "line", "caller", "outcome", "samples", "input_bits_min", "output_bits_min", "output_bits_median",
    "bits_lost",
)  # fmt: skip
COUNTERS = {"output_bits_min": "output bits", "bits_lost": "bits lost"}
"""Column of the calls -> name of its counter."""


def write_perfetto(result: Result, path: Path) -> list[Path]:
    """Write PATH.perfetto.json; see `FORMATS`."""
    file = path.with_name(f"{path.name}.perfetto.json")
    head = {"displayTimeUnit": "ns", "otherData": {"verdict": result.verdict, "samples": result.attribute("samples")}}
    threads = _Threads(result)
    with open_whole(file, "export") as write:
        write(json.dumps(head)[:-1] + ', "traceEvents": [\n')
        separator = ""
        for block in Table(result, "calls").blocks():
            columns = {name: column.tolist() for name, column in block.items()}
            rows = (dict(zip(columns, row, strict=True)) for row in zip(*columns.values(), strict=True))
            lines = [json.dumps(event, allow_nan=False) for row in rows for event in threads.events(row)]
            write(separator + ",\n".join(lines))
            separator = ",\n"
        write("\n]}\n")
    return [file]


class _Threads:
    """Makes events of calls, and numbers the threads that they stand in."""

    def __init__(self, result: Result) -> None:
        processes = dict.fromkeys(result.lanes["process"].tolist())
        self._processes = {name: number for number, name in enumerate(processes, 1)}
        self._reference = int(result.samples.read("sample", 0)) if len(result.samples) else 0
        self._threads: dict[tuple[str, str, int], int] = {}

    def events(self, call: dict[str, Any]) -> Iterator[dict[str, Any]]:
        """Those of one call, after those that name its thread where it is the first."""
        sample = int(call["shown_sample"])
        process, thread = call["process"], call["thread"]
        if (process, thread, sample) not in self._threads:
            yield from self._named(process, thread, sample)
        place = {"pid": self._processes[process], "tid": self._threads[process, thread, sample]}
        start, duration = call["enter_ns"] / 1000, call["duration_ns"] / 1000
        arguments = {name: call[name] for name in ARGUMENTS if _is_known(call[name])}
        head = {"name": call["function"], "cat": call["function"].partition(".")[0], "ts": start}
        yield head | ({"ph": "X", "dur": duration} if duration >= 0 else {"ph": "B"}) | place | {"args": arguments}
        for column, name in COUNTERS.items():
            if _is_known(call[column]):
                what = {"name": f"{name}, {process}/{thread}", "ph": "C", "ts": start + max(duration, 0)}
                yield what | place | {"args": {"bits": call[column]}}

    def _named(self, process: str, thread: str, sample: int) -> Iterator[dict[str, Any]]:
        number = self._threads[process, thread, sample] = len(self._threads) + 1
        place = {"ph": "M", "pid": self._processes[process], "tid": number}
        yield place | {"name": "process_name", "args": {"name": process}}
        name = thread if sample == self._reference else f"{thread}, sample {sample} where it went another way"
        yield place | {"name": "thread_name", "args": {"name": name}}


def _is_known(cell: Any) -> bool:
    return cell != "" and not (isinstance(cell, float) and not math.isfinite(cell))
