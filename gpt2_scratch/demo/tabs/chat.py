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
from gpt2_scratch.demo.api import Api, any_seed
from gpt2_scratch.demo.boundary import IN_BROWSER, on_line, on_model, on_page, on_stream
from gpt2_scratch.demo.chat_view import (
    LINK_CHARS,
    as_link,
    checked,
    drawing,
    from_link,
    measured_skills,
    skill_rows,
)
from gpt2_scratch.demo.first_paint import first_paint
from gpt2_scratch.demo.settings import new_tokens, seed_field, shaping
from gpt2_scratch.demo.share_links import LinkedTab
from gpt2_scratch.demo.theme import clicked_text, looking_at, notice, notice_update, panel, sent
from gpt2_scratch.demo.written import token_rows
from gpt2_scratch.insight.confidence import answer_places
from gpt2_scratch.sampling import SamplingSettings

WHAT = """The same model, trained on with questions and their answers. It still only goes on with a
text, one [token] at a time; what it has learned to answer stands beside the conversation, with how
often it is right."""

RETRY_TEMPERATURE = 0.7  # of an answer that is asked for anew: at 0 it would be the same one
TEMPLATE = """Fine-tuning showed the model conversations as plain text in one template: each message
under `### Instruction:`, each answer under `### Response:` and closed by the end-of-text token.
There is no hidden system line. This is all that it has read before its last answer; it only
continues the text:"""
# No secret: every browser is told it. With gradio's random one a restart would lose the history.
STORAGE_KEY, STORAGE_SECRET = "gpt2-from-scratch-chat", "kept in the browser only"
PAUSE = "() => new Promise((resolve) => setTimeout(resolve, 300))"
# The conversation of a link is not to be replaced by the one of the last visit.
UNLESS_LINKED = "(stored) => [location.hash.includes('conversation=') ? [] : stored]"
NOT_RUNNING = "(drawn) => ({ ...drawn, running: false })"


