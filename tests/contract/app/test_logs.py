"""What reaches the logs, and what never does."""

import asyncio
import io
import sys

import pytest
import structlog

from parvis.app import logs


def test_an_exception_is_logged_by_its_kind_and_way_without_its_words(monkeypatch: pytest.MonkeyPatch) -> None:
    """An exception's text may be somebody's words. Source: CONTRIBUTING.md; STYLE, "Words stay out of logs"."""
    heard = io.StringIO()
    monkeypatch.setattr(sys, "stderr", heard)
    logs.configure()
    try:
        try:
            said: dict[str, int] = {}
            said["what somebody said"]
        except KeyError:
            structlog.get_logger().exception("command failed", command="JOIN")
        loop = asyncio.new_event_loop()
        logs.tell_fault(loop, {"message": "what somebody said", "exception": ValueError("what somebody said")})
        loop.close()
    finally:
        structlog.reset_defaults()
    assert "KeyError" in heard.getvalue()
    assert "ValueError" in heard.getvalue()
    assert "test_logs.py" in heard.getvalue()
    assert "what somebody said" not in heard.getvalue()
