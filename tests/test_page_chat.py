"""The Chat tab in a real browser."""

from __future__ import annotations

import re
from typing import Any

import pytest
from conftest import App, open_tab

sync_api = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
expect = sync_api.expect


def test_a_conversation_with_retry_and_clear(tiny_app: App, open_page: Any) -> None:
    page = open_page(tiny_app)
    open_tab(page, "Chat")
    users, bots = (
        page.locator("#conversation .user.message"),
        page.locator("#conversation .bot.message"),
    )

    def say(text: str) -> None:
        page.locator("#instruction textarea").fill(text)
        page.locator("#instruction textarea").press("Enter")

    say("Name a colour.")
    expect(users).to_have_count(1)
    expect(bots).to_have_count(1)
    answered = re.compile(r"\d+ tokens of conversation read. The answer (is complete|was cut)")
    expect(page.locator("#chat-remark")).to_contain_text(answered)
    first = bots.first.text_content()
    expect(page.locator("#instruction textarea")).to_have_value("")

    page.locator("#retry").click()  # temperature 0: the same answer, once
    expect(users).to_have_count(1)
    expect(bots).to_have_count(1)
    expect(bots.first).to_have_text(first)

    say("And another?")  # the first turn, with its long answer, has no room beside this one
    expect(users).to_have_count(2)
    expect(bots).to_have_count(2)
    expect(page.locator("#chat-remark")).to_contain_text("The oldest turn no longer fits")

    page.locator("#clear").click()
    expect(users).to_have_count(0)
