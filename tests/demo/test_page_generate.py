"""The Generate tab in a real browser."""

from __future__ import annotations

import hashlib
import re
import shutil
import time
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import huggingface_hub
import pytest
import safetensors.torch
import torch
from conftest import (
    REPOSITORY,
    App,
    generate,
    served_here,
    set_number,
    slowly,
    tab_to,
)
from huggingface_hub import constants
from loopback_hub import COMMIT, serve, use

import app as showcase
from gpt2_scratch.checkpoints.openai import PUBLISHED, Published, to_openai
from gpt2_scratch.config import PRESETS, GPT2Config
from gpt2_scratch.demo.api import Api
from gpt2_scratch.demo.registry import Registry
from gpt2_scratch.demo.serving import Serving
from gpt2_scratch.model import GPT2

sync_api = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
expect = sync_api.expect


def test_generated_text_is_marked_and_its_seed_repeats_it(tiny_app: App, open_page: Any) -> None:
    page = open_page(tiny_app)
    page.locator("#prompt textarea").fill("def forward(self,\n    x")
    first = generate(page)
    whole = page.locator("#generated .continuation").text_content()
    assert whole == "def forward(self,\n    x" + first
    statistics = page.locator("#generated .statistics").text_content()
    assert re.search(r"base · \d+ tokens · [\d.]+ tokens/s · first token after \d+ ms", statistics)
    seed = re.search(r"seed (\d+)", statistics).group(1)

    page.locator("#generated .keep-seed").click()
    expect(page.locator("#seed input")).to_have_value(seed)
    assert generate(page) == first


def test_each_written_token_says_what_else_it_might_have_been(
    tiny_app: App, open_page: Any
) -> None:
    page = open_page(tiny_app)
    page.locator("#prompt textarea").fill("One day")
    set_number(page, "#temperature", "0")
    set_number(page, "#max-new-tokens", "6")
    generate(page)
    tokens = page.locator("#generated .written")
    expect(tokens).to_have_count(6)
    said = page.locator("#generated .alternatives")
    tokens.nth(2).hover()
    expect(said).to_contain_text("the model's first choice")  # temperature 0 takes no other

    tokens.nth(2).click()  # holds it, wherever the mouse goes
    held = said.text_content()
    tokens.nth(4).hover()
    assert said.text_content() == held
    tokens.nth(2).press("ArrowRight")
    expect(tokens.nth(3)).to_be_focused()

    before = tokens.all_text_contents()[:3]
    first = page.locator("#generated mark").text_content()
    said.locator("button:not([disabled]):not(.taken)").first.click()  # writes on at once
    branches = page.locator("#generated .branch")
    expect(branches).to_have_count(2)
    assert tokens.all_text_contents()[:3] == before
    second = page.locator("#generated mark").text_content()
    assert second != first
    expect(branches.nth(1)).to_have_attribute("aria-current", "true")
    branches.first.press("Enter")
    expect(page.locator("#generated mark")).to_have_text(first)
    branches.nth(1).click()
    expect(page.locator("#generated mark")).to_have_text(second)
    expect(page.locator("#prompt textarea")).to_have_value("One day")


def test_it_is_written_step_by_step(tiny_app: App, open_page: Any) -> None:
    page = open_page(tiny_app)
    page.locator("#prompt textarea").fill("One day")
    set_number(page, "#seed", "1")
    tokens, tail = page.locator("#generated .written"), page.locator("#next-token .tail")
    for count in (1, 2, 3):
        page.locator("#step").click()
        expect(tokens).to_have_count(count)
        expect(page.locator("#generated .alternatives li")).to_have_count(5)
        written = "".join(tokens.all_text_contents())
        assert tail.text_content() == ("One day" + written).replace("\n", "⏎")
    word = re.compile(r"append “\s*\w+”")
    page.locator("#next-token").get_by_role("button", name=word).first.click()
    expect(tokens).to_have_count(4)  # it is the next token of the text, and no part of the prompt
    expect(page.locator("#prompt textarea")).to_have_value("One day")
    whole = page.locator("#generated .continuation").text_content()

    page.locator("#prompt textarea").fill("A river")
    expect(tail).to_have_text("A river")
    page.locator("#step").click()
    expect(tokens).to_have_count(1)
    page.locator("#prompt textarea").fill("One day")
    for count in (1, 2, 3):
        page.locator("#step").click()
        expect(tokens).to_have_count(count)
    assert whole.startswith("One day" + "".join(tokens.all_text_contents()))  # the same seed


def test_it_is_written_slowly_until_stop(tiny_app: App, open_page: Any) -> None:
    page = open_page(tiny_app)
    page.locator("#prompt textarea").fill("One day")
    set_number(page, "#seed", "1")
    stop, tokens = page.locator("#stop-generate"), page.locator("#generated .written")
    expect(stop).not_to_be_visible()
    page.locator("#slowly").click()
    tokens.nth(2).wait_for()
    stop.click()
    expect(stop).not_to_be_visible()
    expect(page.locator("#generated .caret")).to_have_count(0)
    assert tokens.count() < 100  # as many as it would have been


