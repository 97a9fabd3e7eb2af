"""Calls and values as Parquet, by pyarrow, which `pip install "pytracer[export]"` brings."""

from pathlib import Path
from typing import Any

from pytracer.errors import PytracerError, UsageError
from pytracer.parse.files import Part
from pytracer.parse.schema import TEXT
from pytracer.parse.store import Result
from pytracer.report.export.blocks import Table


def write_parquet(result: Result, path: Path) -> list[Path]:
    """Write PATH.calls.parquet and PATH.values.parquet, compressed with Zstandard; see `FORMATS`."""
    try:
        import pyarrow as arrow
        import pyarrow.parquet as parquet
    except ImportError:
        raise UsageError(
            "Parquet is written by pyarrow, which is not installed; `pip install 'pytracer[export]'`, or use --to csv"
        ) from None
    written = []
    for name in ("calls", "values"):
        table = Table(result, name)
        schema = arrow.schema([(column, _type(arrow, kind)) for column, kind in table.kinds().items()])
        file = path.with_name(f"{path.name}.{name}.parquet")
        part = None
        try:
            part = Part(file)
            with parquet.ParquetWriter(part.name, schema, compression="zstd") as writer:
                for block in table.blocks():
                    writer.write_table(arrow.table(dict(block), schema=schema))
            part.keep()
        except OSError as error:
            raise PytracerError(
                f"cannot write the export {str(file)!r}: {error.strerror or error}; check the space and the rights of "
                "its folder"
            ) from None
        finally:
            if part is not None:
                part.discard()
        written.append(file)
    return written


def _type(arrow: Any, kind: str) -> Any:
    names = {TEXT: "string", "u1": "uint8", "i4": "int32", "i8": "int64", "f8": "float64"}
    return getattr(arrow, names[kind])()
