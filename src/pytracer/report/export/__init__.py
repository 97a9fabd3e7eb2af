"""A result in formats that other programs read: tables as CSV or Parquet, and a timeline for Perfetto.

Written block by block: the memory does not depend on the number of calls.
"""

from collections.abc import Callable, Mapping
from pathlib import Path

from pytracer.parse.store import Result
from pytracer.report.export.csv import write_csv
from pytracer.report.export.parquet import write_parquet
from pytracer.report.export.perfetto import write_perfetto

Write = Callable[[Result, Path], list[Path]]

FORMATS: Mapping[str, Write] = {"parquet": write_parquet, "csv": write_csv, "perfetto": write_perfetto}
"""Each takes a result that was verified, and the path of its files without their endings; returns what it wrote.

Raises:
    ResultError: the result is corrupt.
    PytracerError: a file cannot be written, or a package is missing.
"""

ENDINGS = (".csv", ".parquet", ".json")
"""What a user may have put at the end of a path."""