def test_the_prompt_is_shown_cut_into_tokens(
    tiny_weights: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, open_page: Any
) -> None:
    weights = shutil.copytree(tiny_weights, tmp_path / "weights")
    shutil.copy(REPOSITORY / "weights" / "gpt2.tiktoken", weights)
    monkeypatch.setenv("GPT2_SCRATCH_WEIGHTS", str(weights))
    with served_here(showcase.build(Api(Registry()))) as url:
        page = open_page(url)
        page.locator("#prompt textarea").fill("the cat")
        page.get_by_text("How the prompt is cut into tokens").click()
        views = page.locator("#pieces p.pieces")
        expect(views.nth(1).locator("code")).to_have_text(["the", "·cat"])
        expect(views.nth(1).locator("small")).to_have_text(["1169", "3797"])
        page.locator("#prompt textarea").fill("the cat é")  # live
        expect(views.nth(1).locator("code")).to_have_text(["the", "·cat", "·é"])
        expect(page.locator("#pieces .hint").nth(1)).to_contain_text(
            "50,257 entries: 3 tokens, 3.0"
        )
        assert "".join(views.first.locator("code").all_text_contents()).startswith("the·cat·")
        page.context.close()  # before its server goes, which it would complain about


def test_the_table_follows_the_sliders_without_generating(tiny_app: App, open_page: Any) -> None:
    page = open_page(tiny_app)
    table = page.locator("#next-token")
    expect(table.locator(".ruled-out")).to_have_count(0)
    set_number(page, "#temperature", "0")
    expect(table.locator(".ruled-out")).to_have_count(9)
    expect(table.locator("td.reshaped").first).to_have_text("100 %")
    set_number(page, "#temperature", "2")
    expect(table.locator(".ruled-out")).to_have_count(0)
    before = table.text_content()
    page.locator("#prompt textarea").fill("import torch")
    expect(table).not_to_have_text(before)
    assert page.locator("#generated mark").count() == 0


def test_a_candidate_is_appended_by_a_click_and_by_the_keyboard(
    tiny_app: App, open_page: Any
) -> None:
    page = open_page(tiny_app)
    prompt, table = page.locator("#prompt textarea"), page.locator("#next-token")
    for press in ("click", "press"):
        before, rows = prompt.input_value(), table.text_content()
        # A word: an invisible character would be folded away, and the table would stay as it is.
        word = re.compile(r"append “\s*\w+” to the prompt")
        button = table.get_by_role("button", name=word).first
        label = button.get_attribute("aria-label")
        button.click() if press == "click" else button.press("Enter")
        expect(prompt).to_have_value(before + label[label.index("“") + 1 : label.rindex("”")])
        expect(table).not_to_have_text(rows)
        # What may follow on that: the rows are there when the first of them is another one.
        expect(table.get_by_role("button", name=word).first).not_to_have_accessible_name(label)


def test_two_models_write_side_by_side_from_the_same_dice(tiny_app: App, open_page: Any) -> None:
    page = open_page(tiny_app)
    set_number(page, "#max-new-tokens", "8")
    page.locator("#generate-other input").click()
    page.get_by_role("option", name="chat", exact=True).click()
    base = generate(page)
    beside = page.locator("#generated-beside")
    beside.locator(".alternatives").wait_for()
    assert beside.locator("mark").text_content() != base
    seeds = [
        re.search(r"seed (\d+)", page.locator(f"{panel} .statistics").text_content()).group(1)
        for panel in ("#generated", "#generated-beside")
    ]
    assert seeds[0] == seeds[1]


def test_a_prompt_to_try_is_written_on_at_once(tiny_app: App, open_page: Any) -> None:
    page = open_page(tiny_app)
    set_number(page, "#seed", "1")
    set_number(page, "#max-new-tokens", "3")
    page.get_by_text("The heart is a muscle that").click()
    expect(page.locator("#generated .continuation")).to_contain_text("The heart is a muscle that")
    expect(page.locator("#generated .statistics")).to_contain_text("3 tokens")


def test_the_keyboard_is_enough(tiny_app: App, open_page: Any) -> None:
    page = open_page(tiny_app)
    page.locator("#prompt textarea").focus()
    page.keyboard.press("Control+Enter")
    page.locator("#generated .alternatives").wait_for()
    tab_to(page, "#step")
    page.keyboard.press("Enter")
    expect(page.locator("#generated .written")).to_have_count(1)
    page.keyboard.press("Enter")
    expect(page.locator("#generated .written")).to_have_count(2)
    tab_to(page, "#generated .written")
    page.keyboard.press("ArrowRight")
    expect(page.locator("#generated .written").nth(1)).to_be_focused()
    expect(page.locator("#generated .alternatives")).to_contain_text("choice.")
    tab_to(page, "#generated .alternatives button")


