"""The Spam tab in a real browser."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
from conftest import App, open_tab

sync_api = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
expect = sync_api.expect


def test_one_message_gets_a_verdict(tiny_app: App, open_page: Any) -> None:
    page = open_page(tiny_app)
    open_tab(page, "Spam")
    page.locator("#message textarea").fill("See you at noon")
    page.locator("#classify").click()
    expect(page.locator("#verdict-remark")).to_contain_text(re.compile("says (spam|ham)"))
    expect(page.locator("#verdict")).to_contain_text("%")


def test_an_error_is_shown_as_a_sentence(tiny_app: App, open_page: Any) -> None:
    page = open_page(tiny_app)
    open_tab(page, "Spam")
    page.locator("#message textarea").fill("   ")
    page.locator("#classify").click()
    expect(page.get_by_text("The message is empty: write some text first.")).to_be_visible()


def test_a_csv_goes_in_and_a_csv_comes_out(tiny_app: App, open_page: Any, tmp_path: Path) -> None:
    upload = tmp_path / "<img src=x onerror=alert(1)>.csv"
    upload.write_text('id,message\n1,"=1+1"\n2,<b>bold</b> ${7*7}\n3,See you\n', encoding="utf-8")
    page = open_page(tiny_app)
    open_tab(page, "Spam")
    page.locator("#messages-file input[type=file]").set_input_files(upload)
    expect(page.locator("#counts")).to_contain_text("3 messages")
    expect(page.locator("#verdicts")).to_contain_text("<b>bold</b> ${7*7}")
    with page.expect_download() as download:
        page.locator("#download").click()
    lines = Path(download.value.path()).read_text(encoding="utf-8-sig").splitlines()
    assert lines[0] == "message,label,spam_probability,truncated"
    assert [line.split(",")[0] for line in lines[1:]] == ["'=1+1", "<b>bold</b> ${7*7}", "See you"]


def test_a_file_that_is_too_long_is_refused(tiny_app: App, open_page: Any, tmp_path: Path) -> None:
    upload = tmp_path / "many.txt"
    upload.write_text("x\n" * 501, encoding="utf-8")
    page = open_page(tiny_app)
    open_tab(page, "Spam")
    page.locator("#messages-file input[type=file]").set_input_files(upload)
    expect(page.get_by_text("501 messages; at most 500")).to_be_visible()
