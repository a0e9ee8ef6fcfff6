"""Chat: a conversation with the model that was fine-tuned to follow instructions.

The conversation lives in the page and in the browser's own storage, so that it is there after a
reload; the server keeps it no longer than the visit.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import gradio as gr

from gpt2_scratch.chat import Message, message_text
from gpt2_scratch.checks import check_integer
from gpt2_scratch.demo import limits
from gpt2_scratch.demo.api import Api, Reply, any_seed
from gpt2_scratch.demo.boundary import IN_BROWSER, on_line, on_page, on_stream
from gpt2_scratch.demo.first_paint import first_paint
from gpt2_scratch.demo.lenses import Lens
from gpt2_scratch.demo.settings import new_tokens, seed_field, shaping
from gpt2_scratch.demo.theme import clicked_text, notice, notice_update, panel, sent
from gpt2_scratch.sampling import SamplingSettings

INSTRUCTIONS = {
    "Words": ["What is the opposite of “happy”?", "What is the plural of “mouse”?"],
    "Sentences": [
        "Negate this sentence: She likes apples.",
        "Convert the sentence to the past: He walks to school.",
    ],
    "Numbers": ["What is 7 + 5?", "Write 17 in words."],
    "Judgement": ["Is this review positive or negative: The food was awful."],
    "Talk": ["Tell me a joke.", "Write a short story about a dog.", "Hello! Who are you?"],
}
FINISHED = {
    "stop": "The answer is complete.",
    "length": "The answer was cut at the number of new tokens.",
    "deadline": f"The answer was cut after {limits.DEADLINE_SECONDS:g} seconds.",
}
TEMPLATE = """Fine-tuning showed the model conversations as plain text in one template: each message
under `### Instruction:`, each answer under `### Response:` and closed by the end-of-text token.
There is no hidden system line. This is all that it has read before its last answer; it only
continues the text:"""
# No secret: every browser is told it. With gradio's random one a restart would lose the history.
STORAGE_KEY, STORAGE_SECRET = "gpt2-from-scratch-chat", "kept in the browser only"
PAUSE = "() => new Promise((resolve) => setTimeout(resolve, 300))"
NOT_RUNNING = "(drawn) => ({ ...drawn, running: false })"


def build(demo: gr.Blocks, api: Api) -> Lens:
    """The tab: its components and its events."""
    with gr.Tab("Chat", id="chat"):
        unavailable = notice()
        with gr.Row():
            with gr.Column(scale=3, min_width=280):
                shown = panel(
                    "conversation.js",
                    {},
                    examples=INSTRUCTIONS,
                    example=first_paint(api.registry, "chat").get("example", []),
                    elem_id="conversation",
                )
                message = gr.Textbox(
                    placeholder="Write an instruction, then Enter",
                    label="Your message",
                    show_label=False,
                    lines=1,
                    max_lines=6,
                    max_length=limits.CHAT_MESSAGE_CHARS,
                    submit_btn="Send",
                    elem_id="instruction",
                )
                with gr.Row():
                    stop = gr.Button("Stop", size="sm", min_width=100, elem_id="stop-chat")
                    clear = gr.Button("New conversation", size="sm", min_width=100, elem_id="clear")
            with gr.Column(scale=2, min_width=280):
                with gr.Accordion("What the model reads", open=False, elem_id="model-reads"):
                    gr.Markdown(TEMPLATE, elem_classes="statistics")
                    read = gr.Textbox(
                        label="Prompt",
                        show_label=False,
                        lines=8,
                        max_lines=16,
                        interactive=False,
                        placeholder="Say something first.",
                        elem_id="read",
                    )
                with gr.Accordion("Sampling settings", open=False):
                    shape = shaping("chat-", temperature=0.0)
                    max_new_tokens = new_tokens("chat-", 128)
                    seed = seed_field("chat-")
                gr.Markdown(
                    "The conversation is kept in your browser and nowhere else. The answers are a "
                    "small model's: well-formed at best, and often wrong.",
                    elem_classes="statistics",
                )

    settings = [*shape.widgets, max_new_tokens, seed]
    conversation = gr.State([])
    stored = gr.BrowserState([], storage_key=STORAGE_KEY, secret=STORAGE_SECRET)

    def ask(message: str, said: list[Message]) -> tuple[Any, ...]:
        """The message moves from the text box into the conversation, before the model has it."""
        said = limits.check_conversation([*said, {"role": "user", "content": message}])
        return "", said, _drawing(said, running=True)

    def answer(said: list[Message], *inputs: Any) -> Iterator[tuple[Any, ...]]:
        *values, max_new_tokens, seed = inputs
        shaped = dict(zip(shape.by_name, values, strict=True))
        settings = SamplingSettings(**shaped, seed=any_seed(seed))
        for reply in api.chat_steps(said, settings, max_new_tokens):
            so_far: list[Message] = [*said, {"role": "assistant", "content": reply["text"]}]
            yield so_far, _drawing(so_far, reply), reply["prompt"]

    def ask_again(said: list[Message]) -> tuple[Any, ...]:
        """The conversation without its last answer."""
        while said and said[-1]["role"] == "assistant":
            said = said[:-1]
        return said, _drawing(said, running=True)

    def edit(said: list[Message], edited: gr.EventData) -> tuple[Any, ...]:
        """A message is written anew: what followed it is gone."""
        index = check_integer("index", sent(edited, "index"), 0, len(said))
        message = {"role": "user", "content": sent(edited, "text")}
        said = limits.check_conversation([*said[:index], message])
        return said, _drawing(said, running=True)

    def restore(stored: object) -> tuple[Any, ...]:
        """The conversation of the last visit, as far as it can be one."""
        said = _checked(stored)
        return said, _drawing(said)

    said_and_shown = [conversation, shown]
    on_page(shown.select, clicked_text, None, message)
    asking = [
        on_line(
            message.submit,
            ask,
            [message, conversation],
            [message, *said_and_shown],
            show_progress="hidden",
        ),
        on_page(shown.retry, ask_again, conversation, said_and_shown),
        on_line(shown.edit, edit, conversation, said_and_shown, show_progress="hidden"),
    ]
    answering = [
        on_stream(
            asked.success,
            answer,
            [conversation, *settings],
            [*said_and_shown, read],
            show_progress="hidden",
        )
        for asked in asking
    ]
    stopped = stop.click(None, cancels=answering, api_visibility="private", queue=False)
    # What is still on its way from the answer must not come after what is drawn now, hence a pause.
    # The page draws it alone: meanwhile the next question may have its answer, which stays.
    paused = stopped.then(None, js=PAUSE, **IN_BROWSER)
    halted = paused.then(None, shown, shown, js=NOT_RUNNING, **IN_BROWSER)
    cleared = on_page(
        clear.click(None, cancels=answering, api_visibility="private", queue=False).then,
        lambda: ([], _drawing([]), ""),
        None,
        [*said_and_shown, read],
        js=PAUSE,
    )
    for failed in answering:  # the message stays, to be changed or asked again
        on_page(failed.failure, _drawing, conversation, shown)
    for changed in (*asking, *answering, halted, cleared):
        on_page(changed.then, lambda said: said, conversation, stored)
    on_page(demo.load, restore, stored, said_and_shown, show_progress="hidden")
    on_page(demo.load, lambda: notice_update(api.registry.problem("chat")), None, unavailable)
    return Lens.of(
        "chat", "Chat", message, **shape.by_name, max_new_tokens=max_new_tokens, seed=seed
    )


def _drawing(
    said: list[Message], reply: Reply | None = None, running: bool = False
) -> dict[str, Any]:
    """What conversation.js draws."""
    drawing: dict[str, Any] = {
        "turns": [{"role": turn["role"], "text": message_text(turn["content"])} for turn in said],
        "running": running,
    }
    if reply is not None:
        reason = reply["finish_reason"]
        drawing |= {
            "running": reason is None,
            "forgotten": _forgotten(said, reply["dropped_turns"]),
            "used": reply["prompt_tokens"] + reply["tokens"],
            "window": reply["window"],
            "note": FINISHED[reason] if reason else "",
        }
    return drawing


def _forgotten(said: list[Message], dropped_turns: int) -> int:
    """How many messages make up the first `dropped_turns` turns.

    Of the last turn, which is never dropped as a whole, each of the user's messages counts as one.
    """
    roles = [message["role"] for message in said]
    starts = [i for i, role in enumerate(roles) if role == "user" and roles[i - 1 : i] != ["user"]]
    if not starts:
        return 0
    of_the_last = max(0, dropped_turns - (len(starts) - 1))
    return starts[min(dropped_turns, len(starts) - 1)] + of_the_last


def _checked(stored: object) -> list[Message]:
    """What the browser kept: anyone can write there, so it is looked at like any other input."""
    if not isinstance(stored, list) or not stored:
        return []
    try:
        return limits.check_conversation([*stored, {"role": "user", "content": "next"}])[:-1]
    except ValueError:
        return []
