"""Functions are chosen by patterns of names; what matched nothing is known."""

import itertools
import re
from collections.abc import Iterator

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pytracer import _native
from pytracer.trace.patterns import Pattern
from pytracer.trace.targets import Selection


@pytest.fixture(autouse=True)
def nothing_selected() -> Iterator[None]:
    yield
    _native.select_functions((), (), ())


def regex(glob: str, *, below: bool) -> str:
    """What a glob means, as a regular expression: the reference of the native matcher."""
    text = "".join({"*": ".*", "?": "."}.get(character, re.escape(character)) for character in glob)
    return f"(?s:{text})" + (r"(?s:\..*)?" if below else "")


def reference(pattern: str, module: str, name: str) -> bool:
    module_glob, _, function_glob = pattern.partition(" ")
    if not function_glob:
        return re.fullmatch(regex(module_glob, below=True), f"{module}.{name}") is not None
    in_module = re.fullmatch(regex(module_glob, below=False), module) is not None
    return in_module and re.fullmatch(regex(function_glob, below=True), name) is not None


@pytest.mark.parametrize(
    ("pattern", "matching", "other"),
    [
        ("numpy.linalg", "numpy.linalg solve", "numpy.linalgebra solve"),
        ("numpy.linalg", "numpy.linalg.inner f", "numpy sqrt"),
        ("numpy.linalg.solve", "numpy.linalg solve", "numpy.linalg solver"),
        ("numpy ndarray", "numpy ndarray.sum", "numpy.ma ndarray.sum"),
        ("numpy* *sum", "numpy.ma ndarray.sum", "numpy cumsums"),
        ("* frompyfunc", "numpy frompyfunc", "numpy frompyfunction"),
        ("__main__ f?", "__main__ fg", "__main__ f"),
        ("m *.<locals>.g", "m f.<locals>.g", "m g"),
        ("m ?x", "m \u00f6x", "m \u00f6\u00f6x"),
        ("numpy*ufunc.at", "numpy ufunc.at", "numpy ufunc.attribute"),
    ],
)
def test_patterns(pattern: str, matching: str, other: str) -> None:
    for wanted, included in (((pattern,), ()), ((), (pattern,))):
        _native.select_functions(wanted, included, ())
        assert _native.is_selected(*matching.split(" "))
        assert not _native.is_selected(*other.split(" "))
    _native.select_functions((), (), (pattern,))
    assert not _native.is_selected(*matching.split(" "))
    assert _native.is_selected(*other.split(" "))


LETTERS = st.text(alphabet="ab.\u00e9\u20ac", min_size=1, max_size=8)
GLOBS = st.text(alphabet="ab.\u00e9*?", min_size=1, max_size=6)


@given(st.lists(st.tuples(GLOBS, st.just("") | GLOBS.map(" ".__add__)).map("".join), max_size=4), LETTERS, LETTERS)
@settings(max_examples=1000, deadline=None)
def test_globs_are_those_of_the_reference(patterns: list[str], module: str, name: str) -> None:
    expected = [reference(pattern, module, name) for pattern in patterns]
    _native.select_functions(tuple(patterns), (), ())
    assert _native.is_selected(module, name) == (any(expected) or not patterns)
    assert _native.unmatched_patterns() == [row for row, matched in enumerate(expected) if not matched]
    _native.select_functions((), tuple(patterns), tuple(patterns))
    assert _native.is_selected(module, name) == (not patterns)


def test_many_stars_end() -> None:
    _native.select_functions(("a*" * 200 + "b",), (), ())
    assert not _native.is_selected("a" * 5000, "a" * 5000)


def test_wanted_then_included_then_excluded() -> None:
    answers = {}
    for lists in itertools.product(((), ("a",)), ((), ("* f", "z")), ((), ("*.g",))):
        _native.select_functions(*lists)
        answers[lists] = [_native.is_selected(*full.split(" ")) for full in ("a f", "a g", "b f")]
    assert answers == {(w, i, e): [True, not i and not e, not w] for w, i, e in answers}


def test_names_that_are_no_utf8_are_not_selected() -> None:
    _native.select_functions(("*",), (), ())
    assert not _native.is_selected("a", "\ud800")
    with pytest.raises(UnicodeEncodeError):
        _native.select_functions(("\ud800",), (), ())


def test_what_matched_nothing_says_where_it_was_written() -> None:
    selection = Selection.of(
        {
            "trace": ["numpy", "scipy"],
            "exclude": ["numpy.fft", "pandas"],
            "include_patterns": [["* s*", "in.txt:1"], ["* zzz", "in.txt:2"]],
            "exclude_patterns": [["math", "out.txt:7"]],
        }
    )
    selection.start()
    assert selection.flags("numpy", "sin") == _native.RECORD
    assert selection.flags("numpy.fft", "fft") == 0
    assert list(selection.unmatched()) == [
        Pattern("scipy", "name to trace"),
        Pattern("* zzz", "in.txt:2"),
        Pattern("pandas", "name to leave out"),
        Pattern("math", "out.txt:7"),
    ]
