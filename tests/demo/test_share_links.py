"""What a shared link may bring back: values that their widgets could have, and nothing else."""

from __future__ import annotations

from urllib.parse import urlencode

import gradio as gr
import pytest

from gpt2_scratch.demo.share_links import LinkedTab, restored


@pytest.fixture(scope="module")
def tabs() -> list[LinkedTab]:
    with gr.Blocks():
        text, other = gr.Textbox(max_length=20), gr.Textbox(max_length=20)
        slider = gr.Slider(0, 2, 0.8)
        model = gr.Dropdown([("ours", "base"), ("theirs", "gpt2")], value="base")
        seed = gr.Number(-1)
    first = LinkedTab.of("generate", "Generate", text, temperature=slider, model=model, seed=seed)
    return [first, LinkedTab.of("spam", "Spam", other)]


def values(tabs: list[LinkedTab], **asked: str) -> list[object]:
    updates = restored(tabs, "#" + urlencode(asked))
    return [None if isinstance(update, dict) else update for update in updates]


def test_a_link_clears_what_the_page_had_prepared() -> None:
    with gr.Blocks():
        text, drawn = gr.Textbox(), gr.HTML()
        tab = LinkedTab.of("generate", "Generate", text, drawn=drawn)
    assert restored([tab], "#tab=generate&text=mine") == ["mine", {}]
    assert restored([tab], "#tab=spam&text=mine") == [gr.skip(), gr.skip()]
    assert restored([tab], "#tab=generate") == [gr.skip(), gr.skip()]  # the tab alone


def test_a_link_restores_its_own_tab(tabs: list[LinkedTab]) -> None:
    found = values(tabs, tab="generate", text="a & b=c", temperature="1.5", model="gpt2", seed="7")
    assert found == ["a & b=c", 1.5, "gpt2", 7.0, None]
    assert values(tabs, tab="spam", text="hello", temperature="1") == [None] * 4 + ["hello"]


@pytest.mark.parametrize(
    "address", ["", "#", "#tab=nowhere&text=x", "#text=x", "#%%%&&&==", "#tab"]
)
def test_an_address_that_is_no_link_changes_nothing(tabs: list[LinkedTab], address: str) -> None:
    assert all(isinstance(update, dict) for update in restored(tabs, address))


@pytest.mark.parametrize("number", ["3", "-1", "nan", "inf", "one", ""])
def test_a_value_that_the_widget_could_not_have_is_left_out(
    tabs: list[LinkedTab], number: str
) -> None:
    found = values(tabs, tab="generate", text="x" * 50, temperature=number, model="../etc")
    assert found == ["x" * 20, None, None, None, None]