def test_stop_ends_a_generation_and_the_next_one_runs(
    open_page: Any, tiny_weights: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GPT2_SCRATCH_WEIGHTS", str(tiny_weights))
    monkeypatch.setattr(Serving, "generate", slowly(Serving.generate, 0.1))
    other = Registry(str(tiny_weights / "chat.safetensors"))
    with served_here(showcase.build(Api(other))) as url:
        page = open_page(url)
        expect(page.locator("#generate-model input")).to_have_value("base (chat.safetensors)")
        set_number(page, "#max-new-tokens", "256")
        set_number(page, "#seed", "1")  # with it the model does not end the text by itself
        page.locator("#generate").click()
        expect(page.locator("#generated mark")).not_to_be_empty()
        page.locator("#stop-generate").click()
        page.locator("#generated .alternatives").wait_for()  # what was under way has arrived
        stopped = page.locator("#generated mark").text_content()
        statistics = page.locator("#generated .statistics").text_content()
        assert int(re.search(r"(\d+) tokens", statistics).group(1)) < 256
        assert "the model ended the text" not in statistics
        page.wait_for_timeout(700)
        assert page.locator("#generated mark").text_content() == stopped

        set_number(page, "#max-new-tokens", "2")
        generate(page)
        expect(page.locator("#generated .statistics")).to_contain_text("2 tokens")
        page.context.close()  # before its server goes, which it would complain about


# --- OpenAI's models, from a hub on this machine --------------------------------------------------

SMALL = GPT2Config(n_layer=1, n_head=1, n_embd=8)  # with GPT-2's vocabulary: 1.6 MB
WEIGHTS = "model.safetensors"


@pytest.fixture
def stand_in(monkeypatch: pytest.MonkeyPatch) -> bytes:
    """A model.safetensors of OpenAI's layout which the package takes for gpt2, so small is it."""
    model = GPT2(SMALL).init_weights(torch.Generator().manual_seed(0))
    content = safetensors.torch.save(to_openai(model.state_dict()))
    sha256 = hashlib.sha256(content).hexdigest()
    monkeypatch.setitem(PUBLISHED, "gpt2", Published(COMMIT, len(content), sha256))
    monkeypatch.setitem(PRESETS, "gpt2", SMALL)
    return content


def choose(page: Any, model: str) -> None:
    page.locator("#generate-model input").click()
    page.get_by_role("option", name=re.compile(f"^{model}(,|$)")).click()


@pytest.mark.slow
def test_a_model_of_openai_is_fetched_when_it_is_chosen(
    stand_in: bytes,
    tiny_weights: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    open_page: Any,
) -> None:
    weights = shutil.copytree(tiny_weights, tmp_path / "weights")
    shutil.copy(REPOSITORY / "weights" / "gpt2.tiktoken", weights)
    monkeypatch.setenv("GPT2_SCRATCH_WEIGHTS", str(weights))
    monkeypatch.setattr(constants, "DOWNLOAD_CHUNK_SIZE", 65_536)
    with serve() as hub, served_here(showcase.build(Api(Registry()))) as url:
        page = open_page(url)
        use(None, tmp_path / "cache", monkeypatch)
        impatient = SimpleNamespace(**vars(time) | {"sleep": lambda seconds: None})
        monkeypatch.setattr(huggingface_hub.utils._http, "time", impatient)  # between its tries
        choose(page, "gpt2")
        arrival, model = page.locator("#arrival"), page.locator("#generate-model input")
        expect(arrival).to_contain_text("gpt2 did not come, so base writes on: ")
        expect(arrival).to_contain_text("the Hub cannot be reached")
        assert ". " not in arrival.text_content().strip()  # one sentence
        expect(model).to_have_value("base")
        linked = open_page(url, "/#tab=generate&text=A+cat&model=gpt2")  # asks for it too
        expect(linked.locator("#arrival")).to_contain_text("gpt2 did not come")
        expect(linked.locator("#generate-model input")).to_have_value("base")
        linked.context.close()
        choose(page, "chat")
        expect(arrival).to_have_text("")
        choose(page, "base")

        use(hub, tmp_path / "cache", monkeypatch)
        hub.files["openai-community/gpt2"] = {WEIGHTS: stand_in}
        hub.halt_after[WEIGHTS] = len(stand_in) // 2
        choose(page, "gpt2")
        expect(arrival).to_contain_text("Fetching gpt2 from the Hub: 1 of 2 MB, about ")
        expect(arrival).to_contain_text("base writes until it is here.")
        expect(model).to_have_value("base")
        set_number(page, "#max-new-tokens", "3")
        generate(page)  # nothing waits for it
        expect(page.locator("#generated .statistics")).to_contain_text("base · 3 tokens")
        expect(arrival.locator(".bar .fill")).to_have_attribute("style", re.compile(r"4\d\.\d%"))
        hub.go_on.set()
        expect(arrival).to_have_text("")
        expect(model).to_have_value(re.compile("^gpt2"))
        expect(page.locator("#next-token tr")).to_have_count(11)
        generate(page)
        expect(page.locator("#generated .statistics")).to_contain_text("gpt2 · 3 tokens")
        page.context.close()  # before its server goes, which it would complain about
