"""Fixtures shared by all tests: small real checkpoints, and the app as a process of its own."""

from __future__ import annotations

import os
import re
import shutil
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import torch
from hypothesis import settings

from gpt2_scratch.checkpoints.format import save_checkpoint
from gpt2_scratch.checkpoints.manifest import update_manifest
from gpt2_scratch.config import GPT2Config
from gpt2_scratch.model import GPT2
from gpt2_scratch.vocabulary.bpe import count_words, train_bpe, write_ranks

# Hypothesis draws the same examples each time: a suite that fails once a week helps nobody.
settings.register_profile("same examples", derandomize=True, deadline=None)
settings.load_profile("same examples")

REPOSITORY = Path(__file__).resolve().parent.parent
START_SECONDS = 240  # the app is ready in a few; this is for a machine that is busy

# Runs in the app's process before anything else: notes every address that is not this machine.
NETWORK_MONITOR = """
import os, sys

def monitor(event, arguments):
    if event == "socket.connect" and isinstance(arguments[1], tuple):
        host = arguments[1][0]
    elif event == "socket.getaddrinfo":
        host = arguments[0]
    else:
        return
    host = host.decode() if isinstance(host, bytes) else host
    if host not in (None, "", "localhost", "0.0.0.0", "::1") and not host.startswith("127."):
        with open(os.environ["NETWORK_LOG"], "a") as log:
            log.write(f"{event} {arguments[-1]} {host}\\n")

sys.addaudithook(monitor)
"""


# What the tiny vocabulary is learned from.
TEXT = """
The model reads the text from left to right and says at each place what may come next. A little
girl lived near the forest. One day the cat sat on the mat, because the cat was tired. Name three
colours and another river. Write a message, win a prize, call now to claim it. See you at noon.
### Instruction: ### Input: ### Response: import torch def forward(self, x): return x
"""


def make_weights(folder: Path, endless: bool = False, **sizes: int) -> Path:
    """A weights folder like ours, with a vocabulary and checkpoints that are tiny and random.

    endless  no text ends by itself: how long one is would else depend on what is drawn
    sizes    fields of GPT2Config, to make the models less tiny
    """
    ranks = train_bpe(count_words([TEXT]), 400)
    folder.mkdir(parents=True, exist_ok=True)
    write_ranks(folder / "tokenizer.tiktoken", ranks)
    sizes = {"block_size": 256, "n_layer": 2, "n_head": 2, "n_embd": 32} | sizes
    config = GPT2Config(vocab_size=len(ranks) + 1, **sizes)
    for seed, name in enumerate(("base", "chat", "spam")):
        generator = torch.Generator().manual_seed(seed)
        tensors = dict(GPT2(config).init_weights(generator).state_dict())
        # At its start a model hardly looks at its context; with larger weights it does.
        tensors |= {key: 6 * value for key, value in tensors.items() if value.dim() == 2}
        if endless:  # 0 is far from the largest of 400 random logits: top-k leaves it out
            tensors["wte.weight"][-1] = 0.0
        if name == "spam":
            tensors["score.weight"] = torch.randn(2, config.n_embd, generator=generator)
        path = folder / f"{name}.safetensors"
        kind = "classifier" if name == "spam" else "gpt2"
        save_checkpoint(path, tensors, config, kind=kind, tokenizer="tokenizer", metadata={})
        update_manifest(path)
    return folder


@pytest.fixture(autouse=True)
def the_same_draws() -> None:
    """What a test draws without a generator of its own (a new layer, dropout) is no surprise."""
    torch.manual_seed(0)


def assert_same_logits(actual: torch.Tensor, expected: torch.Tensor) -> None:
    """The same weights say the same, but for the last bits.

    More is not promised: a product may be summed in another order where its weight lies otherwise
    in memory, as one that is mapped from a file does.
    """
    torch.testing.assert_close(actual, expected, rtol=0, atol=1e-5)


