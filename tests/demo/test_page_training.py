"""The Training tab in a real browser, over the logs of this repository."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from conftest import REPOSITORY, App, open_tab

from gpt2_scratch.insight.training_log import read_log

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


def test_curves_figures_and_commands_are_those_of_the_files(
    logged_app: App, open_page: Any
) -> None:
    page = open_page(logged_app)
    open_tab(page, "Training")
    panel = page.locator("#training")
    headings = ["Training runs", "Held-out text", "Before and after", "What they have read"]
    for heading in [*headings, "The commands"]:
        expect(panel.get_by_role("heading", name=heading)).to_be_visible()

    spam = json.loads((WEIGHTS / "spam.metrics.json").read_text(encoding="utf-8"))
    figures = next(figures for figures in spam.values() if "tn" in figures)
    cells = panel.locator(".confusion").first.locator("td").all_text_contents()
    assert cells == [f"{figures[cell]:,}" for cell in ("tn", "fp", "fn", "tp")]

    log = (WEIGHTS / "base.log.jsonl").read_text(encoding="utf-8").splitlines()
    for command in json.loads(log[0])["commands"]:
        expect(panel.locator(".commands pre", has_text=command).first).to_be_visible()

    # The curve is read at its end first, then where the pointer is.
    place = panel.locator(".chart .place").first
    at_the_end = place.text_content()
    box = panel.locator(".chart svg").first.bounding_box()
    page.mouse.move(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    expect(place).not_to_have_text(at_the_end)

    panel.get_by_role("button", name="minutes").click()
    expect(place).to_contain_text("minutes")
    panel.get_by_role("button", name="chat", exact=True).click()
    for figure in read_log(WEIGHTS / "chat.log.jsonl").figures:
        legends = panel.locator(".charts").first
        expect(legends).to_contain_text(figure.replace("_", " "), ignore_case=True)


def test_a_folder_without_logs_says_so(tiny_app: App, open_page: Any) -> None:
    page = open_page(tiny_app)
    open_tab(page, "Training")
    expect(page.locator("#training")).to_have_text("There are no logs beside these weights.")
