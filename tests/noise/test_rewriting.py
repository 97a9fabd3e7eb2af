"""Rewritten code does what the source says: values, order of evaluation, exceptions, lines and tracebacks."""

import gc
import linecache
import sys
import traceback
import warnings
from itertools import pairwise
from pathlib import Path
from types import CodeType, FrameType
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pytracer.noise.rewriting import Original, original, rewritten

PROGRAMS = Path(__file__).parents[1] / "programs" / "floats"


def both(source: str, file: str = "program.py") -> tuple[CodeType, CodeType]:
    """The code of a program, and its rewritten code."""
    plain = compile(source, file, "exec", dont_inherit=True)
    return plain, rewritten(plain, source)


def run(code: CodeType, **names: Any) -> dict[str, Any]:
    space = {"__name__": "__main__", **names}
    exec(code, space)
    return space


class Logged:
    """Notes what is done with it, and in which order."""

    def __init__(self, name: str, log: list[str]) -> None:
        self.__dict__.update(name=name, log=log)

    def _note(self, *what: Any) -> "Logged":
        self.log.append(f"{self.name} {what}")
        return Logged(f"({self.name} {what[0]})", self.log)

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        return self._note("get", name)

    def __setattr__(self, name: str, value: Any) -> None:
        self._note("set", name, value)

    def __repr__(self) -> str:
        return f"<{self.name}>"


def note_operator(name: str) -> Any:
    return lambda self, *operands: self._note(name, *operands)


for operator in ("add", "sub", "mul", "truediv", "pow", "neg", "index"):
    for prefix in ("", "r", "i"):
        setattr(Logged, f"__{prefix}{operator}__", note_operator(prefix + operator))
del Logged.__ipow__  # type: ignore[attr-defined]
for name in ("getitem", "setitem", "call", "contains"):
    setattr(Logged, f"__{name}__", note_operator(name))

EXPRESSIONS = st.recursive(
    st.sampled_from(["a", "b", "c", "1", "2.5", "x", "y", "'t'", "3j"]),
    lambda inner: st.one_of(
        st.builds("({} {} {})".format, inner, st.sampled_from(["+", "-", "*", "/", "**", "@", "//", "%"]), inner),
        st.builds("(-{})".format, inner),
        st.builds("f({}, {})".format, inner, inner),
        st.builds("a[{}]".format, inner),
        st.builds("b.name[{}:{}]".format, inner, inner),
        st.builds("({} if {} else {})".format, inner, inner, inner),
        st.builds("(lambda v: v + {})({})".format, inner, inner),
        st.builds("(x := {})".format, inner),
        st.builds("[v * {} for v in (x, y)]".format, inner),
        st.builds("({}, {})".format, inner, inner),
    ),
    max_leaves=8,
)
AUGMENTED = st.sampled_from(["+=", "-=", "*=", "/=", "**=", "//="])
TARGETS = st.one_of(
    st.sampled_from(
        ["x", "y", "a", "a[0]", "a[x]", "a[-1, y]", "b.name", "b.other.name", "a[1:2]", "g[0]", "f(a, 1)[y]"]
    ),
    st.builds("a[{}]".format, EXPRESSIONS),
    st.builds("f({}, 0).name".format, EXPRESSIONS),
    st.builds("c[{}:, 1]".format, EXPRESSIONS),
)
STATEMENTS = st.one_of(
    st.builds("{} {} {}".format, TARGETS, AUGMENTED, EXPRESSIONS),
    st.builds("x = x + {}".format, EXPRESSIONS),
    st.builds("{} = {}".format, TARGETS, EXPRESSIONS),
)


def outcome(code: CodeType) -> list[str]:
    """Everything that can be seen of a function's execution."""
    log: list[str] = []
    objects = {name: Logged(name, log) for name in "abcg"}

    def f(*arguments: Any) -> Any:
        log.append(f"f {arguments}")
        return Logged("f()", log)

    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            space = run(code, f=f, x=0.1, y=3, **objects)
            log.append(repr(space["function"](objects["a"], 0.7, 7)))
    except Exception as error:
        log.append(f"{type(error)} {error} {[frame.lineno for frame in traceback.extract_tb(error.__traceback__)]}")
    return log


