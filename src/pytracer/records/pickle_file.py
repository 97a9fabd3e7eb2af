"""Where the pickle file of a trace stands."""

from pathlib import Path

SUFFIX = ".pkl"


def pickle_of(folder: Path) -> Path:
    """The pickle file of the trace in `folder`: beside it, as the original's readers take folders of such files."""
    return folder.with_name(folder.name + SUFFIX)


def is_loose(path: Path) -> bool:
    """Whether `path` is a pickle file without the folder of its trace, such as one of the original."""
    return path.suffix == SUFFIX and path.is_file() and not path.with_suffix("").is_dir()
