"""The documents say what is true: links resolve, commands exist, Python blocks run."""

import os
import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent.parent
DOCUMENTS = sorted([*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md")])

pytestmark = pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: str(path.relative_to(ROOT)))


def test_links_lead_somewhere(document: Path) -> None:
    links = re.findall(r"\]\(([^)#\s]+)", document.read_text())
    missing = [link for link in links if "://" not in link and not (document.parent / link).exists()]
    assert missing == []


def test_named_files_exist(document: Path) -> None:
    named = re.findall(r"`((?:src|tests|docs|examples|benchmarks|tools)/[\w./-]+)`", document.read_text())
    assert [path for path in named if not (ROOT / path).exists()] == []


def test_make_targets_exist(document: Path) -> None:
    targets = set(re.findall(r"^([\w-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    named = set(re.findall(r"(?:^    |`)make ([a-z][\w-]*)", document.read_text(), re.MULTILINE))
    assert named <= targets


def test_command_lines_are_accepted(document: Path) -> None:
    """Each `    pytracer ...` line has a verb and options that its help lists."""
    for line in re.findall(r"^(?:    |\$ )(pytracer .*)$", document.read_text(), re.MULTILINE):
        verb, *words = shlex.split(line, comments=True)[1:]
        shown = subprocess.run(
            [sys.executable, "-m", "pytracer", verb, "--help"], capture_output=True, text=True, check=True
        ).stdout
        own = [word for word in words[: _program(words)] if word.startswith("-")]
        assert [word for word in own if not re.search(rf"(?<!\S){re.escape(word)}\b", shown)] == [], line


def _program(words: list[str]) -> int:
    """Index of the first word that looks like the user's program."""
    return next((i for i, word in enumerate(words) if word.endswith(".py") or word in ("-m", "-c", "--")), len(words))


def test_python_blocks_run(document: Path, tmp_path: Path) -> None:
    """Blocks of one document run together, in order. One that cannot run is preceded by `<!-- not run: reason -->`."""
    blocks = re.findall(r"(<!-- not run: .+? -->\n+)?```python\n(.*?)```", document.read_text(), re.DOTALL)
    source = "\n".join(block for reason, block in blocks if not reason)
    environment = os.environ | {"PYTHONWARNINGS": "error"}
    subprocess.run([sys.executable, "-c", source], cwd=tmp_path, env=environment, check=True)
