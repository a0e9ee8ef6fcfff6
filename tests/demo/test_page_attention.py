"""The Attention tab in a real browser: overview, map, arcs, lock, comparison, lens, downloads."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import numpy as np
import pytest
from conftest import WIDTHS, App, open_tab

from gpt2_scratch.checkpoints.models import load_model
from gpt2_scratch.demo.attention_view import label
from gpt2_scratch.insight.attention import attention_maps, rollout
from gpt2_scratch.insight.logit_lens import logit_lens
from gpt2_scratch.model import GPT2
from gpt2_scratch.vocabulary.tokenizer import Tokenizer

sync_api = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
expect = sync_api.expect

Models = dict[str, tuple[GPT2, Tokenizer]]
TEXT = "the cat sat on the mat"


def show(page: Any, text: str = TEXT) -> Any:
    """Open the tab, show a text, and give back the panel."""
    open_tab(page, "Attention")
    page.locator("#attention-text textarea").fill(text)
    page.locator("#show-attention").click()
    maps = page.locator("#attention-maps")
    expect(maps.locator(".chips")).to_have_text(text.replace(" ", "·"))
    return maps


def shares(text: str | None) -> list[float]:
    """The percentages in a sentence, as shares."""
    return [float(number) / 100 for number in re.findall(r"([\d.]+) %", text or "")]


@pytest.fixture
def models(
    tiny_weights: Path, monkeypatch: pytest.MonkeyPatch
) -> dict[str, tuple[GPT2, Tokenizer]]:
    """What the app serves, computed here once more."""
    monkeypatch.setenv("GPT2_SCRATCH_WEIGHTS", str(tiny_weights))
    return {name: load_model(name) for name in ("base", "chat")}


def test_heads_are_chosen_rows_are_locked_and_weights_are_read(
    tiny_app: App, open_page: Any, models: Models
) -> None:
    weights = attention_maps(*models["base"], TEXT).weights
    maps = show(open_page(tiny_app))
    expect(maps.locator(".grid .thumbnail")).to_have_count(4)
    chips = maps.locator(".chips .chip").all_text_contents()
    assert maps.locator(".matrix .from").all_text_contents() == chips
    readout = maps.locator(".readout")

    maps.locator(".grid .thumbnail").nth(1).click()
    expect(maps.locator(".head-title")).to_have_text("Layer 0, head 1")
    for i, j in ((0, 0), (5, 2)):
        maps.locator(f".matrix rect[data-i='{i}'][data-j='{j}']").hover()
        reading = re.compile(f"^“{chips[i]}” gives .* of its attention to “{chips[j]}”$")
        expect(readout).to_have_text(reading)
        assert shares(readout.text_content())[0] == pytest.approx(weights[0, 1, i, j], abs=0.006)

    expect(maps.locator(".matrix .cell.kept")).to_have_count(6)  # the row under the pointer
    maps.locator(".chips .chip").nth(3).click()
    expect(maps.locator(".chips .chip[aria-pressed=true]")).to_have_text(chips[3])
    maps.locator(".matrix .to").nth(1).hover()  # another place is read out, the lock stays
    expect(maps.locator(".tops")).to_contain_text(f"“{chips[1]}” is read by")
    expect(maps.locator(".matrix .cell.kept")).to_have_count(4)
    expect(maps.locator(".arcs .arc[data-i]:not([data-i='3'])")).to_have_count(0)
    for picture in (".arcs", ".lines"):
        drawn = maps.locator(f"{picture} .arc[data-i='3']").count()
        assert drawn == (weights[0, 1, 3] >= 0.005).sum()
    # A frame marks what is locked: no cell is faded, its colour stays what it says.
    expect(maps.locator(".matrix .frame")).to_have_attribute("visibility", "visible")
    for cell in maps.locator(".matrix .cell").all()[:8]:
        expect(cell).to_have_css("opacity", "1")
    maps.locator(".head-title").hover()
    expect(maps.locator(".tops")).to_contain_text(f"“{chips[3]}” reads")
    maps.locator(".chips .chip").nth(3).click()
    maps.locator(".head-title").hover()
    expect(maps.locator(".matrix .frame")).to_have_attribute("visibility", "hidden")
    drawn = (weights[0, 1] >= 0.02).sum()
    expect(maps.locator(".arcs .arc")).to_have_count(int(drawn))


def test_the_first_token_is_hidden_and_the_rollout_is_shown(
    tiny_app: App, open_page: Any, models: Models
) -> None:
    weights = attention_maps(*models["base"], TEXT).weights
    maps = show(open_page(tiny_app))
    last = len(weights[0, 0]) - 1
    cell = maps.locator(f".matrix rect[data-i='{last}'][data-j='2']")
    readout = maps.locator(".readout")
    for button, expected in (
        (maps.locator(".grid .thumbnail").nth(2), weights[1, 0]),
        (maps.locator(".rollout .thumbnail"), rollout(weights)),
    ):
        button.click()
        for hidden in (False, True):
            maps.locator(".hide-first input").set_checked(hidden)
            cell.hover()
            row = expected[last]
            share = row[2] / (1 - row[0]) if hidden else row[2]  # what is left sums to 1 again
            assert shares(readout.text_content())[0] == pytest.approx(share, abs=0.006)
            maps.locator(".head-title").hover()
    expect(maps.locator(".head-title")).to_have_text("Attention rollout")


def test_two_models_are_compared(tiny_app: App, open_page: Any, models: Models) -> None:
    page = open_page(tiny_app)
    maps = show(page)
    page.locator("#attention-other input").click()
    page.get_by_role("option", name="chat").click()
    expect(maps.locator(".views button[aria-pressed=true]")).to_have_text("chat − base")
    maps.locator(".grid .thumbnail").nth(3).click()
    maps.locator(".matrix rect[data-i='4'][data-j='1']").hover()
    readout = maps.locator(".readout").text_content()
    values = [float(attention_maps(*models[m], TEXT).weights[1, 1, 4, 1]) for m in models]
    assert shares(readout) == pytest.approx(values, abs=0.006)
    change = re.search(r"\((.)([\d.]+) points\)", readout)
    assert (change.group(1) == "−") == (values[1] < values[0])
    assert float(change.group(2)) == pytest.approx(100 * abs(values[1] - values[0]), abs=0.6)
    expect(maps.locator(".strongest dt").first).to_have_text("changed most")

    colours = "[...document.querySelectorAll('.matrix rect')].map(r => r.getAttribute('fill'))"
    difference = page.evaluate(colours)
    maps.locator(".views button", has_text=re.compile("^chat$")).click()
    assert page.evaluate(colours) != difference
    with page.expect_download() as download:
        maps.get_by_role("button", name="JSON").click()
    both = json.loads(Path(download.value.path()).read_text(encoding="utf-8"))
    assert [one["model"] for one in both] == ["base", "chat"]
    np.testing.assert_allclose(
        both[1]["weights"], attention_maps(*models["chat"], TEXT).weights, atol=1e-4
    )


def test_a_map_can_be_taken_along(tiny_app: App, open_page: Any) -> None:
    page = open_page(tiny_app)
    hostile = "</svg><script>1</script>&x"
    maps = show(page, hostile)
    chips = maps.locator(".chips .chip").all_text_contents()
    maps.locator(".grid .thumbnail").nth(2).click()
    files = {}
    for name in ("PNG", "SVG", "JSON"):
        with page.expect_download() as download:
            maps.get_by_role("button", name=name).click()
        files[name] = Path(download.value.path()).read_bytes()
        wanted = "attention-base" + {"JSON": ".json"}.get(name, f"-layer1-head0.{name.lower()}")
        assert download.value.suggested_filename == wanted
    assert files["PNG"].startswith(b"\x89PNG\r\n") and len(files["PNG"]) > 5_000
    namespace = "{http://www.w3.org/2000/svg}"
    svg = ElementTree.fromstring(files["SVG"])  # well-formed: text is text
    texts = [text.text for text in svg.iter(namespace + "text")]
    assert texts[0] == "base: Layer 1, head 0" and set(chips) <= set(texts)
    assert not list(svg.iter(namespace + "script"))
    data = json.loads(files["JSON"])
    assert "".join(data["tokens"]) == hostile and data["layers"] == data["heads"] == [0, 1]
    assert np.array(data["weights"]).shape == (2, 2, len(chips), len(chips))


def test_the_lens_follows_the_chosen_token(tiny_app: App, open_page: Any, models: Models) -> None:
    model, tokenizer = models["base"]
    ids = tokenizer.encode(TEXT)
    guesses = logit_lens(model, ids).token_ids  # (depths, T, k)
    page = open_page(tiny_app)
    maps = show(page)
    lens = page.locator("#logit-lens")
    expect(lens.locator(".lens-grid .depth")).to_have_text(["embedding", "layer 0", "layer 1"])

    def column() -> list[str]:
        return lens.locator(".lens-column code").all_text_contents()

    for position in (len(ids) - 1, 2):
        likeliest = guesses[:, position].reshape(-1).tolist()  # (depths, k) -> depth by depth
        assert column() == [label(tokenizer, i) for i in likeliest]
        maps.locator(".chips .chip").nth(2).click()
    lens.locator(".lens-grid .position button").nth(1).click()  # and the map follows the lens
    chosen = maps.locator(".chips .chip[aria-pressed=true]")
    expect(chosen).to_have_text(maps.locator(".chips .chip").nth(1).text_content())


def test_the_keyboard_is_enough(tiny_app: App, open_page: Any) -> None:
    page = open_page(tiny_app)
    maps = show(page)
    chips = maps.locator(".chips .chip").all_text_contents()
    maps.locator(".chips .chip").first.focus()
    page.keyboard.press("ArrowRight")
    page.keyboard.press("ArrowRight")
    expect(maps.locator(".tops")).to_contain_text(f"“{chips[2]}” reads")
    page.keyboard.press("Enter")
    expect(maps.locator(".chips .chip[aria-pressed=true]")).to_have_text(chips[2])
    page.keyboard.press("Escape")
    expect(maps.locator(".chips .chip[aria-pressed=true]")).to_have_count(0)
    page.keyboard.press("Tab")  # one stop for all chips: the next is the box below
    expect(maps.locator(".hide-first input")).to_be_focused()
    page.keyboard.press("Space")
    expect(maps.locator(".hide-first input")).to_be_checked()
    maps.locator(".grid .thumbnail[tabindex='0']").focus()
    page.keyboard.press("Home")
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")
    expect(maps.locator(".head-title")).to_have_text("Layer 1, head 0")
    expect(maps.locator(".grid .thumbnail").nth(2)).to_be_focused()


@pytest.mark.parametrize("width", WIDTHS)
def test_all_heads_can_be_seen_large(tiny_app: App, open_page: Any, width: int) -> None:
    page = open_page(tiny_app, width=width)
    maps = show(page)
    small = maps.locator(".grid canvas").first.bounding_box()
    maps.get_by_role("button", name="Enlarge all").press("Enter")
    expect(maps.locator(".maps.large")).to_have_count(1)
    large = maps.locator(".grid canvas").first.bounding_box()
    assert large["width"] > small["width"]
    overflow = "document.documentElement.scrollWidth - document.documentElement.clientWidth"
    assert page.evaluate(overflow) <= 0  # the grid scrolls in its own box
    maps.locator(".grid .thumbnail").nth(3).click()
    expect(maps.locator(".head-title")).to_have_text("Layer 1, head 1")


def test_pieces_of_characters_and_models_that_do_not_write(tiny_app: App, open_page: Any) -> None:
    page = open_page(tiny_app)
    open_tab(page, "Attention")
    page.locator("#attention-text textarea").fill("a €")
    page.locator("#show-attention").click()
    expect(page.locator("#logit-lens .position").nth(2)).to_have_text("‹e2›")
    page.locator("#attention-model input").click()
    page.get_by_role("option", name="spam").click()
    expect(page.locator("#logit-lens")).to_have_text(
        "spam judges and does not write: there is no next token to guess."
    )


def test_it_opens_on_its_best_story(app: App, open_page: Any) -> None:
    page = open_page(app)
    open_tab(page, "Attention")
    maps = page.locator("#attention-maps")
    expect(maps.locator(".story")).to_contain_text("The second “·cat” reads “·sat”")
    place = re.search(r"in (layer \d+, head \d+)", maps.locator(".story").text_content())
    title = maps.locator(".head-title")
    expect(title).to_have_text(place.group(1).capitalize())
    expect(maps.locator(".chips .chip[aria-pressed=true]")).to_have_text("·cat")
    expect(maps.locator(".readout")).to_contain_text("of its attention to “·sat”")
    maps.locator(".grid .thumbnail").first.click()
    maps.get_by_role("button", name="Show it").press("Enter")
    expect(title).to_have_text(place.group(1).capitalize())
