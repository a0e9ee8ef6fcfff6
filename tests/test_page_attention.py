"""The Attention tab in a real browser."""

from __future__ import annotations

from typing import Any

import pytest
from conftest import App, open_tab

sync_api = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
expect = sync_api.expect


def test_heads_can_be_chosen_and_weights_read(tiny_app: App, open_page: Any) -> None:
    page = open_page(tiny_app)
    open_tab(page, "Attention")
    page.locator("#attention-text textarea").fill("the cat sat")
    page.locator("#show-attention").click()
    maps = page.locator("#attention-maps")
    expect(maps.locator(".chips")).to_have_text("the·cat·sat")
    expect(maps.locator(".thumbnail")).to_have_count(4)
    expect(maps.locator(".head-title")).to_have_text("Layer 0, head 0")
    chips = maps.locator(".chips .chip").all_text_contents()
    assert maps.locator("svg .from").all_text_contents() == chips

    maps.locator(".thumbnail").nth(3).click()
    expect(maps.locator(".head-title")).to_have_text("Layer 1, head 1")
    maps.locator("rect.cell[data-i='0'][data-j='0']").hover()
    expect(maps.locator(".readout")).to_have_text(
        f"“{chips[0]}” gives 100 % of its attention to “{chips[0]}”"
    )
    maps.locator(".chips .chip").nth(1).hover()
    expect(maps.locator(".readout")).to_contain_text(f"“{chips[1]}” gives")
    expect(maps.locator(".chip.future")).to_have_count(len(chips) - 2)
