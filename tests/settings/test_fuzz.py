"""Any bytes as a configuration or as a file of patterns give an error message or a result."""

import json
import os
import re
import tempfile
from argparse import Namespace
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st

from pytracer.config import Settings
from pytracer.errors import UsageError
from pytracer.settings import resolve
from pytracer.settings.keys import ALIASES, BY_NAME, OBSOLETE
from pytracer.settings.patterns import read_patterns

NAMES = st.sampled_from([*BY_NAME, *ALIASES, *OBSOLETE, "logger", "io", "io.cache", "run", "limits"]) | st.text(
    max_size=8
)
SCALARS = (
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8) | st.sampled_from(["1 GB", "print"])
)
VALUES = st.recursive(SCALARS, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(NAMES, inner, max_size=4))
TOKENS = st.sampled_from(
    [
        "[tool.pytracer]",
        "[tool",
        ".",
        "pytracer",
        "]",
        "=",
        "'",
        '"',
        "\n",
        "#",
        "seed",
        "1",
        "0x",
        "inf",
        "2020-",
        "{",
        "}",
        ",",
    ]
)


@contextmanager
def config_file(name: str, content: bytes) -> Iterator[None]:
    """A working directory with this file as its configuration."""
    before = Path.cwd()
    with tempfile.TemporaryDirectory() as folder:
        Path(folder, name).write_bytes(content)
        os.chdir(folder)
        os.environ["PYTRACER_CONFIG"] = "" if name == "pyproject.toml" else name
        try:
            yield
        finally:
            os.chdir(before)
            del os.environ["PYTRACER_CONFIG"]


def check(name: str, content: bytes) -> None:
    """The file is read, or refused in one line that can be printed."""
    refused = ""
    with config_file(name, content):
        try:
            assert isinstance(resolve(Namespace()).settings, Settings)
        except UsageError as error:
            refused = str(error)
    assert refused.encode().count(b"\n") == 0
    assert refused == "" or name in refused


@given(st.binary(max_size=200))
@settings(max_examples=150, deadline=None)
def test_any_bytes(content: bytes) -> None:
    check("c.json", content)
    check("pyproject.toml", b"[tool.pytracer]\n" + content)


@given(st.dictionaries(NAMES, VALUES, max_size=5))
@settings(max_examples=300, deadline=None)
def test_any_json(content: dict[str, object]) -> None:
    check("c.json", json.dumps(content).encode())


@given(st.lists(TOKENS | st.text(max_size=3), max_size=30).map("".join))
@settings(max_examples=200, deadline=None)
def test_any_toml(content: str) -> None:
    check("pyproject.toml", b"# pytracer\n" + content.encode(errors="surrogatepass"))


@given(st.binary(max_size=100) | st.text(alphabet="ab.*? #\n\t<>[]\u00e9\u2028", max_size=60).map(str.encode))
@settings(max_examples=300, deadline=None)
def test_any_patterns(content: bytes) -> None:
    origins = []
    with config_file("p.txt", content):
        try:
            for pattern in read_patterns([Path("p.txt")]):
                assert 1 <= len(pattern.text.split(" ")) <= 2
                origins.append(pattern.origin)
        except UsageError as error:
            origins.append(str(error))
    assert all(re.match(r"p\.txt:\d+", origin) for origin in origins)
