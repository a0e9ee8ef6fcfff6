"""The page as a whole, in a real browser: what every tab shares, and what must never happen.

The tests of each tab stand in a file of their own, test_page_<tab>.py. Each also fails on an error
in the browser's console and on a request to any other machine.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from conftest import App, generate, open_tab, reload, set_number, tab_to

sync_api = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
expect = sync_api.expect


# Text that runs code wherever it is taken for markup, for a template or for a JavaScript literal.
HOSTILE = (
    "<img src=x onerror=\"document.title='pwned'\"> <script>document.title='pwned'</script> "
    "${document.body.setAttribute(/pwned/.source,1)} {{constructor}} "
    "\\x3cimg src\\x3dx onerror\\x3ddocument.title\\x3d1\\x3e `"
)


def test_first_paint_has_content(tiny_app: App, open_page: Any) -> None:
    page = open_page(tiny_app)
    expect(page.locator("h1")).to_have_text("GPT-2 from scratch")
    assert [tab.strip() for tab in page.get_by_role("tab").all_text_contents()] == [
        "Generate",
        "Spam",
        "Chat",
        "Attention",
        "Inside",
        "Training",
    ]
    assert page.locator("#prompt textarea").input_value()
    expect(page.locator("#next-token tr")).to_have_count(11)
    expect(page.locator(".block.notice")).to_have_count(0)


def test_the_page_is_there_within_half_a_megabyte(app: App, open_page: Any) -> None:
    page = open_page(app)
    network = page.context.new_cdp_session(page)
    network.send("Network.enable")
    network.send("Network.setCacheDisabled", {"cacheDisabled": True})
    received: list[float] = []
    network.on("Network.loadingFinished", lambda event: received.append(event["encodedDataLength"]))
    reload(page)
    expect(page.locator("#next-token tr")).to_have_count(11)
    expect(page.locator("#generated mark")).not_to_be_empty()
    assert 50_000 < sum(received) < 500_000


def test_every_tab_has_something_to_show_before_a_model_has_run(app: App, open_page: Any) -> None:
    page = open_page(app)
    page.route("**/queue/join*", lambda route: None)  # from here on no question is answered
    expect(page.locator("#generated mark")).not_to_be_empty()
    expect(page.locator("#next-token tr")).to_have_count(11)
    for tab, finished in (
        ("Spam", "#verdict .gauge"),
        ("Chat", "#conversation .bot"),
        ("Attention", "#attention-maps .matrix svg"),
        ("Attention", "#logit-lens .lens-grid"),
        ("Inside", "#inside .zones"),
        ("Inside", "#what-if .effects"),
    ):
        open_tab(page, tab)
        expect(page.locator(finished)).to_be_visible()


def test_every_tab_says_what_it_shows(tiny_app: App, open_page: Any) -> None:
    page = open_page(tiny_app)
    for tab in ("Generate", "Spam", "Chat", "Attention", "Inside", "Training"):
        open_tab(page, tab)
        line = page.locator(".block.looking-at:visible")
        expect(line).to_contain_text("What am I looking at?")
        for word in line.locator(".term").all():
            word.focus()
            expect(line.locator(".explained.open .tip")).to_be_visible()
        assert line.locator(".term").count() or tab == "Spam", tab


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

    open_tab(page, "Inside")
    page.locator("#inside-text textarea").fill(HOSTILE[-20:])
    page.locator("#look-inside").click()
    expect(page.locator("#inside .chips .chip").last).to_have_text("`")
    chips = page.locator("#inside .chips .chip").all_text_contents()
    assert "".join(chips) == HOSTILE[-20:].replace(" ", "·")

    open_tab(page, "Chat")
    page.locator("#instruction textarea").fill(HOSTILE)
    page.locator("#instruction textarea").press("Enter")
    page.locator("#conversation .edit").wait_for()  # refused as too long: it can be changed
    assert page.locator("#conversation .user.message .text").text_content() == HOSTILE

    page.wait_for_timeout(300)  # an onerror handler would have run by now
    assert page.title() == title
    assert page.evaluate("document.body.getAttribute('pwned')") is None
    assert page.locator("img[src='x']").count() == 0


def test_the_keyboard_opens_every_tab_and_works_there(tiny_app: App, open_page: Any) -> None:
    """Generate, Attention and Inside have tests of their own for what they hold."""
    page = open_page(tiny_app)

    def open_by_keyboard(tab: str) -> None:
        page.get_by_role("tab", selected=True).focus()
        for _ in range(6):
            if page.evaluate("document.activeElement.dataset.tabId") == tab:
                break
            page.keyboard.press("Tab")
        page.keyboard.press("Enter")
        expect(page.locator(f"[role=tab][data-tab-id={tab}]")).to_have_attribute(
            "aria-selected", "true"
        )

    open_by_keyboard("spam")
    tab_to(page, "#message textarea")
    page.keyboard.press("Control+A")
    page.keyboard.type("See you at noon")
    expect(page.locator("#verdict .words")).to_have_text("See you at noon")
    tab_to(page, "#verdict .word")
    page.keyboard.press("ArrowRight")
    expect(page.locator("#verdict .readout")).to_contain_text("Without “you” the spam probability")

    open_by_keyboard("chat")
    tab_to(page, "#skills .offer")
    page.keyboard.press("Enter")
    expect(page.locator("#instruction textarea")).not_to_have_value("")
    expect(page.locator("#instruction textarea")).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.locator("#conversation .retry")).to_be_visible()  # it has been answered

    open_by_keyboard("attention")
    expect(page.locator("#attention-maps .matrix svg")).to_be_visible()
    open_by_keyboard("inside")
    expect(page.locator("#inside .zones")).to_be_visible()
    open_by_keyboard("training")
    expect(page.locator("#training")).not_to_be_empty()


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


def test_a_phone_shows_every_tab_without_scrolling_sideways(tiny_app: App, open_page: Any) -> None:
    page = open_page(tiny_app, "/?__theme=dark", width=390)
    assert page.evaluate("document.body.classList.contains('dark')")
    generate(page)
    for tab in ("Generate", "Spam", "Chat", "Attention", "Inside", "Training"):
        open_tab(page, tab)
        if tab == "Attention":
            page.locator("#show-attention").click()
            expect(page.locator("#attention-maps .matrix svg")).to_be_visible()
        overflow = page.evaluate("document.documentElement.scrollWidth - window.innerWidth")
        assert overflow <= 0, tab


def test_who_opens_a_link_sees_the_text_that_was_shared(tiny_app: App, open_page: Any) -> None:
    page = open_page(tiny_app)
    page.locator("#prompt textarea").fill("One day the cat")
    expect(page.locator("#seed input")).to_have_value("-1")
    written = generate(page)
    page.evaluate("() => void (navigator.clipboard.writeText = () => Promise.reject())")
    page.locator("#links-generate .share").click()
    field = page.locator("#links-generate .link")  # to be copied by hand
    expect(field).to_have_value(page.url)
    expect(page.locator("#links-generate .share")).not_to_have_text("Link copied")
    assert "seed=-1" not in page.url
    other = open_page(tiny_app, page.url.removeprefix(tiny_app.url))
    expect(other.locator("#generated mark")).to_have_text(written)
    expect(other.locator("#generated .continuation")).to_contain_text("One day the cat")


@pytest.mark.slow
def test_a_text_goes_from_tab_to_tab_and_a_link_brings_it_back(
    tiny_app: App, open_page: Any
) -> None:
    page = open_page(tiny_app)
    page.locator("#prompt textarea").fill("the cat & <b>sat</b>")
    set_number(page, "#temperature", "1.3")
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    page.locator("#links-generate .share").click()
    expect(page.locator("#links-generate .share")).to_have_text("Link copied")
    assert page.evaluate("navigator.clipboard.readText()") == page.url
    link = page.url.removeprefix(tiny_app.url)
    for here, there, box in (
        ("generate", "Attention", "#attention-text"),
        ("attention", "Inside", "#inside-text"),
        ("inside", "Spam", "#message"),
        ("spam", "Chat", "#instruction"),
        ("chat", "Generate", "#prompt"),
    ):
        page.locator(f"#links-{here} button", has_text=there).click()
        expect(page.locator(f"{box} textarea")).to_be_visible()
        expect(page.locator(f"{box} textarea")).to_have_value("the cat & <b>sat</b>")
        if there == "Attention":  # drawn for the text that has come along
            chips = page.locator("#attention-maps .chips")
            expect(chips).to_have_text("the·cat·&·<b>sat</b>")
        if there == "Inside":
            chips = page.locator("#inside .chips .chip")
            expect(chips).not_to_have_count(0)
            assert "".join(chips.all_text_contents()) == "the·cat·&·<b>sat</b>"
        assert page.get_by_role("tab", name=there).count() == 1

    other = open_page(tiny_app, link)
    expect(other.locator("#prompt textarea")).to_have_value("the cat & <b>sat</b>")
    expect(other.locator("#temperature input[type=number]")).to_have_value("1.3")

    open_tab(page, "Attention")
    for box, model in (("#attention-model", "chat"), ("#attention-other", "base")):
        page.locator(f"{box} input").click()
        page.get_by_role("option", name=model, exact=True).click()
    page.locator("#links-attention .share").click()
    expect(page.locator("#links-attention .share")).to_have_text("Link copied")
    compared = open_page(tiny_app, page.url.removeprefix(tiny_app.url))
    maps = compared.locator("#attention-maps")
    expect(maps.locator(".chips")).to_have_text("the·cat·&·<b>sat</b>")
    expect(maps.locator(".views button[aria-pressed=true]")).to_have_text("base − chat")


def test_the_tab_stands_in_the_address(tiny_app: App, open_page: Any) -> None:
    page = open_page(tiny_app)

    def is_open(tab: str) -> None:
        title = page.locator(f"[role=tab][data-tab-id={tab}]")
        expect(title).to_have_attribute("aria-selected", "true")

    page.locator("#prompt textarea").fill("mine")
    open_tab(page, "Spam")
    open_tab(page, "Chat")
    assert page.url.endswith("#tab=chat")
    page.go_back()
    is_open("spam")
    page.go_back()
    is_open("generate")
    expect(page.locator("#prompt textarea")).to_have_value("mine")  # nothing was loaded anew
    page.go_forward()
    is_open("spam")
    reload(page)
    is_open("spam")


def test_an_empty_text_blanks_no_other_tab(tiny_app: App, open_page: Any) -> None:
    page = open_page(tiny_app)
    open_tab(page, "Spam")
    message = page.locator("#message textarea").input_value()
    open_tab(page, "Generate")
    page.locator("#prompt textarea").fill(" ")
    page.locator("#links-generate button", has_text="Spam").click()
    expect(page.locator("#message textarea")).to_have_value(message)


def test_control_and_enter_run_where_there_is_a_button(tiny_app: App, open_page: Any) -> None:
    page = open_page(tiny_app)
    for tab, box, shown in (
        ("Generate", "#prompt", "#generated .alternatives"),
        ("Chat", "#instruction", "#conversation .retry"),
        ("Attention", "#attention-text", "#attention-maps .matrix svg"),
        ("Inside", "#inside-text", "#inside .zones"),
    ):
        open_tab(page, tab)
        page.locator(f"{box} textarea").fill("One day the cat")
        page.locator(f"{box} textarea").press("Control+Enter")
        expect(page.locator(shown).first).to_be_visible()


# The end of the stream of answers comes late, and in between the visitor asks for more.
LATE_CLOSE = """() => {
  const fetched = window.fetch;
  window.fetch = async (request, options) => {
    const answer = await fetched(request, options);
    if (!String(request.url ?? request).includes("/queue/data")) return answer;
    const isClose = (chunk) => new TextDecoder().decode(chunk).includes("close_stream");
    const late = new TransformStream({
      async transform(chunk, controller) {
        if (window.armed && isClose(chunk)) {
          window.armed = false;
          document.querySelector("#generate").click();
          await new Promise((resolve) => setTimeout(resolve, 40));
        }
        controller.enqueue(chunk);
      },
    });
    return new Response(answer.body.pipeThrough(late), answer);
  };
  window.armed = true;
}"""


def test_an_answer_asked_for_while_the_last_stream_closes_arrives(
    tiny_app: App, open_page: Any
) -> None:
    page = open_page(tiny_app)
    page.evaluate(LATE_CLOSE)
    page.locator("#prompt textarea").fill("One day the cat")  # asks for the next token
    page.wait_for_function("window.armed === false")
    page.locator("#generated .alternatives").wait_for()
