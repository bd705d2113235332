"""A plugin of pytest: show how a test failed that passed when it was repeated."""

from __future__ import annotations

import pytest


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Print the failure and the output of each attempt that was repeated."""
    for report in terminalreporter.stats.get("rerun", ()):
        terminalreporter.write_sep("_", f"repeated: {report.nodeid}")
        terminalreporter.write_line(report.longreprtext)
        for title, content in report.sections:
            terminalreporter.write_sep("-", title)
            terminalreporter.write_line(content.rstrip())
