"""The page in a real browser: what a visitor clicks, sees, and must never be able to inject.

A headless Chromium over tiny random checkpoints. Each test also fails on an error in the browser's
console and on a request to any other machine.
"""

from __future__ import annotations

import re
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from conftest import App, make_weights, start_app, stop_app

sync_api = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
expect = sync_api.expect
expect.set_options(timeout=60_000)  # milliseconds; they pass on a machine that is busy only
Page = Any

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="no chromium on this machine")

# Text that runs code wherever it is taken for markup, for a template or for a JavaScript literal.
HOSTILE = (
    "<img src=x onerror=\"document.title='pwned'\"> <script>document.title='pwned'</script> "
    "${document.body.setAttribute(/pwned/.source,1)} {{constructor}} "
    "\\x3cimg src\\x3dx onerror\\x3ddocument.title\\x3d1\\x3e `"
)


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    with sync_api.sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        yield browser
        browser.close()


@pytest.fixture
def open_page(browser: Any) -> Iterator[Any]:
    """open_page(app, path="/", width=1440) -> Page; fails the test at its end on any complaint."""
    complaints: list[str] = []
    contexts = []

    def open_page(app: App, path: str = "/", width: int = 1440) -> Page:
        context = browser.new_context(viewport={"width": width, "height": 900})
        contexts.append(context)
        page = context.new_page()
        page.set_default_timeout(60_000)
        page.on("pageerror", lambda error: complaints.append(f"page error: {error}"))
        page.on(
            "console",
            lambda message: complaints.append(message.text) if message.type == "error" else None,
        )
        page.on(
            "request",
            lambda request: (
                None
                if request.url.startswith((app.url, "data:", "blob:"))
                else complaints.append(f"request to {request.url}")
            ),
        )
        page.goto(app.url + path)
        expect(page.locator("#prompt textarea")).to_be_visible()
        # The load event has been answered: from here on the page changes for our clicks only.
        expect(page.locator("#next-token tr").nth(1)).to_be_attached()
        return page

    yield open_page
    for context in contexts:
        context.close()
    assert not complaints


def open_tab(page: Page, name: str) -> None:
    page.get_by_role("tab", name=name).click()


def generate(page: Page) -> str:
    """Click Generate, wait for the end, and give back the marked text."""
    page.locator("#generate").click()
    finished = re.compile("as long as asked for|the model ended the text")
    expect(page.locator("#statistics")).to_contain_text(finished)
    return page.locator("#generated mark").text_content()


def set_number(page: Page, slider: str, value: str) -> None:
    box = page.locator(f"{slider} input[type=number]")
    box.fill(value)
    box.press("Tab")


def test_first_paint_has_content(tiny_app: App, open_page: Any) -> None:
    page = open_page(tiny_app)
    expect(page.locator("h1")).to_have_text("GPT-2 from scratch")
    assert [tab.strip() for tab in page.get_by_role("tab").all_text_contents()] == [
        "Generate",
        "Spam",
        "Chat",
        "Attention",
    ]
    assert page.locator("#prompt textarea").input_value()
    expect(page.locator("#next-token tr")).to_have_count(11)
    expect(page.locator(".block.notice")).to_have_count(0)


def test_generated_text_is_marked_and_its_seed_repeats_it(tiny_app: App, open_page: Any) -> None:
    page = open_page(tiny_app)
    page.locator("#prompt textarea").fill("def forward(self,\n    x")
    first = generate(page)
    whole = page.locator("#generated .continuation").text_content()
    assert whole == "def forward(self,\n    x" + first
    statistics = page.locator("#statistics").text_content()
    assert re.search(r"\d+ tokens · [\d.]+ tokens/s · first token after \d+ ms", statistics)
    seed = re.search(r"seed (\d+)", statistics).group(1)

    page.locator("#reuse-seed").click()
    expect(page.locator("#seed input")).to_have_value(seed)
    page.locator("#prompt textarea").press("End")  # leaves the marked text where it is
    page.evaluate("document.querySelector('#statistics').textContent = ''")
    page.locator("#generate").click()
    expect(page.locator("#generated mark")).to_have_text(first)


