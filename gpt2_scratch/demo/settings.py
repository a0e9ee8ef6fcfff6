"""The sampling settings as a visitor meets them: a widget and one plain sentence for each."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import Any

import gradio as gr

from gpt2_scratch.demo import limits


@dataclass(frozen=True)
class Shaping:
    """The widgets that reshape a model's probabilities, in the order of `SamplingSettings`."""

    temperature: gr.Slider
    top_k: gr.Slider
    top_p: gr.Slider
    min_p: gr.Slider
    repetition_penalty: gr.Slider

    @property
    def by_name(self) -> dict[str, Any]:
        """Name -> widget."""
        return {field.name: getattr(self, field.name) for field in fields(self)}

    @property
    def widgets(self) -> list[gr.Slider]:
        """As an event's inputs."""
        return list(self.by_name.values())


def shaping(prefix: str, temperature: float) -> Shaping:
    """Temperature, the three filters and repetition penalty; `prefix` starts their element ids."""
    return Shaping(
        temperature=gr.Slider(
            0,
            2,
            temperature,
            step=0.05,
            label="Temperature",
            info="Low is careful, high is bold; 0 always takes the likeliest token.",
            elem_id=f"{prefix}temperature",
        ),
        top_k=gr.Slider(
            0,
            200,
            50,
            step=1,
            label="Top-k",
            info="Draw from the k likeliest tokens only; 0 is off.",
            elem_id=f"{prefix}top-k",
        ),
        top_p=gr.Slider(
            0.05,
            1,
            1,
            step=0.05,
            label="Top-p",
            info="Draw from the likeliest tokens that make up this share; 1 is off.",
            elem_id=f"{prefix}top-p",
        ),
        min_p=gr.Slider(
            0,
            0.5,
            0,
            step=0.01,
            label="Min-p",
            info="Draw from tokens at least this times as likely as the first; 0 is off.",
            elem_id=f"{prefix}min-p",
        ),
        repetition_penalty=gr.Slider(
            1,
            2,
            1,
            step=0.05,
            label="Repetition penalty",
            info="Makes tokens that are already there less likely; 1 is off.",
            elem_id=f"{prefix}repetition-penalty",
        ),
    )


def new_tokens(prefix: str, value: int) -> gr.Slider:
    """How long the text may get."""
    return gr.Slider(
        1,
        limits.NEW_TOKENS,
        value,
        step=1,
        label="New tokens, at most",
        info="A token is a short word or a piece of a longer one.",
        elem_id=f"{prefix}max-new-tokens",
    )


def seed_field(prefix: str) -> gr.Number:
    """Where the dice of a draw start."""
    return gr.Number(
        -1,
        label="Seed",
        info="The same seed gives the same text; -1: a new one each time.",
        precision=0,
        elem_id=f"{prefix}seed",
    )


def after_a_pause(name: str, stale: str = "") -> str:
    """JavaScript for an event that shall wait for a pause in typing or sliding; `name` is its own.

    A promise that a later change replaces is never kept, and then gradio sends nothing. What the
    selector `stale` finds is dimmed meanwhile: it belongs to what stood there before.
    """
    dim = f"document.querySelector({stale!r})?.classList.add('stale');" if stale else ""
    return f"""(...values) => new Promise((resolve) => {{
        {dim}
        window.pauses ||= {{}};
        clearTimeout(window.pauses.{name});
        window.pauses.{name} = setTimeout(resolve, 250, values);
    }})"""
