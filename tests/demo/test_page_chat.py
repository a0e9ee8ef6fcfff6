"""The Chat tab in a real browser."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
from conftest import WIDTHS, App, Page, open_tab, reload, served_here, slowly

import app as showcase
from gpt2_scratch.demo.api import Api
from gpt2_scratch.demo.registry import Registry
from gpt2_scratch.demo.serving import Serving

sync_api = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
expect = sync_api.expect

ANSWERED = re.compile("The answer (is complete|was cut)")


def say(page: Page, text: str) -> None:
    page.locator("#instruction textarea").fill(text)
    page.locator("#instruction textarea").press("Enter")
    expect(page.locator("#conversation .user .text").last).to_have_text(text)
    expect(page.locator("#conversation .note")).to_have_text(ANSWERED)


def test_a_conversation_with_retry_edit_and_a_reload(tiny_app: App, open_page: Any) -> None:
    page = open_page(tiny_app)
    open_tab(page, "Chat")
    users = page.locator("#conversation .user .text")
    bots = page.locator("#conversation .bot .text")

    page.locator("#skills .offer", has_text="What is 7 + 5?").click()
    expect(page.locator("#instruction textarea")).to_have_value("What is 7 + 5?")
    say(page, "Name a colour.")
    expect(bots).to_have_count(1)
    used = re.compile(r"\d+ of 256 tokens of the context window")
    expect(page.locator("#conversation .meter")).to_contain_text(used)
    expect(page.locator("#instruction textarea")).to_have_value("")
    first = bots.first.text_content()

    page.locator("#conversation .retry").click()  # temperature 0, and yet another answer
    expect(bots).not_to_have_text([first])
    expect(page.locator("#conversation .note")).to_have_text(ANSWERED)
    expect(bots).to_have_count(1)

    # Half of the window is for what is asked, and this much of it leaves the first turn no room.
    say(page, "And another?" + 6 * " Name three colours and another river.")
    expect(bots).to_have_count(2)
    expect(page.locator("#conversation .forgotten")).to_have_count(2)
    expect(page.locator("#conversation .border")).to_contain_text("the model has forgotten it")

    page.locator("#conversation .edit").first.click()
    page.locator("#conversation .editor textarea").fill("Name <b>a</b> river & ${7*7}.")
    page.locator("#conversation .editor textarea").press("Enter")
    expect(users).to_have_text(["Name <b>a</b> river & ${7*7}."])  # what followed is gone
    expect(page.locator("#conversation .note")).to_have_text(ANSWERED)
    answer = bots.first.text_content()
    page.get_by_text("What the model reads").click()
    read = page.locator("#read textarea")
    expect(read).to_have_value("### Instruction:\nName <b>a</b> river & ${7*7}.\n\n### Response:\n")

    reload(page)
    open_tab(page, "Chat")
    expect(users).to_have_text(["Name <b>a</b> river & ${7*7}."])
    expect(bots).to_have_text([answer])
    page.locator("#clear").click()
    expect(page.locator("#conversation .turns.empty")).to_be_visible()
    reload(page)
    open_tab(page, "Chat")
    expect(page.locator("#conversation .turns.empty")).to_be_visible()


def test_an_empty_message_is_answered_with_a_sentence(tiny_app: App, open_page: Any) -> None:
    page = open_page(tiny_app)  # and no error in its console
    open_tab(page, "Chat")
    page.locator("#instruction textarea").press("Enter")
    expect(page.get_by_text("The message is empty: write some text first.")).to_be_visible()
    expect(page.locator("#conversation .user")).to_have_count(0)
    say(page, "Name a colour.")


def test_stop_keeps_what_has_been_written(
    open_page: Any, tiny_weights: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GPT2_SCRATCH_WEIGHTS", str(tiny_weights))
    with served_here(showcase.build(Api(Registry()))) as url:
        page = open_page(url)
        open_tab(page, "Chat")
        with monkeypatch.context() as patch:
            patch.setattr(Serving, "chat", slowly(Serving.chat, 0.1))
            page.locator("#instruction textarea").fill("Name a colour.")
            page.locator("#instruction textarea").press("Enter")
            page.locator("#conversation .bot").wait_for()  # with its first words comes the meter
            page.locator("#stop-chat").click()
            expect(page.locator("#conversation .retry")).to_be_visible()  # nothing runs any more
        expect(page.locator("#conversation .meter")).to_contain_text("of 256 tokens")
        say(page, "And a river?")
        expect(page.locator("#conversation .user .text")).to_have_text(
            ["Name a colour.", "And a river?"]
        )
        expect(page.locator("#stop-chat")).to_be_hidden()
        page.locator("#stop-chat").dispatch_event("click")  # too late: the answer stays as it is
        page.wait_for_timeout(1000)
        expect(page.locator("#conversation .note")).to_have_text(ANSWERED)
        page.context.close()  # before its server goes, which it would complain about


@pytest.mark.parametrize("width", WIDTHS)
def test_an_answer_is_explained_token_by_token(tiny_app: App, open_page: Any, width: int) -> None:
    page = open_page(tiny_app, width=width)
    open_tab(page, "Chat")
    expect(page.locator("#skills .kind")).to_have_count(10)
    say(page, "Name a colour.")
    answer = page.locator("#conversation .bot .text").text_content()
    page.locator("#conversation .probabilities").press("Enter")
    tokens = page.locator("#conversation .tokens .written")
    shown = page.locator("#conversation .tokens").text_content()
    assert shown and answer.startswith(shown.removesuffix("…"))  # what is cut says so
    tokens.first.focus()
    page.keyboard.press("ArrowRight")
    expect(tokens.nth(1)).to_be_focused()
    reading = re.compile(r"^“.*” had .* %; also “.*” .* %")
    expect(page.locator("#conversation .bot .hint")).to_have_text(reading)
    expect(page.locator("#conversation .note")).to_have_text(ANSWERED)  # the rest stays
    expect(page.locator("#skills .kind").first).to_be_visible()


def test_a_link_brings_the_conversation_along(tiny_app: App, open_page: Any) -> None:
    page = open_page(tiny_app)
    open_tab(page, "Chat")
    say(page, "Name a colour & a river.")
    answer = page.locator("#conversation .bot .text").text_content()
    page.locator("#links-chat .share").click()
    page.wait_for_url("**/#*conversation=*")
    other = open_page(tiny_app, path="/" + page.url.removeprefix(tiny_app.url).lstrip("/"))
    expect(other.locator("#conversation .user .text")).to_have_text("Name a colour & a river.")
    expect(other.locator("#conversation .bot .text")).to_have_text(answer)
