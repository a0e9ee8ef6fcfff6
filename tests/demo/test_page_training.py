"""The Training tab in a real browser, over the logs of this repository."""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from conftest import REPOSITORY, WIDTHS, App, open_tab

sync_api = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
expect = sync_api.expect
WEIGHTS = REPOSITORY / "weights"


@pytest.fixture
def logged_app(tiny_app: App, tiny_weights: Path) -> Iterator[App]:
    """The app over tiny models, beside which the repository's logs and figures lie."""
    copies = [
        Path(shutil.copy(path, tiny_weights))
        for pattern in ("*.log.jsonl", "*.metrics.json", "README.md")
        for path in WEIGHTS.glob(pattern)
    ]
    yield tiny_app
    for copy in copies:
        copy.unlink()


@pytest.mark.parametrize("width", WIDTHS)
def test_curves_figures_and_commands_are_those_of_the_files(
    logged_app: App, open_page: Any, width: int
) -> None:
    page = open_page(logged_app, width=width)
    open_tab(page, "Training")
    panel = page.locator("#training")
    expect(panel.locator(".chart figcaption").first).to_contain_text("Loss")
    for name in ("The language model", "The spam filter", "The assistant"):
        said = page.locator("#training-compute li", has_text=name)
        figures = r"[\d,]+ tokens in [\d.]+ hours, [\d,]+ tokens a second"
        expect(said).to_contain_text(re.compile(figures))

    # The curve is read at its end first, then where the pointer is.
    place = panel.locator(".chart .place").first
    at_the_end = place.text_content()
    panel.locator(".chart svg").first.hover()
    expect(place).not_to_have_text(at_the_end)

    expect(page.locator("#training-answers")).to_contain_text("right word for word")
    expect(page.locator("#training-samples")).to_contain_text("The language model")
    page.get_by_role("button", name="The commands").press("Enter")
    log = (WEIGHTS / "base.log.jsonl").read_text(encoding="utf-8").splitlines()
    for command in json.loads(log[0])["commands"]:
        expect(page.locator("#training-commands")).to_contain_text(command)

    choice = panel.get_by_role("button", name="The assistant")
    choice.press("Enter")
    expect(choice).to_be_focused()
    expect(panel.locator(".charts")).to_contain_text("loss on held-out answers")
    overflow = "document.documentElement.scrollWidth - document.documentElement.clientWidth"
    assert page.evaluate(overflow) <= 0


def test_a_folder_without_logs_says_so(tiny_app: App, open_page: Any) -> None:
    page = open_page(tiny_app)
    open_tab(page, "Training")
    expect(page.locator("#training")).to_have_text("There are no logs beside these weights.")