@settings(max_examples=400, deadline=None, derandomize=True)
@given(statements=st.lists(STATEMENTS, min_size=1, max_size=4), module=st.booleans())
def test_everything_happens_in_the_same_order(statements: list[str], module: bool) -> None:
    body = "\n    ".join(statements)
    source = f"def function(a, x, y):\n    {body}\n    return (a, x, y)\n"
    if module:
        source += "\n".join(statements)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            plain, code = both(source)
        except SyntaxError:  # some of the expressions cannot be targets, or are refused when they are folded
            return
    assert outcome(code) == outcome(plain)


def lines_of(code: CodeType, source: str) -> list[tuple[str, str, int]]:
    """The events that a debugger or a coverage tool gets."""
    events = []

    def trace(frame: FrameType, event: str, argument: Any) -> Any:
        if frame.f_code.co_filename != code.co_filename:
            return None
        events.append((frame.f_code.co_name, event, frame.f_lineno))
        return trace

    gc.collect()  # generators of an earlier run are closed now, not under our eyes
    before = sys.gettrace()
    sys.settrace(trace)
    try:
        run(code)
    finally:
        sys.settrace(before)
    return events


@pytest.mark.parametrize("path", sorted(PROGRAMS.glob("*.py")), ids=lambda path: path.name)
def test_programs_of_every_kind(path: Path) -> None:
    """Results, the events of `sys.settrace` and the lines of every code object are the same."""
    source = path.read_text()
    plain, code = both(source, str(path))
    assert run(code)["result"] == run(plain)["result"]
    assert lines_of(code, source) == lines_of(plain, source)
    assert [set(each.co_lines()) and {line for *_, line in each.co_lines()} for each in codes(code)] == [
        {line for *_, line in each.co_lines()} for each in codes(plain)
    ]


def codes(code: CodeType) -> list[CodeType]:
    nested = [each for each in code.co_consts if isinstance(each, CodeType)]
    return [code, *(inner for each in nested for inner in codes(each))]


def test_every_code_object_keeps_its_original() -> None:
    source = "def f(x):\n    return [lambda y: x + y for _ in (1, 2)]\nclass C:\n    v = 1.0\n    v += 1\n"
    plain, code = both(source)
    assert [original(each) for each in codes(code)] == codes(plain)
    assert original(plain) is plain
    assert all(type(each.co_consts[-1]) is Original for each in codes(code))
    names = ("co_names", "co_varnames", "co_freevars", "co_cellvars", "co_flags", "co_firstlineno", "co_qualname")
    for rewritten_code, plain_code in zip(codes(code), codes(plain), strict=True):
        assert all(getattr(rewritten_code, name) == getattr(plain_code, name) for name in names)


FAILING = [
    "x = 1.0 + y",
    "x = [\n    1,\n    a + (b\n      - 'text'),\n]",
    "x = a * b / 0.0",
    "x = (a\n     + b) ** 'text'",
    "x = a\nx += 'text'",
    "def f(s):\n    s += a\n    return s\nf('text')",
    "def f(s):\n    s = s + a\n    return s\nf('text')",
    "def f(s, i):\n    s[i] += a\nf([1, 2], 7)",
    "def f(s, i):\n    s[i] += a\nf((1, 2), 1)",
    "d = {}\nd['key'] += a",
    "d = {'key': 'text'}\nd['key'] -= a",
    "class A:\n    __slots__ = ()\nA().value += 1",
    "class A:\n    value = 1\n    __slots__ = ()\nA().value += 1",
    "t = (1.0, 2.0)\nt[0] += a",
    "t = (1.0, 2.0)\nt[0:1] += (a,)",
    "x = sum(v + 'text' for v in [a])",
    "x = f'{a + \"text\"}'",
    "x = 10.0 ** 400 * 1.0",
    "x = a ** 1e5\ny = (a * 1e9) ** 1e5",
    "x = 0.0 ** -1",
    "x = 10 ** 400 + a",
    "x = (1 + 2j) / 0",
    "x = (lambda v: v\n     + None)(1.5)",
    "def f(v): return f(v) + 1\nf(1)",
    "x = undefined + 1",
    "del a\nx = a + 1",
    "class N:\n    def __add__(self, other):\n        raise ValueError('no')\nx = (N()\n     + 1)",
]


