"""The Inside tab in a real browser: the walk, the softmax, heads off, training, the tour."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from conftest import LOOKS, WIDTHS, App, open_tab, reload, tab_to
from made_up_snapshots import write_made_up_snapshots

from gpt2_scratch.checkpoints.models import load_model
from gpt2_scratch.demo.inside_stages import STAGES
from gpt2_scratch.demo.theme import visible
from gpt2_scratch.insight.ablation import ablate, effects
from gpt2_scratch.insight.inside import Inside, inside
from gpt2_scratch.model import GPT2
from gpt2_scratch.sampling import SamplingSettings, reshape_logits
from gpt2_scratch.vocabulary.tokenizer import Tokenizer
from train.loop.snapshots import PROMPTS

sync_api = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
expect = sync_api.expect

TEXT = "the cat sat on the mat"
KEYS = [stage.key for stage in STAGES]

# Texts of an element whose contrast with what is behind them is below WCAG's AA, or that are
# smaller than 12 pixels. The picture's own words and what cannot be clicked now are left out.
UNREADABLE = """(root) => {
  const pen = document.createElement("canvas").getContext("2d", { willReadFrequently: true });
  const rgba = (colour) => {
    pen.clearRect(0, 0, 1, 1);
    pen.fillStyle = colour;
    pen.fillRect(0, 0, 1, 1);
    return [...pen.getImageData(0, 0, 1, 1).data].map((part) => part / 255);
  };
  const over = (top, below) => below.map((part, i) => top[3] * top[i] + (1 - top[3]) * part);
  const behind = (node) => {
    if (!node) return [1, 1, 1];
    const below = behind(node.parentElement);
    return over(rgba(getComputedStyle(node).backgroundColor), below);
  };
  const light = (colour) => {
    const [r, g, b] = colour.map((c) => (c <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4));
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  const found = [];
  const walker = document.createTreeWalker(root, NodeFilter.SHOW_TEXT);
  while (walker.nextNode()) {
    const node = walker.currentNode.parentElement;
    if (!walker.currentNode.textContent.trim() || !node.getClientRects().length) continue;
    if (node.closest("svg, .thumb, .dart, button:disabled, [hidden]")) continue;
    const style = getComputedStyle(node);
    const ground = behind(node);
    let ink = over(rgba(style.color), ground);
    for (let up = node; up !== root; up = up.parentElement) {
      const part = Number(getComputedStyle(up).opacity);
      if (part < 1) ink = over([...ink, part], ground);
    }
    const [bright, dark] = [light(ink), light(ground)].sort((a, b) => b - a);
    const contrast = (bright + 0.05) / (dark + 0.05);
    if (contrast < 4.5 || parseFloat(style.fontSize) < 12)
      found.push([walker.currentNode.textContent, contrast.toFixed(2), style.fontSize]);
  }
  return found;
}"""


@pytest.fixture
def base(tiny_weights: Path, monkeypatch: pytest.MonkeyPatch) -> tuple[GPT2, Tokenizer]:
    """What the app serves, computed here once more."""
    monkeypatch.setenv("GPT2_SCRATCH_WEIGHTS", str(tiny_weights))
    return load_model("base")


@pytest.fixture
def walked(base: tuple[GPT2, Tokenizer]) -> Inside:
    model, tokenizer = base
    return inside(model, tokenizer.encode(TEXT))


def look(page: Any, text: str = TEXT) -> Any:
    """Open the tab, look into a text, and give back the panel."""
    open_tab(page, "Inside")
    page.locator("#inside-text textarea").fill(text)
    page.locator("#look-inside").click()
    panel = page.locator("#inside")
    expect(panel.locator(".chips")).to_contain_text(re.compile("^" + re.escape(visible(text))))
    return panel


def open_stage(panel: Any, key: str) -> Any:
    panel.locator(f"[data-stage={key}]").click()
    expect(panel.locator(".stage[aria-current]")).to_have_attribute("data-stage", key)
    return panel.locator(".opened")


@pytest.mark.parametrize(("theme", "width"), LOOKS)
def test_the_keyboard_walks_through_every_stage(
    tiny_app: App, open_page: Any, theme: str, width: int
) -> None:
    page = open_page(tiny_app, f"/?__theme={theme}", width=width)
    panel = look(page)
    panel.locator(".offer .dismiss").click()
    expect(panel.locator(".stage")).to_have_count(len(KEYS))
    tab_to(page, "#inside .stage[aria-current]")
    unreadable = {}
    for stage in STAGES:
        expect(page.locator(":focus")).to_have_attribute("data-stage", stage.key)
        opened = panel.locator(".opened")
        expect(opened.locator("h3")).to_have_text(stage.title)
        expect(opened.locator(".formula")).to_have_text(stage.formula)
        assert opened.locator(".code .line").count() >= len(stage.code)
        assert page.evaluate("document.documentElement.scrollWidth - innerWidth") <= 0, stage.key
        unreadable[stage.key] = panel.evaluate(UNREADABLE)
        page.keyboard.press("ArrowRight")
    expect(page.locator(":focus")).to_have_attribute("data-stage", "draw")  # it ends here
    page.keyboard.press("Home")
    expect(page.locator(":focus")).to_have_attribute("data-stage", "tokens")
    for part in ("#what-if", "#over-training"):
        unreadable[part] = page.locator(part).evaluate(UNREADABLE)
    assert {place: texts for place, texts in unreadable.items() if texts} == {}


@pytest.mark.slow
def test_play_walks_by_itself(tiny_app: App, open_page: Any) -> None:
    panel = look(open_page(tiny_app))
    play = panel.locator(".play")
    play.click()
    expect(play).to_have_text("Pause")
    expect(panel.locator(".stage[aria-current]")).to_have_attribute("data-stage", KEYS[1])
    play.click()
    expect(play).to_have_text("Play")
    panel.locator(".next").click()
    expect(panel.locator(".place")).to_have_text(f"3 of {len(KEYS)}: {STAGES[2].title}")


def test_the_numbers_are_the_models(tiny_app: App, open_page: Any, walked: Inside) -> None:
    page = open_page(tiny_app)
    panel = look(page)
    panel.locator(".depth").nth(2).click()
    expect(panel.locator(".depth[aria-pressed=true]")).to_contain_text("Layer 1")
    panel.locator(".head").nth(1).click()
    expect(panel.locator(".zone.attention h4")).to_have_text("Layer 1, attention: head 1")
    panel.locator(".chips .chip").nth(2).click()
    block = walked.blocks[1]

    opened = open_stage(panel, "weights")
    frame = opened.locator(".frame")
    frame.focus()
    for _ in walked.token_ids:  # to the first token that it reads
        page.keyboard.press("ArrowLeft")
    share, score = block.attention.weights[1, 2, 0], block.attention.scores[1, 2, 0]
    readout = opened.locator(".readout").text_content()
    shown, power = re.search(r"gives ([\d.]+) % .* exp\((.*)\) / Σ", readout).groups()
    assert float(shown) == pytest.approx(100 * float(share), abs=0.6)
    assert float(power.replace("−", "-")) == pytest.approx(float(score), abs=0.01)
    page.keyboard.press("ArrowUp")
    page.keyboard.press("ArrowRight")
    page.keyboard.press("ArrowRight")
    expect(opened.locator(".readout")).to_contain_text("cannot see")

    opened = open_stage(panel, "after_mlp")
    opened.locator(".frame").focus()
    for _ in range(40):
        page.keyboard.press("ArrowLeft")
    readout = opened.locator(".readout").text_content().replace("−", "-")
    numbers = [float(number) for number in re.findall(r"-?\d+\.\d+", readout)]
    expected = (block.after_attention[2, 0], block.mlp[2, 0], block.after_mlp[2, 0])
    assert numbers == pytest.approx([float(number) for number in expected], abs=2e-3)
    assert numbers[0] + numbers[1] == pytest.approx(numbers[2], abs=2e-3)

    opened = open_stage(panel, "neurons")
    strongest = block.neurons[2].topk(2).indices.tolist()
    rows = opened.locator(".neuron .hint").all_text_contents()
    assert rows[:2] == [f"neuron {index}" for index in strongest]


def test_the_sliders_do_what_sampling_does(tiny_app: App, open_page: Any, walked: Inside) -> None:
    panel = look(open_page(tiny_app))
    opened = open_stage(panel, "sampling")
    opened.locator(".link").click()
    slide = "(input, value) => { input.value = value; input.dispatchEvent(new Event('input')); }"
    read = (
        "(rows) => rows.map((row) => [row.dataset.id, row.querySelector('.share').dataset.share])"
    )
    for temperature, top_k, top_p in (
        (1.0, 50, 1.0),
        (0.7, 5, 1.0),
        (1.5, 50, 0.8),
        (0.5, 7, 0.6),
        (0.0, 50, 1.0),
    ):
        for name, value in (("temperature", temperature), ("topK", top_k), ("topP", top_p)):
            opened.locator(f"input.{name}").evaluate(slide, value)
        shown = opened.locator(".chain-table tr[data-id]").evaluate_all(read)
        assert len(shown) == 50
        settings = SamplingSettings(temperature, top_k, top_p)
        logits = reshape_logits(walked.logits[[-1]], settings)
        expected = logits[0].softmax(dim=-1)  # (1, V) -> (V,)
        assert sum(float(share) for _, share in shown) == pytest.approx(1)
        whole = float(expected[[int(token) for token, _ in shown]].sum())
        for token, share in shown:
            assert float(share) == pytest.approx(float(expected[int(token)]) / whole, abs=1e-4)
        assert whole == pytest.approx(1, abs=1e-4) or top_k == 50


def test_a_token_is_drawn_and_the_walk_goes_on(tiny_app: App, open_page: Any) -> None:
    page = open_page(tiny_app)
    panel = look(page)
    opened = open_stage(panel, "draw")
    opened.locator(".throw-many").click()
    drawn = opened.locator("td.drawn").all_text_contents()
    opened.locator("input.topK").evaluate(
        "(input) => { input.value = 1; input.dispatchEvent(new Event('input')); }"
    )
    expect(opened.locator("td.drawn").first).to_have_text("")  # other settings, another count
    assert sum(int(count or 0) for count in drawn) <= 100
    opened.locator(".throw").click()
    likeliest = opened.locator(".chain-table .chip").first.text_content()
    expect(opened.locator(".outcome .chip")).to_have_text(likeliest)
    opened.locator(".append").click()
    expect(page.locator("#inside-text textarea")).not_to_have_value(TEXT)
    expect(panel.locator(".chips .chip.reader")).to_have_text(likeliest)


def test_heads_and_layers_are_switched_off(
    tiny_app: App, open_page: Any, base: tuple[GPT2, Tokenizer]
) -> None:
    model, tokenizer = base
    ids = tokenizer.encode(TEXT)
    found = effects(model, ids)
    most = divmod(int(found.heads.argmin()), 2)
    page = open_page(tiny_app)
    look(page)
    panel = page.locator("#what-if")
    expect(panel.locator(".effect[aria-pressed=true]")).to_have_count(1)
    expect(panel.locator(".important .place").first).to_have_text(
        f"Layer {most[0]}, head {most[1]}"
    )

    def outcome(which: int) -> tuple[list[str], str]:
        column = panel.locator(".outcome").nth(which)
        return column.locator(".chip").all_text_contents(), column.locator("mark").text_content()

    def expected(heads: list[tuple[int, int]], layers: list[int]) -> list[tuple[list[str], str]]:
        both = ablate(model, ids, heads, layers)
        return [
            (
                [visible(tokenizer.token_text(i)) for i in each.logits.topk(8).indices.tolist()],
                tokenizer.decode(each.token_ids),
            )
            for each in both
        ]

    assert [outcome(0), outcome(1)] == expected([most], [])
    panel.locator(".effect[tabindex='0']").focus()
    page.keyboard.press("End")  # the last layer as a whole
    page.keyboard.press("Enter")
    expect(panel.locator(".effect[aria-pressed=true]")).to_have_count(2)
    assert [outcome(0), outcome(1)] == expected([most], [1])
    panel.get_by_role("button", name="All on").click()
    expect(panel.locator(".effect[aria-pressed=true]")).to_have_count(0)
    assert outcome(0) == outcome(1)
    change = math.exp(found.log_probability + float(found.heads[most]))
    said = panel.locator(".important li").first.text_content()
    assert float(re.search(r"to ([\d.]+) %", said).group(1)) == pytest.approx(
        100 * change, rel=0.1, abs=0.06
    )


@pytest.fixture
def snapshots(tiny_weights: Path) -> Iterator[None]:
    """base.snapshots.json beside the weights that the app serves."""
    write_made_up_snapshots(tiny_weights, tiny_weights)
    yield
    (tiny_weights / "base.snapshots.json").unlink()


def test_a_slider_goes_over_the_training(tiny_app: App, open_page: Any, snapshots: None) -> None:
    page = open_page(tiny_app)
    open_tab(page, "Inside")
    panel = page.locator("#over-training")
    slider = panel.locator("input[type=range]")
    expect(slider).to_have_attribute("aria-valuetext", "1.0M tokens read")
    prompts = panel.locator(".samples .prompt")
    expect(prompts).to_have_text(list(PROMPTS))
    last = panel.locator(".samples").text_content()
    slider.focus()
    page.keyboard.press("ArrowLeft")
    expect(slider).to_have_attribute("aria-valuetext", "30k tokens read")
    expect(panel.locator(".figures-now")).to_contain_text("2.500")
    assert panel.locator(".samples").text_content() != last
    expect(panel.locator(".tables table")).to_have_count(3)
    page.keyboard.press("Home")
    expect(panel.locator(".figures-now")).to_contain_text("0 tokens read")


def test_without_snapshots_a_sentence_says_so(tiny_app: App, open_page: Any) -> None:
    page = open_page(tiny_app)
    open_tab(page, "Inside")
    expect(page.locator("#over-training .hint")).to_contain_text("Nothing was kept")


@pytest.mark.parametrize("width", WIDTHS)
def test_the_tour_has_six_steps_and_can_be_declined(
    tiny_app: App, open_page: Any, width: int
) -> None:
    page = open_page(tiny_app, width=width)
    panel = look(page)
    panel.locator(".offer .forward").click()
    for step, key in enumerate(("tokens", "stream", "weights", "neurons", "sampling", "draw"), 1):
        card = panel.locator(".opened .tour")
        expect(card.locator("strong")).to_have_text(f"{step} of 6")
        expect(card).to_be_in_viewport()
        expect(panel.locator(".stage[aria-current]")).to_have_attribute("data-stage", key)
        assert panel.evaluate(UNREADABLE) == [], key
        page.keyboard.press("Enter")  # the focus is on Next
    expect(panel.locator(".tour:visible")).to_have_count(0)
    reload(page)
    panel = look(page)
    expect(panel.locator(".offer")).to_be_hidden()
    panel.locator(".start-tour").click()  # for who wants it again
    page.keyboard.press("Escape")
    expect(panel.locator(".opened .tour")).to_have_count(0)


def test_the_tour_does_without_a_place_to_remember(tiny_app: App, open_page: Any) -> None:
    page = open_page(tiny_app)
    page.evaluate("Object.defineProperty(window, 'localStorage', { get() { throw new Error(); } })")
    panel = look(page)
    panel.locator(".offer .dismiss").click()
    expect(panel.locator(".offer")).to_be_hidden()


def test_a_word_explains_itself(tiny_app: App, open_page: Any) -> None:
    page = open_page(tiny_app, width=390)
    panel = look(page)
    word = panel.locator(".legend-line .term")
    tip = panel.locator(".legend-line .tip")
    expect(tip).to_be_hidden()
    word.click()
    expect(tip).to_be_visible()
    box = tip.bounding_box()
    assert box["x"] >= 0 and box["x"] + box["width"] <= 390
    assert word.get_attribute("aria-describedby") == tip.get_attribute("id")
    word.focus()
    page.keyboard.press("Escape")
    expect(tip).to_be_hidden()


def test_a_text_that_is_too_long_gets_a_sentence(tiny_app: App, open_page: Any) -> None:
    page = open_page(tiny_app)
    look(page)
    page.locator("#inside-text textarea").fill("the cat " * 20)
    page.locator("#look-inside").click()
    expect(page.get_by_text(re.compile("tokens long, but at most 32 can be shown"))).to_be_visible()


def test_a_link_opens_the_text_that_was_shared(tiny_app: App, open_page: Any) -> None:
    page = open_page(tiny_app, "/#tab=inside&text=on+the+mat&model=chat")
    expect(page.locator("#inside .chips .chip").last).to_be_visible()
    chips = page.locator("#inside .chips .chip").all_text_contents()
    assert "".join(chips) == "on·the·mat"
    expect(page.locator("#inside-model input")).to_have_value("chat")


def test_a_link_opens_the_place_that_was_seen(tiny_app: App, open_page: Any) -> None:
    page = open_page(tiny_app)
    panel = look(page)
    panel.locator(".depth").last.click()
    expect(panel.locator(".depth").last).to_have_attribute("aria-pressed", "true")
    open_stage(panel, "weights").get_by_role("button", name="Head 1").click()
    panel.locator(".chips .chip").nth(1).click()
    page.locator("#links-inside .share").click()
    expect(page).to_have_url(re.compile("&place=1.1.1.weights$"))  # the last layer, counted from 0

    other = open_page(tiny_app, page.url.removeprefix(tiny_app.url)).locator("#inside")
    expect(other.locator(".chip.reader")).to_have_text(panel.locator(".chip.reader").text_content())
    expect(other.locator(".stage[aria-current]")).to_have_attribute("data-stage", "weights")
    expect(other.locator(".depth[aria-pressed=true]")).to_have_text(
        panel.locator(".depth[aria-pressed=true]").text_content()
    )
    for head in other.get_by_role("button", name="Head 1").all():
        expect(head).to_have_attribute("aria-pressed", "true")


def test_the_prepared_example_comes_with_the_tab(app: App, open_page: Any) -> None:
    """Of the committed weights, without a model; and another layer, with one."""
    page = open_page(app)
    open_tab(page, "Inside")
    panel = page.locator("#inside")
    expect(panel.locator(".foretold")).to_contain_text("→")
    panel.locator(".depth").last.click()
    expect(panel.locator(".depth[aria-pressed=true]")).to_contain_text("Layer")
    expect(panel.locator(".depth").last).to_have_attribute("aria-pressed", "true")
