"""Where the pages are: they link to each other by these, without importing each other."""

from typing import Final

from pytracer.visualize.state import State

OVERVIEW: Final = "/"
TIMELINE: Final = "/timeline"
FUNCTIONS: Final = "/functions"
SOURCE: Final = "/source"
CALL_GRAPH: Final = "/callgraph"
ZOOM: Final = "/zoom"
DIVERGENCES: Final = "/divergences"
SAMPLES: Final = "/samples"
COMPARE: Final = "/compare"


def href(path: str, state: State) -> str:
    """The address of a page that shows `state`."""
    return path + state.search
