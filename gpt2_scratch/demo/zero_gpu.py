"""Hugging Face ZeroGPU, the hardware that a free account can have for a Space.

ZeroGPU ends an app without a handler under `@spaces.GPU` ("No @spaces.GPU function detected"). Such
a handler runs in a forked process, which sees neither what the app has loaded since nor its
threads, and its seconds are taken from the few GPU minutes that a visitor has each day. Our models
are small enough for the processor, which such a Space has as well. So everything runs there, no
visitor needs a GPU minute, and this is the one place that knows of ZeroGPU.
"""

from __future__ import annotations

import importlib.util

import gradio as gr

SECONDS = 5  # what the handler would ask for


def declare_handler() -> None:
    """Give the app that is being built its `@spaces.GPU` handler, where `spaces` is installed.

    The Space builder installs `spaces` everywhere; off ZeroGPU its decorator changes nothing.
    """
    if importlib.util.find_spec("spaces") is None:
        return
    import spaces

    never = gr.Button(visible=False)
    never.click(spaces.GPU(duration=SECONDS)(nothing), api_visibility="private", queue=False)


def nothing() -> None:
    """What the handler does."""