@dataclass(frozen=True)
class App:
    """A running `python app.py`.

    url          of the page, without a slash at its end
    process      the server
    network_log  what it tried to reach, a line each; the file is missing if that is nothing
    log          what it printed
    folder       of all its files
    """

    url: str
    process: subprocess.Popen[bytes]
    folder: Path

    @property
    def network_log(self) -> Path:
        return self.folder / "network.log"

    @property
    def log(self) -> Path:
        return self.folder / "app.log"


def start_app(weights: Path, folder: Path, *arguments: str) -> App:
    """Start app.py on a free port and wait until it serves; `folder` gets its log."""
    (folder / "sitecustomize.py").write_text(NETWORK_MONITOR, encoding="utf-8")
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    environment = os.environ | {
        "GPT2_SCRATCH_WEIGHTS": str(weights),
        "GRADIO_TEMP_DIR": str(folder / "gradio"),
        "NETWORK_LOG": str(folder / "network.log"),
        "PYTHONPATH": str(folder),
        "OMP_NUM_THREADS": "1",
        "NO_PROXY": "*",
    }
    command = [sys.executable, "app.py", "--host", "127.0.0.1", "--port", str(port), *arguments]
    with (folder / "app.log").open("wb") as log:
        process = subprocess.Popen(
            command, cwd=REPOSITORY, env=environment, stdout=log, stderr=subprocess.STDOUT
        )
    app = App(f"http://127.0.0.1:{port}", process, folder)
    give_up = time.monotonic() + START_SECONDS
    while not _serves(app.url):
        if process.poll() is not None or time.monotonic() > give_up:
            process.kill()
            pytest.fail("app.py did not start:\n" + (folder / "app.log").read_text())
        time.sleep(0.2)
    return app


def _serves(url: str) -> bool:
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    try:
        with opener.open(f"{url}/gradio_api/startup-events", timeout=10) as answer:
            return answer.status == 200
    except OSError:
        return False


def stop_app(app: App) -> None:
    """End the server."""
    app.process.terminate()
    try:
        app.process.wait(timeout=20)
    except subprocess.TimeoutExpired:
        app.process.kill()
        app.process.wait()


@contextmanager
def served_here(demo: Any) -> Iterator[str]:
    """The address of an app that runs in this process, so that a test can reach into it."""
    # Here, as gradio takes seconds to import and few tests need it.
    from gpt2_scratch.demo.gradio_mends import door
    from gpt2_scratch.demo.theme import STYLESHEET

    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("NO_PROXY", "*")
        _, url, _ = demo.launch(
            server_name="127.0.0.1",
            prevent_thread_lock=True,
            quiet=True,
            ssr_mode=False,
            css_paths=STYLESHEET,
            app_kwargs=door(demo),
            _frontend=False,
        )
        yield url.rstrip("/")
        demo.close()


def slowly(write: Any, seconds: float) -> Any:
    """`write`, whose steps take their time: nobody can stop what is over at once."""

    def writing(*arguments: Any, **options: Any) -> Iterator[Any]:
        with closing(write(*arguments, **options)) as steps:
            for step in steps:
                time.sleep(seconds)
                yield step

    return writing


