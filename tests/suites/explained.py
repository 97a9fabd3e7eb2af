"""Why tests fail under stochastic rounding where the digits alone do not say it: each was looked at."""

import re

RULES: tuple[tuple[str, str, str], ...] = ()
"""Pattern over package and test -> kind, and reason in a few words."""


def reason_of(test: str) -> tuple[str, str] | None:
    """Kind and reason of the first rule for a test, named as `numpy.lib tests/test_x.py::test_y call`."""
    for pattern, kind, reason in RULES:
        if re.search(pattern, test):
            return kind, reason
    return None
