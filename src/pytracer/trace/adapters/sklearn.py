"""Estimators: their constructor parameters and what was fitted, by the names that scikit-learn documents."""

from collections.abc import Iterator
from typing import Any

from pytracer.trace.adapters import Adapter, attributes

TREE = ("children_left", "children_right", "feature", "threshold", "value", "impurity", "n_node_samples")


def tree(obj: Any) -> Iterator[tuple[str, Any]]:
    """The arrays of a decision tree."""
    return ((f".{name}", getattr(obj, name)) for name in TREE)


ADAPTERS: dict[str, Adapter] = {
    "BaseEstimator": attributes,
    "Kernel": attributes,  # of Gaussian processes
    "Tree": tree,
}