def test_the_table_follows_the_sliders_without_generating(tiny_app: App, open_page: Any) -> None:
    page = open_page(tiny_app)
    table = page.locator("#next-token")
    expect(table.locator(".ruled-out")).to_have_count(0)
    set_number(page, "#temperature", "0")
    expect(table.locator(".ruled-out")).to_have_count(9)
    expect(table.locator(".reshaped .number").first).to_have_text("100 %")
    set_number(page, "#temperature", "2")
    expect(table.locator(".ruled-out")).to_have_count(0)
    before = table.text_content()
    page.locator("#prompt textarea").fill("import torch")
    expect(table).not_to_have_text(before)
    assert page.locator("#generated mark").count() == 0


def test_stop_ends_a_generation_and_the_next_one_runs(
    open_page: Any, tiny_weights: Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    folder = tmp_path_factory.mktemp("slow")
    slow = make_weights(folder / "slow", n_layer=24, n_head=4, n_embd=256) / "base.safetensors"
    app = start_app(tiny_weights, folder, "--model", str(slow))
    try:
        page = open_page(app)
        expect(page.locator("#generate-model input")).to_have_value("base (base.safetensors)")
        set_number(page, "#max-new-tokens", "256")
        page.locator("#generate").click()
        expect(page.locator("#generated mark")).not_to_be_empty()
        page.locator("#stop-generate").click()
        page.wait_for_timeout(500)  # what was under way arrives
        stopped = page.locator("#generated mark").text_content()
        tokens = int(
            re.search(r"(\d+) tokens", page.locator("#statistics").text_content()).group(1)
        )
        assert tokens < 256
        page.wait_for_timeout(700)
        assert page.locator("#generated mark").text_content() == stopped

        set_number(page, "#max-new-tokens", "2")
        generate(page)
        assert "2 tokens" in page.locator("#statistics").text_content()
        page.context.close()  # before its server goes, which it would complain about
    finally:
        stop_app(app)


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


def test_nothing_that_is_written_becomes_code(tiny_app: App, open_page: Any) -> None:
    page = open_page(tiny_app)
    title = page.title()
    page.locator("#prompt textarea").fill(HOSTILE)
    set_number(page, "#max-new-tokens", "3")
    generate(page)
    assert page.locator("#generated .continuation").text_content().startswith(HOSTILE)

    open_tab(page, "Attention")
    page.locator("#attention-text textarea").fill(HOSTILE[-60:])
    page.locator("#show-attention").click()
    chips = page.locator("#attention-maps .chips")
    expect(chips).to_have_text(HOSTILE[-60:].replace(" ", "·"))

    open_tab(page, "Chat")
    page.locator("#instruction textarea").fill(HOSTILE)
    page.locator("#instruction textarea").press("Enter")
    expect(page.locator("#conversation .bot.message")).to_have_count(1)
    assert page.locator("#conversation .user.message .md").text_content() == HOSTILE

    page.wait_for_timeout(300)  # an onerror handler would have run by now
    assert page.title() == title
    assert page.evaluate("document.body.getAttribute('pwned')") is None
    assert page.locator("img[src='x']").count() == 0


def test_a_tab_without_weights_says_which_command_makes_them(
    incomplete_app: tuple[App, Path], open_page: Any
) -> None:
    app, _ = incomplete_app
    page = open_page(app)
    assert generate(page)
    open_tab(page, "Chat")
    notice = page.locator(".block.notice:visible")
    expect(notice).to_contain_text("git lfs pull")
    expect(notice).to_contain_text("python -m train.finetune_chat")


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_a_phone_shows_every_tab_without_scrolling_sideways(
    tiny_app: App, open_page: Any, theme: str
) -> None:
    page = open_page(tiny_app, f"/?__theme={theme}", width=390)
    dark = "document.body.classList.contains('dark')"
    assert page.evaluate(dark) == (theme == "dark")
    generate(page)
    for tab in ("Generate", "Spam", "Chat", "Attention"):
        open_tab(page, tab)
        if tab == "Attention":
            page.locator("#show-attention").click()
            expect(page.locator("#attention-maps svg")).to_be_visible()
        overflow = page.evaluate("document.documentElement.scrollWidth - window.innerWidth")
        assert overflow <= 0, tab
