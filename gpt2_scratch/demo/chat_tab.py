"""Chat: a conversation with the model that was fine-tuned to follow instructions."""

from __future__ import annotations

import html
from collections.abc import Iterator
from typing import Any

import gradio as gr

from gpt2_scratch import limits
from gpt2_scratch.chat import Message, message_text
from gpt2_scratch.demo.api import Api, Reply
from gpt2_scratch.demo.boundary import on_page, on_stream
from gpt2_scratch.demo.theme import notice, notice_update

INSTRUCTIONS = [
    "Write a sentence with the word “river”.",
    "What is the plural of “mouse”?",
    "Name three colours.",
    "Rewrite in the past tense: She walks to school.",
]
FINISHED = {
    "stop": "The answer is complete.",
    "length": "The answer was cut at the number of new tokens.",
    "deadline": f"The answer was cut after {limits.DEADLINE_SECONDS:g} seconds.",
}


def build(demo: gr.Blocks, api: Api) -> None:
    """The tab: its components and its events."""
    with gr.Tab("Chat", id="chat"):
        unavailable = notice()
        chatbot = gr.Chatbot(
            label="Conversation",
            height=420,
            allow_tags=False,
            render_markdown=False,  # a message is text; see _shown
            layout="bubble",
            buttons=["copy"],
            placeholder="A small model with a small memory: ask it simple things.",
            elem_id="conversation",
        )
        message = gr.Textbox(
            placeholder="Write an instruction, then Enter",
            show_label=False,
            lines=1,
            max_lines=6,
            max_length=limits.CHAT_MESSAGE_CHARS,
            submit_btn="Send",
            elem_id="instruction",
        )
        with gr.Row():
            stop = gr.Button("Stop", size="sm", min_width=80, elem_id="stop-chat")
            retry = gr.Button("Retry", size="sm", min_width=80, elem_id="retry")
            clear = gr.Button("Clear", size="sm", min_width=80, elem_id="clear")
        remark = gr.Markdown(elem_id="chat-remark", elem_classes="statistics")
        gr.Examples(INSTRUCTIONS, message, label="Instructions to try", cache_examples=False)
        with gr.Accordion("Sampling settings", open=False):
            with gr.Row():
                temperature = gr.Slider(
                    0,
                    2,
                    0,
                    step=0.05,
                    label="Temperature",
                    info="0 gives the same answer each time.",
                )
                max_new_tokens = gr.Slider(
                    1, limits.NEW_TOKENS, 128, step=1, label="New tokens, at most"
                )
                seed = gr.Number(label="Seed", info="Empty: a new one each time.", precision=0)
            with gr.Row():
                top_k = gr.Slider(0, 200, 50, step=1, label="Top-k", info="0 is off.")
                top_p = gr.Slider(0.05, 1, 1, step=0.05, label="Top-p", info="1 is off.")
                repetition_penalty = gr.Slider(
                    1, 2, 1, step=0.05, label="Repetition penalty", info="1 is off."
                )

    settings = [temperature, top_k, top_p, repetition_penalty, max_new_tokens, seed]

    # What was really said; `chatbot` shows it with `<` and `&` escaped.
    conversation = gr.State([])

    def ask(message: str, said: list[Message]) -> tuple[Any, ...]:
        """The message moves from the text box into the conversation, before the model has it."""
        said = limits.check_conversation([*said, {"role": "user", "content": message}])
        return "", said, _shown(said)

    def answer(said: list[Message], *settings: Any) -> Iterator[tuple[Any, ...]]:
        for reply in api.chat_steps(said, *settings):
            so_far: list[Message] = [*said, {"role": "assistant", "content": reply["text"]}]
            yield so_far, _shown(so_far), _remark(reply)

    def ask_again(said: list[Message]) -> tuple[Any, ...]:
        """The conversation without its last answer."""
        while said and said[-1]["role"] == "assistant":
            said = said[:-1]
        return said, _shown(said)

    said_and_shown = [conversation, chatbot]
    asked = on_page(message.submit, ask, [message, conversation], [message, *said_and_shown])
    retried = [
        on_page(event, ask_again, conversation, said_and_shown)
        for event in (retry.click, chatbot.retry)
    ]
    answering = [
        on_stream(
            done.success,
            answer,
            [conversation, *settings],
            [*said_and_shown, remark],
            show_progress="minimal",
            show_progress_on=[chatbot],
        )
        for done in (asked, *retried)
    ]
    stop.click(None, cancels=answering, api_visibility="private", queue=False)
    # In two steps: what is still on its way from the answer must not come after the empty page.
    for cleared in (clear.click, chatbot.clear):
        on_page(
            cleared(None, cancels=answering, api_visibility="private", queue=False).then,
            lambda: ([], [], ""),
            None,
            [*said_and_shown, remark],
            js="() => new Promise((resolve) => setTimeout(resolve, 300, []))",
        )
    on_page(demo.load, lambda: notice_update(api.registry.problem("chat")), None, unavailable)


def _shown(said: list[Message]) -> list[dict[str, str]]:
    """The messages as gr.Chatbot shows them word for word: it reads HTML, and loads its images."""
    return [
        {"role": turn["role"], "content": html.escape(message_text(turn["content"]), quote=False)}
        for turn in said
    ]


def _remark(reply: Reply) -> str:
    words = f"{reply['prompt_tokens']} tokens of conversation read."
    if reply["finish_reason"]:
        words += f" {FINISHED[reply['finish_reason']]}"
    if dropped := reply["dropped_turns"]:
        turns = "turn no longer fits" if dropped == 1 else f"{dropped} turns no longer fit"
        words += f" **The oldest {turns} into the context window: forgotten.**"
    return words
