"""What the Inside tab draws: the lines of code it quotes, its packed matrices, its logits."""

from __future__ import annotations

import base64
import inspect
import math
from pathlib import Path

import numpy as np
import pytest
import torch

from gpt2_scratch import model as model_file
from gpt2_scratch.demo.api import Api
from gpt2_scratch.demo.inside_stages import STAGES, code_lines, stages
from gpt2_scratch.demo.inside_view import inside_view, packed, what_if_view
from gpt2_scratch.demo.registry import Registry
from gpt2_scratch.demo.tabs.inside import linked_place
from gpt2_scratch.insight.inside import inside
from gpt2_scratch.model import CausalSelfAttention

TEXT = "the cat sat on the"


@pytest.fixture
def api(tiny_weights: Path, monkeypatch: pytest.MonkeyPatch) -> Api:
    monkeypatch.setenv("GPT2_SCRATCH_WEIGHTS", str(tiny_weights))
    return Api(Registry())


def test_every_stage_quotes_the_lines_that_compute_it() -> None:
    """Read from the file, where they stand at the number that is given."""
    source = inspect.getsource(model_file).splitlines()
    quoted = 0
    for stage in stages():
        assert stage["code"], stage["key"]
        for part in stage["code"]:
            assert part["lines"]
            for number, text in part["lines"] if part["file"] == "model.py" else []:
                assert source[number - 1].strip() == text.strip()
                quoted += 1
    assert quoted > 25


def test_a_line_that_is_gone_or_there_twice_is_told() -> None:
    attention = CausalSelfAttention._plain_attention
    with pytest.raises(ValueError, match="_plain_attention has 0 lines that begin with 'scores >>"):
        code_lines(attention, ("scores >>",))
    with pytest.raises(ValueError, match="2 lines that begin with 'scores ='"):
        code_lines(attention, ("scores =",))


def test_a_matrix_survives_its_packing() -> None:
    matrix = torch.randn(3, 5, generator=torch.Generator().manual_seed(0))
    for original in (matrix, 1e-4 * matrix, torch.zeros(2, 2)):
        sent = packed(original)
        numbers = np.frombuffer(base64.b64decode(sent["data"]), "<i2") * sent["step"]
        step = float(original.abs().max()) / 32_767
        np.testing.assert_allclose(numbers.reshape(sent["shape"]), original, atol=step)


def test_the_view_holds_a_layer_and_all_that_the_walk_needs(api: Api) -> None:
    view = inside_view(api, TEXT, "base", [(1, 0)])
    gpt, _, ids = api.read(TEXT, "base")
    walked = inside(gpt, ids)
    assert (view["layer"], view["head"]) == (1, 0)
    assert [token["id"] for token in view["tokens"]] == ids
    assert bytes.fromhex("".join(token["bytes"] for token in view["tokens"])).decode() == TEXT
    with_matrix = {stage.key for stage in STAGES} - {"tokens", "masked", "logits", "sampling"}
    assert set(view["matrices"]) == with_matrix - {"draw"}
    shapes = {name: matrix["shape"] for name, matrix in view["matrices"].items()}
    T = len(ids)
    assert shapes["weights"] == [2, T, T] and shapes["queries"] == [2, T, 16]
    assert shapes["stream"] == [T, 32] and shapes["neurons"] == [T, 128]
    after = view["next"][-1]
    logits = walked.logits[-1]
    whole = math.exp(after["rest"]) + sum(math.exp(logit) for logit in after["logits"])
    assert math.log(whole) == pytest.approx(float(logits.logsumexp(dim=0)), abs=1e-3)
    assert after["ids"] == logits.sort(descending=True, stable=True).indices[:50].tolist()
    assert len(view["depths"]) == 3 and "mlp" not in view["depths"][0]
    assert view["depths"][2]["guesses"][-1] == after["labels"][0]
    length = float(walked.blocks[0].projection[-1].norm())
    assert view["depths"][1]["attention"][-1] == pytest.approx(length, abs=0.01)


def test_it_opens_at_the_first_head_that_looks_elsewhere(api: Api) -> None:
    gpt, _, ids = api.read(TEXT, "base")
    places = [(layer, head) for layer in range(2) for head in range(2)]
    blocks = inside(gpt, ids).blocks
    itself = {p: float(blocks[p[0]].attention.weights[p[1], -1, -1]) for p in places}
    ordered = sorted(places, key=lambda place: -itself[place])
    expected = next((place for place in ordered if itself[place] < 0.5), ordered[0])
    view = inside_view(api, TEXT, "base", ordered)
    assert (view["layer"], view["head"]) == expected
    with pytest.raises(ValueError, match="layer must be a whole number from 0 to 1"):
        inside_view(api, TEXT, "base", [("x", 0)])


def test_at_first_the_head_that_matters_most_is_off(api: Api) -> None:
    first = what_if_view(api, TEXT, "base")
    assert first["heads"] == first["most_important"][:1] and first["layers"] == []
    assert first["untouched"]["rows"] != first["ablated"]["rows"]
    everything = what_if_view(api, TEXT, "base", [], [])
    assert everything["untouched"] == everything["ablated"] == first["untouched"]


def test_a_damaged_place_of_a_link_is_said_to_be() -> None:
    assert linked_place("2.0.5.weights") == (2, 0, 5, "weights")
    for damaged in ("2.0.5", "2.0.x.weights", "nothing"):
        with pytest.raises(ValueError, match="The link is damaged"):
            linked_place(damaged)