@pytest.mark.parametrize("source", FAILING)
def test_tracebacks_are_the_same(source: str, tmp_path: Path) -> None:
    source = f"a = 2.5\nb = 3\n{source}\n"
    file = tmp_path / "failing.py"
    file.write_text(source)
    texts = []
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        pair = both(source, str(file))
    for code in pair:
        linecache.checkcache(str(file))
        with pytest.raises(Exception) as caught:  # noqa: PT011
            run(code)
        texts.append("".join(traceback.format_exception(caught.value)))
    assert texts[0] == texts[1]


def test_annotations_and_future_flags_are_respected() -> None:
    source = (
        '"""Docs."""\nfrom __future__ import annotations\nx: 1 + unknown * 2 = 3\n'
        'def f(a: b + c = 1 * x, /) -> d - e:\n    """Inner."""\n    v: (g / h)\n    return a\n'
    )
    for code in both(source):
        space = run(code)
        assert space["__doc__"] == "Docs."
        assert space["__annotations__"] == {"x": "1 + unknown * 2"}
        assert space["f"].__annotations__ == {"a": "b + c", "return": "d - e"}
        assert (space["f"].__doc__, space["f"]()) == ("Inner.", 3)


def test_constants_are_folded_and_texts_left_alone() -> None:
    plain, code = both("x = 2 * 3 - -1\ny = 'a' + t\nz = [1] * n\nw = t + f'{n}'\nv = b'a' * n\n")
    assert code.co_code == plain.co_code
    assert code.co_consts[:-1] == plain.co_consts


def test_texts_are_appended_in_place() -> None:
    """A copy lies elsewhere, as the text still lies there. In place: memory comes in pieces of at least 8 bytes."""
    source = (
        "def append(piece):\n    text = ''\n    places = []\n    for _ in range(4000):\n"
        "        {}\n        places.append(id(text))\n    return places\n"
    )
    for statement in ("text += piece", "text = text + piece"):
        for code in both(source.format(statement)):
            places = run(code)["append"]("a")
            stays = sum(before == after for before, after in pairwise(places))
            assert stays > 4000 * 3 / 4


@pytest.mark.parametrize("source", ["x = 1 is 1\n", "x = (1)(2)\n", "x = '\\d'\n", "assert (1, 'x')\n"])
def test_warnings_are_those_of_the_compilation(source: str) -> None:
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        plain = compile(source, "program.py", "exec", dont_inherit=True)
        shown = len(caught)
        filters = list(warnings.filters)
        rewritten(plain, source)
        assert (len(caught), warnings.filters) == (shown, filters)
    assert shown == 1


def test_encodings() -> None:
    source = "# -*- coding: latin-1 -*-\ntext = 'é' \nx = 1.5\nx *= 2\n".encode("latin-1")
    plain = compile(source, "program.py", "exec", dont_inherit=True)
    code = rewritten(plain, source)
    assert (run(code)["text"], run(code)["x"]) == ("é", 3.0)


def test_a_long_sum() -> None:
    """As deep as it is long; the compiler itself takes no more than some thousands of terms."""
    _, code = both("x = 1.5\ny = " + " + ".join(["x"] * 500))
    assert run(code)["y"] == 750.0
    source = "x = 1\ny = x" + " + x" * 2900
    try:
        plain = compile(source, "program.py", "exec")
    except RecursionError:
        pytest.skip("this Python does not compile it")
    try:
        code = rewritten(plain, source)
    except (RecursionError, MemoryError):
        return
    assert run(code)["y"] == 2901
