"""Write the calls and values of a result for other programs.

parquet and csv give two files, NAME.calls and NAME.values, one row a call and one row a value, in which functions, call
sites, types and labels stand in full. Parquet needs pyarrow: pip install "pytracer[export]". perfetto gives a timeline,
NAME.perfetto.json, that ui.perfetto.dev opens: calls as slices, significant bits as counters. docs/result-format.md
explains the columns.

Examples:
    pytracer export result.h5 --to parquet
    pytracer export result.h5 --to perfetto -o timeline
"""

import argparse
from pathlib import Path

from pytracer.commands.result import check_output
from pytracer.errors import EXIT_OK

FORMATS = ("parquet", "csv", "perfetto")


def configure(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    parser.add_argument("result", metavar="RESULT", type=Path, help="the HDF5 result")
    parser.add_argument("--to", choices=FORMATS, required=True, help="the format")
    parser.add_argument(
        "-o",
        "--output",
        metavar="NAME",
        type=Path,
        help="path of the files without their endings (default: the name of the result, in this folder)",
    )


def execute(options: argparse.Namespace) -> int:
    """Write the files, and say which."""
    from pytracer.parse.store import Result
    from pytracer.report.export import ENDINGS, FORMATS

    path: Path = options.output or Path(options.result.name.removesuffix(".h5"))
    if path.suffix in ENDINGS:
        path = path.with_suffix("")
    check_output(path.with_name(f"{path.name}.{options.to}"), "export")
    with Result.open(options.result) as result:
        result.verify()
        for file in FORMATS[options.to](result, path):
            print(file)
    return EXIT_OK
