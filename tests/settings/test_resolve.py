"""Where settings come from, and what is said about a file that is wrong."""

import json
import os
import re
from argparse import Namespace
from pathlib import Path
from typing import Any

import pytest

from pytracer.config import DEFAULTS, Settings
from pytracer.errors import UsageError
from pytracer.settings import Resolved, resolve
from pytracer.settings.keys import ALIASES, BY_NAME, KEYS

ORIGINAL = {
    "modules_to_load": ["math", "numpy", "sklearn"],
    "include_file": "",
    "exclude_file": ["exclude.default.txt", "exclude.numpy.default.txt"],
    "filter_alias": True,
    "logger": {"format": "print", "output": "pytracer.log", "color": False, "level": "debug"},
    "io": {"type": "pickle", "backtrace": True, "cache": {"root": ".__pytracercache__"}},
    "numpy": {"ufunc": False},
}
"""The keys and types of a configuration that the original came with."""


@pytest.fixture
def configured(folder: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    """Resolve with this JSON, given as an object or as text."""

    def run(content: object, **options: object) -> Resolved:
        text = content if isinstance(content, str) else json.dumps(content)
        (folder / "config.json").write_text(text)
        monkeypatch.setenv("PYTRACER_CONFIG", "config.json")
        return resolve(Namespace(**options))

    return run


def test_nothing_is_needed() -> None:
    resolved = resolve(Namespace())
    assert resolved.settings == DEFAULTS
    assert resolved.file is None
    assert set(resolved.origins.values()) == {"default"}


def test_each_key_sets_one_field() -> None:
    fields = [key.field for key in KEYS]
    assert len(set(fields)) == len(fields)
    assert all(hasattr(Settings, field) for field in fields)
    assert set(ALIASES.values()) <= set(BY_NAME)


def test_a_configuration_of_the_original_is_read(configured: Any) -> None:
    resolved = configured(ORIGINAL)
    settings = resolved.settings
    assert settings.modules_to_load == ("math", "numpy", "sklearn")
    assert (settings.include_file, [path.name for path in settings.exclude_file]) == (
        (),
        ["exclude.default.txt", "exclude.numpy.default.txt"],
    )
    assert (settings.log_output, settings.log_level, settings.log_color) == ("pytracer.log", "debug", False)
    assert (settings.trace_format, settings.backtrace, settings.cache) == ("pickle", True, Path(".__pytracercache__"))
    assert [re.search(r"key '([\w.]+)'", remark)[1] for remark in resolved.remarks] == ["filter_alias", "numpy.ufunc"]


@pytest.mark.parametrize(
    ("name", "field"),
    [
        ("module_to_load", "modules_to_load"),
        ("modules-to-load", "modules_to_load"),
        ("module_to_exclude", "modules_to_exclude"),
    ],
)
def test_other_spellings(configured: Any, name: str, field: str) -> None:
    assert getattr(configured({name: ["numpy"]}).settings, field) == ("numpy",)


@pytest.mark.parametrize("name", ["exlude_file", "exclude-file", "exclude-files"])
def test_other_spellings_of_files(configured: Any, folder: Path, name: str) -> None:
    assert configured({name: "a.txt"}).settings.exclude_file == (Path("a.txt"),)


def test_relative_files_are_beside_the_configuration(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (folder / "project" / "deep").mkdir(parents=True)
    text = '[tool.pytracer]\ninclude_file = ["in.txt", "/abs.txt"]\nio.cache.root = "here"\n'
    (folder / "project" / "pyproject.toml").write_text(text)
    monkeypatch.chdir(folder / "project" / "deep")
    resolved = resolve(Namespace())
    assert resolved.settings.include_file == (folder / "project" / "in.txt", Path("/abs.txt"))
    assert resolved.settings.cache == Path("here")
    assert resolved.origins["io.cache.root"] == str(folder / "project" / "pyproject.toml")


def test_the_nearest_project_counts(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (folder / "inner").mkdir()
    (folder / "pyproject.toml").write_text("[tool.pytracer]\nseed = 1\n")
    (folder / "inner" / "pyproject.toml").write_text("[project]\nname = 'other'\n")
    assert resolve(Namespace()).settings.seed == 1
    monkeypatch.chdir(folder / "inner")
    assert resolve(Namespace()).settings.seed == 0


def test_the_variable_wins_over_the_project_and_the_command_line_over_both(configured: Any, folder: Path) -> None:
    (folder / "pyproject.toml").write_text("[tool.pytracer]\nseed = 1\nfollow = false\n")
    resolved = configured({"seed": 2, "run": {"jobs": 3}, "modules_to_load": ["numpy"]}, jobs=4, modules_to_load=["a"])
    settings = resolved.settings
    assert (settings.seed, settings.jobs, settings.follow, settings.modules_to_load) == (2, 4, True, ("a",))
    assert {resolved.origins[name] for name in ("run.jobs", "modules_to_load")} == {"command line"}
    assert resolved.origins["seed"] == "config.json"
    assert resolved.origins["follow"] == "default"


def test_a_project_of_other_tools_is_not_read(folder: Path) -> None:
    (folder / "pyproject.toml").write_text("this is not TOML\n")
    assert resolve(Namespace()).settings == DEFAULTS
    (folder / "pyproject.toml").write_text("this is not TOML of pytracer\n")
    with pytest.raises(UsageError, match=r"cannot read the configuration '.*pyproject.toml' as TOML: .*line 1"):
        resolve(Namespace())


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ({"modules_to_laod": []}, "unknown key 'modules_to_laod' in 'config.json'; did you mean 'modules_to_load'"),
        ({"logger": {"lvl": "info"}}, "unknown key 'logger.lvl' in 'config.json'; did you mean 'logger.level'"),
        ({"logger": {"lvl": "info"}}, "; accepted: logger.format, logger.output, logger.color, logger.level"),
        ({"zzz": {"a": 1}}, "unknown key 'zzz' in 'config.json'; accepted: modules_to_load, "),
        ({"a\ud800": 1}, r"unknown key 'a\ud800' in "),
        ({"logger": 1}, "key 'logger' in 'config.json' cannot be 1; accepted: a table"),
        ({"modules_to_load": "numpy"}, "key 'modules_to_load' in 'config.json' cannot be 'numpy'; accepted: a list of"),
        ({"modules_to_load": [1]}, "cannot be [1]; accepted: a list of dotted names"),
        ({"modules_to_load": {"numpy": 1}}, "key 'modules_to_load' in 'config.json' cannot be {'numpy': 1}; accepted"),
        ({"logger": {"level": "warn"}}, "accepted: 'debug', 'info', 'warning', 'error'; did you mean 'warning'?"),
        ({"logger": {"color": 1}}, "cannot be 1; accepted: true or false"),
        ({"io": {"type": "text"}}, "cannot be 'text'; accepted: 'native', 'pickle'"),
        ({"io": {"cache": {"root": ""}}}, "key 'io.cache.root' in 'config.json' cannot be ''; accepted: the path"),
        ({"io": {"cache": {"root": "a\0b"}}}, "accepted: the path of a folder"),
        ({"io": {"cache": {"root": "\ud800"}}}, "accepted: the path of a folder"),
        ({"run": {"samples": 1}}, "cannot be 1; accepted: an integer from 2 to "),
        ({"run": {"samples": True}}, "cannot be True; accepted: an integer from 2 to "),
        ({"seed": 1.0}, "cannot be 1.0; accepted: an integer from 0 to "),
        ({"seed": 2**64}, "accepted: an integer from 0 to 18446744073709551615"),
        ({"limits": {"trace_bytes": "1 parsec"}}, "cannot be '1 parsec'; accepted: a number of bytes from 1 on"),
        ({"limits": {"trace_bytes": 0}}, "cannot be 0; accepted: a number of bytes from 1 on"),
        ({"seed": 1, "logger.level": "info", "logger": {"level": "info"}}, "are the same setting; keep one"),
        ('{"seed": 1, "seed": 2}', "as JSON: key 'seed' stands there twice; mend it"),
        ('{"seed": 1', "as JSON: Expecting ',' delimiter: line 1 column 11"),
        ("[]", "as JSON: it must hold one object"),
        ("[" * 100_000, "as JSON: it is nested too deeply"),
        ('{"seed": ' + "9" * 5000 + "}", "as JSON: "),
    ],
)
def test_mistakes(configured: Any, content: object, message: str) -> None:
    with pytest.raises(UsageError) as caught:
        configured(content)
    assert message in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("[tool]\npytracer = 3\n", "tool.pytracer in "),
        ("tool = 'pytracer'\n", None),
        ("[tool.pytracer]\nseed = 2020-01-01\n", "cannot be datetime.date(2020, 1, 1); accepted: an integer"),
        (f"[tool.pytracer]\nseed = 0x{'f' * 6000}\n", "cannot be this int; accepted: an integer"),
    ],
)
def test_mistakes_of_a_project(folder: Path, content: str, message: str | None) -> None:
    (folder / "pyproject.toml").write_text(content)
    if message is None:
        assert resolve(Namespace()).settings == DEFAULTS
        return
    with pytest.raises(UsageError) as caught:
        resolve(Namespace())
    assert message in str(caught.value)


def test_files_that_cannot_be_read(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    os.mkfifo(folder / "pipe")
    (folder / "large.json").write_bytes(b" " * (2 << 20))
    for name, message in {
        "nowhere.json": "cannot read 'nowhere.json': No such file",
        str(folder): "is no regular file",
        "pipe": "'pipe' is no regular file",  # would wait for a writer
        "/dev/zero": "'/dev/zero' is no regular file",
        "large.json": "'large.json' is larger than 1048576 bytes",
        "x" * 300: "File name too long",
    }.items():
        monkeypatch.setenv("PYTRACER_CONFIG", name)
        with pytest.raises(UsageError, match=re.escape(message)):
            resolve(Namespace())


def test_an_empty_variable_names_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PYTRACER_CONFIG", "")
    assert resolve(Namespace()).file is None
