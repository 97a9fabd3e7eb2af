"""docs/result-format.md is what the schema says."""

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parent.parent.parent


def test_the_page_is_current(tmp_path: Path) -> None:
    """When this fails: python tools/result_format.py"""
    subprocess.run([sys.executable, ROOT / "tools" / "result_format.py", tmp_path / "page.md"], check=True)
    assert (tmp_path / "page.md").read_text() == (ROOT / "docs" / "result-format.md").read_text()
