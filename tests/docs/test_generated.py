"""Generated pages of the reference are those that the code generates now."""

from __future__ import annotations

import importlib.util
from pathlib import Path
from types import ModuleType

import pytest

DOCS = Path(__file__).parents[2] / "docs"


def generator() -> ModuleType:
    spec = importlib.util.spec_from_file_location("generate", DOCS / "generate.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.mark.parametrize("name", ["settings.md", "metrics.md", "problems.md"])
def test_committed_page_is_the_generated_one(name: str) -> None:
    committed = (DOCS / "reference" / name).read_text("utf-8")
    assert committed == generator().PAGES[name](), "run: python docs/generate.py"
