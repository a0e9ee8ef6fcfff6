"""Spam: a verdict on one message as it is typed, what the threshold does, and many at once."""

from __future__ import annotations

from typing import Any

import gradio as gr

from gpt2_scratch.checkpoints.manifest import read_manifest
from gpt2_scratch.demo import limits
from gpt2_scratch.demo.api import Api
from gpt2_scratch.demo.boundary import IN_BROWSER, on_model, on_page
from gpt2_scratch.demo.first_paint import first_paint
from gpt2_scratch.demo.settings import after_a_pause
from gpt2_scratch.demo.share_links import LinkedTab
from gpt2_scratch.demo.spam_figures import UNKNOWN, effect_text, figures_text, own_threshold
from gpt2_scratch.demo.tabs import spam_batch, spam_fool
from gpt2_scratch.demo.tabs.spam_fool import AT_THRESHOLD
from gpt2_scratch.demo.theme import looking_at, notice, notice_update, panel

WHAT = """The same model, trained on to give one number: how probable it is that a message is spam.
The stronger a word is coloured, the more the number owes to it."""

SPAM = [
    "WINNER!! You have been selected to receive a £900 prize reward! To claim call 09061701461.",
    "URGENT! Your account will be closed today. Verify your details at http://bit.ly/x9k2 now",
    "Free entry in 2 a wkly comp to win FA Cup final tkts! Text FA to 87121 to receive entry",
]
HAM = [
    "Hey, are we still on for lunch tomorrow? I can pick you up at noon.",
    "Sorry, I'll call later. In a meeting",
    "Congratulations on the new job! Call me tonight and tell me everything",
]
METHOD = f"""Leave-one-out: each word is left out in turn and the classifier is asked again, about
all versions of the message in one batch. The stronger a word's colour, the further its presence
moves the log-odds of spam; the number behind a word is that move. A message of more than
{limits.INFLUENCE_SPANS} words is taken in runs of words. Of two words that say the same, neither
looks important: the other is still there."""
# gradio draws nothing anew for a verdict that equals the last one: it is fresh all the same.
FRESH = "() => document.querySelector('#verdict .panel')?.classList.remove('stale')"


def build(demo: gr.Blocks, api: Api) -> LinkedTab:
    """The tab: its components and its events."""
    with gr.Tab("Spam", id="spam") as tab:
        looking_at(WHAT)
        unavailable = notice()
        with gr.Row():
            with gr.Column(scale=1, min_width=280, elem_classes="given"):
                message = gr.Textbox(
                    SPAM[0],
                    label="Message",
                    info="The verdict follows as you type. The model has learned from English SMS.",
                    lines=4,
                    max_lines=12,
                    max_length=limits.MESSAGE_CHARS,
                    elem_id="message",
                )
                with gr.Column(elem_classes="examples"):
                    for kind, messages in (("Spam", SPAM), ("Ordinary messages", HAM)):
                        gr.Examples(messages, message, label=f"{kind} to try", cache_examples=False)
            with gr.Column(scale=1, min_width=280):
                painted = first_paint(api.registry, "spam")
                shown = gr.State(SPAM[0] if painted else None)  # the message of the verdict
                card = panel("spam.js", painted, style="spam.css", elem_id="verdict")
                threshold = gr.Slider(
                    0.01,
                    0.99,
                    UNKNOWN,
                    step=0.01,
                    label="Threshold",
                    info="From this probability on a message is called spam.",
                    elem_id="threshold",
                )
                effect = gr.Markdown(elem_id="threshold-effect", elem_classes="statistics")
                with gr.Accordion("How the words get their colours", open=False):
                    gr.Markdown(METHOD)
        spam_fool.build(api, SPAM, threshold)
        spam_batch.build(api, threshold)
        with gr.Accordion("How often is it right?", open=False, elem_id="spam-figures"):
            figures = gr.Markdown()

    def explain(message: str, limit: float) -> tuple[dict[str, Any], str]:
        try:
            return {"verdict": api.word_influence(message), "threshold": limit}, message
        except ValueError as error:  # said in place: this runs at every pause in typing
            return {"message": str(error)}, message

    def opened(message: str, limit: float, shown: str | None) -> tuple[Any, ...]:
        return (gr.skip(), gr.skip()) if message == shown else explain(message, limit)

    def recorded() -> tuple[float, str]:
        """The model's own threshold, and the figures of its test sets."""
        entry = read_manifest().get("spam", {})
        return own_threshold(entry), figures_text(entry)

    typed = on_model(
        message.change,
        explain,
        [message, threshold],
        [card, shown],
        show_progress="hidden",
        trigger_mode="always_last",  # what is typed while a verdict is on its way is not lost
        js=after_a_pause("verdict", stale="#verdict .panel"),
    )
    typed.then(None, js=FRESH, **IN_BROWSER)
    threshold.change(None, [threshold, card], card, js=AT_THRESHOLD, **IN_BROWSER)
    on_page(
        threshold.change,
        lambda limit: effect_text(read_manifest().get("spam", {}), limits.check_threshold(limit)),
        threshold,
        effect,
        show_progress="hidden",
        trigger_mode="always_last",
    )
    on_model(tab.select, opened, [message, threshold, shown], [card, shown], show_progress="hidden")
    on_page(demo.load, lambda: notice_update(api.registry.problem("spam")), None, unavailable)
    on_page(demo.load, recorded, None, [threshold, figures])
    return LinkedTab.of("spam", "Spam", message)
