"""The page in a frame of another site, as a Space is shown on the Hub: 800 x 600, no rights."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest
from conftest import PATIENCE, App

sync_api = pytest.importorskip("playwright.sync_api")
TABS = ("Spam", "Chat", "Attention", "Inside", "Training", "Generate")


@pytest.fixture
def frame(browser: Any, tiny_app: App) -> Iterator[Any]:
    """The app in a frame of another site, which grants it nothing; no error in the console."""

    class Host(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            body = f'<iframe src="{tiny_app.url}" width="800" height="600" allow=""></iframe>'
            self.send_response(200)
            self.send_header("Content-Type", "text/html")
            self.end_headers()
            if self.path == "/":
                self.wfile.write(f"<!doctype html><link rel=icon href=data:>{body}".encode())

        def log_message(self, *arguments: object) -> None:
            pass

    complaints: list[str] = []
    server = ThreadingHTTPServer(("127.0.0.1", 0), Host)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    context = browser.new_context(viewport={"width": 900, "height": 700})
    # What a browser does that keeps other sites' storage from a frame.
    context.add_init_script(
        """if (self !== top) for (const name of ["localStorage", "sessionStorage"])
             Object.defineProperty(window, name,
               { get() { throw new Error("refused"); }, configurable: true });"""
    )
    page = context.new_page()
    page.set_default_timeout(PATIENCE)
    page.on("pageerror", lambda error: complaints.append(f"page error: {error}"))
    page.on(
        "console",
        lambda message: complaints.append(message.text) if message.type == "error" else None,
    )
    page.goto(f"http://localhost:{server.server_port}/")  # another site than 127.0.0.1
    inner = page.frame_locator("iframe")
    inner.locator("#next-token tr").nth(1).wait_for(state="attached")
    yield inner
    context.close()
    server.shutdown()
    assert not complaints


def test_every_tab_is_usable_in_a_frame_that_is_granted_nothing(frame: Any) -> None:
    for name in TABS:
        frame.get_by_role("tab", name=name).click()
        wide = "element => element.ownerDocument.documentElement.scrollWidth"
        assert frame.locator("body").evaluate(wide) <= 800, name
    frame.locator("#generate").click()
    sync_api.expect(frame.locator("#generated")).to_contain_text("tokens/s")
    frame.locator("#links-generate .share").click()
    field = frame.locator("#links-generate input, #links-generate textarea").first
    sync_api.expect(field).to_be_visible()  # to copy by hand