@pytest.fixture(scope="session")
def tiny_weights(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A weights folder with tiny random checkpoints: base, chat and spam."""
    return make_weights(tmp_path_factory.mktemp("weights"), endless=True)


@pytest.fixture(scope="session")
def tiny_app(tiny_weights: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[App]:
    """`python app.py` over the tiny random checkpoints."""
    app = start_app(tiny_weights, tmp_path_factory.mktemp("app"))
    yield app
    stop_app(app)


@pytest.fixture(scope="session")
def incomplete_app(
    tiny_weights: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[App, Path]]:
    """An app without spam weights and with a Git LFS pointer for the chat's; and its folder."""
    weights = tmp_path_factory.mktemp("incomplete")
    for name in ("tokenizer.tiktoken", "base.safetensors", "manifest.json"):
        shutil.copy(tiny_weights / name, weights)
    pointer = "version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 1\n"
    (weights / "chat.safetensors").write_text(pointer)
    app = start_app(weights, tmp_path_factory.mktemp("app"))
    yield app, weights
    stop_app(app)


@pytest.fixture(scope="session")
def app(tmp_path_factory: pytest.TempPathFactory) -> Iterator[App]:
    """`python app.py` over the weights of this repository."""
    weights = REPOSITORY / "weights"
    missing = [n for n in ("base", "chat", "spam") if not (weights / f"{n}.safetensors").exists()]
    if missing:
        pytest.skip(f"not trained yet: {', '.join(missing)}")
    app = start_app(weights, tmp_path_factory.mktemp("app"))
    yield app
    stop_app(app)


# --- the page in a browser ------------------------------------------------------------------------

Page = Any  # playwright's; it need not be installed
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
# How a page is looked at. The tests of the README have one width, and each theme in one; where
# everything runs, each has both.
WIDTHS = (pytest.param(1440, marks=pytest.mark.slow), 390)
LOOKS = (
    ("light", 1440),
    ("dark", 390),
    pytest.param("light", 390, marks=pytest.mark.slow),
    pytest.param("dark", 1440, marks=pytest.mark.slow),
)
PATIENCE = 60_000  # milliseconds; they pass on a machine that is busy only


@pytest.fixture(scope="session")
def browser() -> Iterator[Any]:
    """A headless Chromium; the test is skipped where there is none."""
    sync_api = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
    if CHROMIUM is None:
        pytest.skip("no chromium on this machine")
    sync_api.expect.set_options(timeout=PATIENCE)
    with sync_api.sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        yield browser
        browser.close()


@pytest.fixture
def open_page(browser: Any) -> Iterator[Any]:
    """open_page(app or its address, path="/", width=1440) -> Page.

    At its end the test fails on an error in the browser's console and on a request to any other
    machine.
    """
    complaints: list[str] = []
    contexts = []

    def open_page(app: App | str, path: str = "/", width: int = 1440) -> Page:
        url = app if isinstance(app, str) else app.url
        context = browser.new_context(viewport={"width": width, "height": 900})
        contexts.append(context)
        page = context.new_page()
        page.set_default_timeout(PATIENCE)
        page.on("pageerror", lambda error: complaints.append(f"page error: {error}"))
        page.on(
            "console",
            lambda message: complaints.append(message.text) if message.type == "error" else None,
        )
        page.on(
            "request",
            lambda request: (
                None
                if request.url.startswith((url, "data:", "blob:"))
                else complaints.append(f"request to {request.url}")
            ),
        )
        page.goto(url + path)
        # attached, not visible: a link may have opened another tab already
        page.locator("#prompt textarea").wait_for(state="attached")
        # The load event has been answered: from here on the page changes for our clicks only.
        page.locator("#next-token tr").nth(1).wait_for(state="attached")
        return page

    yield open_page
    for context in contexts:
        context.close()
    assert not complaints


def open_tab(page: Page, name: str) -> None:
    """Show a tab by its title."""
    page.get_by_role("tab", name=name).click()


def reload(page: Page) -> None:
    """Load the page anew. What it was waiting for is given up with it, and that is no error."""
    page.evaluate("console.error = () => {}")
    page.reload()


def tab_to(page: Page, target: str) -> None:
    """Press the Tab key until the focus is on what this selector means."""
    for _ in range(30):
        page.keyboard.press("Tab")
        if page.evaluate("(target) => document.activeElement.matches(target)", target):
            return
    pytest.fail(f"30 stops of the Tab key did not lead to {target}")


def generate(page: Page) -> str:
    """Click Generate, wait for the end and the explanation, and give back the marked text."""
    mark_old = "document.querySelector('#generated .alternatives')?.setAttribute('data-old', '')"
    page.evaluate(mark_old)
    page.locator("#generate").click()
    page.locator("#generated .alternatives:not([data-old])").wait_for()
    finished = re.compile("as long as asked for|the model ended the text")
    assert finished.search(page.locator("#generated .statistics").text_content())
    return page.locator("#generated mark").text_content()


def set_number(page: Page, slider: str, value: str) -> None:
    """Type a value into a slider's number box."""
    box = page.locator(f"{slider} input[type=number]")
    box.fill(value)
    box.press("Tab")
