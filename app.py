"""The showcase: one page with six tabs, and the API beside it, over one GPT-2.

`python app.py` serves it at http://127.0.0.1:7860; `python app.py --model gpt2` puts OpenAI's 124M
in the place of our own base model.
"""

from __future__ import annotations

import argparse
import importlib.util
import io
import os
import signal
import sys
import threading
from contextlib import suppress
from tempfile import TemporaryDirectory

# Before gradio looks at them. It would report to its makers; and for a dashboard that is off here,
# it would keep the last 10,000 calls and sum them all up again, by a data frame, after each call.
os.environ.setdefault("GRADIO_ANALYTICS_ENABLED", "False")
os.environ.setdefault("HF_HUB_DISABLE_TELEMETRY", "1")  # a call by MCP would ask the Hub for agents
os.environ.setdefault("GRADIO_ANALYTICS_MAX_EVENTS", "1")
os.environ.setdefault("GRADIO_ANALYTICS_CACHE_FREQUENCY", "1000000000")

from gpt2_scratch.demo.quick_start import quick_imports

with quick_imports():
    import gradio as gr
    import torch

from gpt2_scratch.demo import limits, share_links
from gpt2_scratch.demo.address import check_address
from gpt2_scratch.demo.api import Api
from gpt2_scratch.demo.boundary import on_page
from gpt2_scratch.demo.gradio_mends import Page, door
from gpt2_scratch.demo.introduction import head, introduction, picture
from gpt2_scratch.demo.registry import Registry
from gpt2_scratch.demo.serving import AUTO
from gpt2_scratch.demo.tabs import attention as attention_tab
from gpt2_scratch.demo.tabs import chat as chat_tab
from gpt2_scratch.demo.tabs import generate as generate_tab
from gpt2_scratch.demo.tabs import inside as inside_tab
from gpt2_scratch.demo.tabs import spam as spam_tab
from gpt2_scratch.demo.tabs import training as training_tab
from gpt2_scratch.demo.theme import STYLESHEET, refused_script, theme
from gpt2_scratch.demo.zero_gpu import declare_handler
from gpt2_scratch.engine.quantization import MODES
from gpt2_scratch.vocabulary.tokenizer import weights_dir

TITLE = "GPT-2 from scratch"
CACHE_SECONDS = 3600  # uploads and results are deleted when they are this old


def build(api: Api) -> Page:
    """The page and its API; nothing is loaded or computed here."""
    with Page(
        title=TITLE, analytics_enabled=False, delete_cache=(CACHE_SECONDS, CACHE_SECONDS)
    ) as demo:
        api.publish()  # first: the endpoints' names are free, and the page's events take others
        declare_handler()
        gr.HTML(introduction(TITLE, weights_dir()), elem_id="introduction")
        writing = generate_tab.build(demo, api)
        spam = spam_tab.build(demo, api)
        chat = chat_tab.build(demo, api)
        attention = attention_tab.build(demo, api)
        inside = inside_tab.build(demo, api)
        training_tab.build(demo, api)
        share_links.connect(demo, [writing, spam, chat, attention, inside])
        decoding = gr.Markdown(elem_id="decoding", elem_classes="statistics")
        on_page(demo.load, api.serving.description, None, decoding, show_progress="hidden")
    # api_open=False: nobody skips the queue by the REST route
    demo.queue(max_size=limits.QUEUE_SIZE, default_concurrency_limit=1, api_open=False)
    demo.bound_memory()
    return demo


def main() -> None:
    parser = argparse.ArgumentParser(description="Serve the showcase.")
    parser.add_argument("--host", default=None, help="address to listen on (127.0.0.1)")
    parser.add_argument("--port", type=int, default=None, help="port (the first free from 7860)")
    parser.add_argument("--share", action="store_true", help="a public link through gradio.live")
    parser.add_argument("--model", default="base", help="what stands behind the model `base`")
    parser.add_argument(
        "--mode",
        default=AUTO,
        choices=(AUTO, *MODES),
        help="how weights are stored while text is written (auto: what suits the processor)",
    )
    arguments = parser.parse_args()

    try:
        check_address(arguments.host, arguments.port)
    except ValueError as error:
        sys.exit(str(error))
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(line_buffering=True)  # a service's log is a file or a pipe
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # a service ends as at Ctrl-C
    # Uploads and results of visitors: in a folder that goes when the app does.
    parent = os.environ.get("GRADIO_TEMP_DIR")
    if parent:
        os.makedirs(parent, exist_ok=True)
    with TemporaryDirectory(prefix="gpt2-", dir=parent, ignore_cleanup_errors=True) as folder:
        os.environ["GRADIO_TEMP_DIR"] = folder
        with suppress(KeyboardInterrupt):
            serve(arguments)


def serve(arguments: argparse.Namespace) -> None:
    """Listen until KeyboardInterrupt."""
    if cores := os.environ.get("CPU_CORES"):  # on a Space the container sees the host's cores
        torch.set_num_threads(int(float(cores)))
    api = Api(Registry(arguments.model), arguments.mode)
    demo = build(api)
    try:
        demo.launch(
            server_name=arguments.host,
            server_port=arguments.port,
            share=arguments.share,
            theme=theme(),
            css_paths=STYLESHEET,
            head=head(TITLE, weights_dir()) + refused_script(),
            max_file_size=limits.UPLOAD_BYTES,
            state_session_capacity=limits.SESSIONS,
            enable_monitoring=False,
            run_history=False,
            ssr_mode=False,
            mcp_server=importlib.util.find_spec("mcp") is not None,
            footer_links=["api", "gradio", "settings"],
            app_kwargs={**door(demo), "routes": picture(weights_dir())},
            # gradio would ask itself for the page, and give up on a busy machine after 3 seconds
            _frontend=False,
            prevent_thread_lock=True,  # what follows needs no visitor to wait for it
        )
        for model in api.models():  # loads them all
            if model["problem"]:
                print(model["problem"])  # the page says it too, and the other tabs work
        threading.Event().wait()
    finally:
        demo.close(verbose=False)


if __name__ == "__main__":
    main()