def build(demo: gr.Blocks, api: Api) -> LinkedTab:
    """The tab: its components and its events."""
    with gr.Tab("Chat", id="chat") as tab:
        looking_at(WHAT)
        unavailable = notice()
        with gr.Row():
            with gr.Column(scale=3, min_width=280):
                shown = panel(
                    "conversation.js",
                    first_paint(api.registry, "chat"),
                    style="conversation.css",
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
                    clear = gr.Button("New conversation", size="sm", min_width=100, elem_id="clear")
                    stop = gr.Button("Stop", size="sm", min_width=100, elem_id="stop-chat")
            with gr.Column(scale=2, min_width=280):
                skills = panel(
                    "skills.js", {"kinds": skill_rows(measured_skills())}, elem_id="skills"
                )
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
                # what a link carries; outside of the tab it would part the row of tabs
                carried = gr.Textbox(visible=False, max_length=LINK_CHARS)
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
        return "", said, drawing(said, running=True)

    def answer(said: list[Message], *inputs: Any) -> Iterator[tuple[Any, ...]]:
        *values, max_new_tokens, seed = inputs
        shaped = dict(zip(shape.by_name, values, strict=True))
        settings = SamplingSettings(**shaped, seed=any_seed(seed))
        yield from answers(said, settings, max_new_tokens)

    def answer_anew(said: list[Message], *inputs: Any) -> Iterator[tuple[Any, ...]]:
        """As `answer`, but drawn, and by another seed: the same answer is not what is asked for."""
        *values, max_new_tokens, _ = inputs
        shaped = dict(zip(shape.by_name, values, strict=True))
        shaped["temperature"] = shaped["temperature"] or RETRY_TEMPERATURE
        yield from answers(said, SamplingSettings(**shaped, seed=None), max_new_tokens)

    def answers(
        said: list[Message], settings: SamplingSettings, max_new_tokens: int
    ) -> Iterator[tuple[Any, ...]]:
        sent_prompt = False  # it stays as it is while the answer grows
        for reply in api.chat_steps(said, settings, max_new_tokens):
            so_far: list[Message] = [*said, {"role": "assistant", "content": reply["text"]}]
            yield so_far, drawing(so_far, reply), gr.skip() if sent_prompt else reply["prompt"]
            sent_prompt = True

    def ask_again(said: list[Message]) -> tuple[Any, ...]:
        """The conversation without its last answer."""
        while said and said[-1]["role"] == "assistant":
            said = said[:-1]
        return said, drawing(said, running=True)

    def edit(said: list[Message], edited: gr.EventData) -> tuple[Any, ...]:
        """A message is written anew: what followed it is gone."""
        index = check_integer("index", sent(edited, "index"), 0, len(said))
        message = {"role": "user", "content": sent(edited, "text")}
        said = limits.check_conversation([*said[:index], message])
        return said, drawing(said, running=True)

    def explain(said: list[Message], drawn: dict[str, Any], event: gr.EventData) -> dict[str, Any]:
        """How sure the model was of each token of one of its answers."""
        index = check_integer("index", sent(event, "index"), 1, len(said) - 1)
        asked, text = said[:index], message_text(said[index]["content"])
        assistant = api.registry.assistant()
        rows = token_rows(assistant.tokenizer, answer_places(assistant, asked, text))
        drawn = drawn if isinstance(drawn, dict) else drawing(said)  # anyone can send anything
        return {**drawn, "explained": {"index": index, "tokens": rows}}

    def restore(stored: object) -> tuple[Any, ...]:
        """The conversation of the last visit, as far as it can be one."""
        said = checked(stored)
        return (said, drawing(said), as_link(said)) if said else (gr.skip(),) * 3

    def linked(carried: str, said: list[Message]) -> tuple[Any, ...]:
        """The conversation that a link has brought, when the tab is opened."""
        brought = from_link(carried)
        return (gr.skip(),) * 2 if not brought or brought == said else (brought, drawing(brought))

    said_and_shown = [conversation, shown]
    on_page(skills.select, clicked_text, None, message)
    on_model(shown.expand, explain, [conversation, shown], shown, show_progress="hidden")
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
            answering_it,
            [conversation, *settings],
            [*said_and_shown, read],
            show_progress="hidden",
        )
        for asked, answering_it in zip(asking, (answer, answer_anew, answer), strict=True)
    ]
    stopped = stop.click(None, cancels=answering, api_visibility="private", queue=False)
    # What is still on its way from the answer must not come after what is drawn now, hence a pause.
    # The page draws it alone: meanwhile the next question may have its answer, which stays.
    paused = stopped.then(None, js=PAUSE, **IN_BROWSER)
    halted = paused.then(None, shown, shown, js=NOT_RUNNING, **IN_BROWSER)
    cleared = on_page(
        clear.click(None, cancels=answering, api_visibility="private", queue=False).then,
        lambda: ([], drawing([]), ""),
        None,
        [*said_and_shown, read],
        js=PAUSE,
    )
    for failed in answering:  # gradio counts what was stopped, too; what is drawn stays
        failed.failure(None, shown, shown, js=NOT_RUNNING, **IN_BROWSER)
    for changed in (*asking, *answering, halted, cleared):
        on_page(changed.then, lambda said: (said, as_link(said)), conversation, [stored, carried])
    on_page(
        demo.load,
        restore,
        stored,
        [*said_and_shown, carried],
        js=UNLESS_LINKED,
        show_progress="hidden",
    )
    on_page(tab.select, linked, [carried, conversation], said_and_shown, show_progress="hidden")
    on_page(demo.load, lambda: notice_update(api.registry.problem("chat")), None, unavailable)
    return LinkedTab.of(
        "chat",
        "Chat",
        message,
        **shape.by_name,
        max_new_tokens=max_new_tokens,
        seed=seed,
        conversation=carried,
    )
