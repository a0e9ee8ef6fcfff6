"""One of OpenAI's models is chosen: it is fetched from the Hub while another one writes on."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from typing import Any

import gradio as gr

from gpt2_scratch.checkpoints.openai import PUBLISHED
from gpt2_scratch.demo.registry import OPENAI, Registry, parameters

LOOK_SECONDS = 0.3  # between two looks at how far it is


def choices(registry: Registry) -> list[tuple[str, str]]:
    """Who can write: (what is shown, name).

    The source is added where it is another, as after `--model gpt2`.
    """
    ours = [
        (name if registry.source(name) == name else f"{name} ({registry.source(name)})", name)
        for name in ("base", "chat")
    ]
    openai = [(f"{name}, {parameters(name) / 1e6:,.0f}M", name) for name in OPENAI]
    return ours + openai


def arrival(registry: Registry, name: str, meanwhile: str) -> Iterator[tuple[Any, Any]]:
    """What arrival.js draws, and the dropdown's value: `meanwhile` until the model is here."""
    if registry.is_here(name):
        yield gr.skip(), gr.skip()
        return
    seen: dict[str, Any] = {"done": 0, "total": 0, "problem": None}

    def work() -> None:
        try:
            registry.fetch(name, lambda done, total: seen.update(done=done, total=total))
        except ValueError as error:
            seen["problem"] = _reason(error)

    thread = threading.Thread(target=work, daemon=True)
    start = time.monotonic()
    thread.start()
    size = f"{(PUBLISHED[name].size or 4 * parameters(name)) / 1e6:,.0f} MB"
    until = (
        f"{meanwhile} writes until it is here." if meanwhile else "It will appear when it is here."
    )
    asking = f"{name} is {size} on the Hugging Face Hub, which is being asked for it. {until}"
    yield {"message": asking, "part": 0}, meanwhile
    while thread.is_alive():
        thread.join(LOOK_SECONDS)
        if seen["total"] and thread.is_alive():
            part = min(1.0, seen["done"] / seen["total"])
            told = f"Fetching {name} from the Hub: {seen['done'] / 1e6:,.0f} of {size}"
            left = time_left(time.monotonic() - start, part)
            yield {"message": f"{told}{left}. {until}", "part": part}, gr.skip()
    if seen["problem"]:
        goes_on = f", so {meanwhile} writes on" if meanwhile else ""
        yield {"message": f"{name} did not come{goes_on}: {seen['problem']}"}, gr.skip()
    else:
        yield {}, name


def time_left(seconds: float, part: float) -> str:
    """How long the rest takes at the pace so far; nothing while that cannot be told."""
    if part < 0.01:
        return ""
    rest = seconds * (1 - part) / part
    if rest < 90:
        return f", about {max(1, round(rest))} s left"
    return f", about {round(rest / 60)} minutes left"


def _reason(error: ValueError) -> str:
    """Why, in one sentence: what a server's owner could do about it is no visitor's business."""
    return str(error.__cause__ or error).split(";")[0].rstrip(".") + "."
