"""The stages of a prediction as the Inside tab tells them: what happens, and in which lines.

The lines are read from the files when the page is asked for: a quotation cannot go stale, and the
tests fail when a line that is quoted here is gone.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from gpt2_scratch import sampling
from gpt2_scratch.model import (
    GELU,
    GPT2,
    MLP,
    Block,
    CausalSelfAttention,
    LayerNorm,
    causal_mask,
)
from gpt2_scratch.vocabulary.tokenizer import Tokenizer


@dataclass(frozen=True)
class Stage:
    """One stop of the walk.

    key      of its matrix, where it has one
    zone     the part of the picture it stands in
    formula  in the notation of the comments in model.py
    said     what happens there; a word in [brackets] explains itself (words.js)
    code     functions, each with the beginnings of those of its lines that compute the stage
    """

    key: str
    zone: str
    title: str
    formula: str
    said: str
    code: tuple[tuple[Callable[..., Any], tuple[str, ...]], ...]


ATTENTION = CausalSelfAttention.forward
SOFTMAX = CausalSelfAttention._plain_attention
QUERY_LINES = ("q, k, v = self.c_attn(x)",)

STAGES = (
    Stage(
        "tokens",
        "embedding",
        "Tokens",
        "text → ids",
        "The model does not see letters. The text is cut into [tokens|token], pieces that are "
        "frequent in its training text, and each has a number in the vocabulary.",
        ((Tokenizer.encode, ("ids += self._encoding.encode_ordinary",)),),
    ),
    Stage(
        "token_embeddings",
        "embedding",
        "Token embedding",
        "wte[id]",
        "Each id picks its row of a learned table: the [embedding] of the token, the same wherever "
        "the token stands.",
        ((GPT2.hidden_states, ("x = self.wte(idx)",)),),
    ),
    Stage(
        "position_embeddings",
        "embedding",
        "Position embedding",
        "wpe[position]",
        "A second table has a row for each place of the context window. Without it the model could "
        "not tell “dog bites man” from “man bites dog”.",
        ((GPT2.hidden_states, ("positions = torch.arange", "x = self.wte(idx)")),),
    ),
    Stage(
        "stream",
        "embedding",
        "Stream",
        "x",
        "The two are added, one vector per token. This is the [residual stream]: from here on each "
        "block reads it and adds to it, and nothing else connects the layers.",
        ((GPT2.hidden_states, ("for block in self.h:", "x = block(x, cache, maps)")),),
    ),
    Stage(
        "ln_1",
        "attention",
        "Norm",
        "(x − mean) / √(variance + ε) · weight + bias",
        "A copy of the stream is brought to mean 0 and variance 1, then scaled by learned numbers. "
        "Attention reads this copy; the stream itself goes on untouched.",
        (
            (Block.forward, ("x = x + self.attn(self.ln_1(x)",)),
            (LayerNorm.forward, ("mean =", "variance =", "return (x - mean)")),
        ),
    ),
    Stage(
        "queries",
        "attention",
        "Queries",
        "q = W_q · norm + b_q",
        "What each token is looking for: its vector times a matrix of this [head]'s own.",
        ((ATTENTION, (*QUERY_LINES, "q = q.view")),),
    ),
    Stage(
        "keys",
        "attention",
        "Keys",
        "k = W_k · norm + b_k",
        "What each token offers to those that look: a query and a key that point the same way give "
        "a high score.",
        ((ATTENTION, (*QUERY_LINES, "k = k.view")),),
    ),
    Stage(
        "values",
        "attention",
        "Values",
        "v = W_v · norm + b_v",
        "What each token hands over to those that attend to it.",
        ((ATTENTION, (*QUERY_LINES, "v = v.view")),),
    ),
    Stage(
        "scores",
        "attention",
        "Scores",
        "q · kᵀ / √hs",
        "Each query meets each key: the dot product says how well they match. Divided by the root "
        "of their length, so that long vectors do not make every choice a certainty.",
        ((SOFTMAX, ("scores = q @",)),),
    ),
    Stage(
        "masked",
        "attention",
        "Mask",
        "score, or −∞ for what comes later",
        "No token may look ahead: in training the answer would stand there. So the upper half is "
        "set to minus infinity.",
        (
            (SOFTMAX, ("mask = causal_mask", "scores = scores.masked_fill")),
            (causal_mask, ("mask = torch.ones", "return mask.tril")),
        ),
    ),
    Stage(
        "weights",
        "attention",
        "Softmax",
        "exp(score) / Σ exp(score)",
        "[Softmax|softmax] makes shares of the scores: every row is positive and sums to 1. This "
        "is the attention: how much each token takes from each one before it.",
        ((SOFTMAX, ("weights = F.softmax",)),),
    ),
    Stage(
        "heads",
        "attention",
        "Weighted values",
        "weights · v",
        "Each token gathers the values of the others, in these shares. This is the only place in "
        "the model where information moves from one token to another.",
        ((SOFTMAX, ("return weights @ v",)),),
    ),
    Stage(
        "projection",
        "attention",
        "Projection",
        "W_o · (all heads side by side) + b_o",
        "The results of all heads are laid side by side and turned by one more matrix into "
        "something that can be added to the stream.",
        ((ATTENTION, ("y = y.transpose(1, 2)", "return F.dropout(self.c_proj(y)")),),
    ),
    Stage(
        "after_attention",
        "attention",
        "Add",
        "x + attention",
        "What attention found is added to the [residual stream].",
        ((Block.forward, ("x = x + self.attn(self.ln_1(x)",)),),
    ),
    Stage(
        "ln_2",
        "mlp",
        "Norm",
        "(x − mean) / √(variance + ε) · weight + bias",
        "Once more a normalised copy, now for the MLP.",
        (
            (Block.forward, ("return x + self.mlp(self.ln_2(x))",)),
            (LayerNorm.forward, ("mean =", "variance =", "return (x - mean)")),
        ),
    ),
    Stage(
        "neurons",
        "mlp",
        "Neurons",
        "GELU(W_fc · norm + b_fc)",
        "Four times as many numbers as the stream is wide: each is a neuron that responds to some "
        "pattern in the vector. GELU lets through what is positive. No token sees another here.",
        (
            (MLP.forward, ("x = self.c_proj(self.gelu(self.c_fc(x)))",)),
            (GELU.forward, ("inner =", "return 0.5 * x")),
        ),
    ),
    Stage(
        "mlp",
        "mlp",
        "MLP output",
        "W_proj · neurons + b_proj",
        "Each active neuron writes a direction of its own into the stream, in proportion to how "
        "active it is.",
        ((MLP.forward, ("x = self.c_proj(self.gelu(self.c_fc(x)))",)),),
    ),
    Stage(
        "after_mlp",
        "mlp",
        "Add",
        "x + MLP",
        "Added to the stream, which leaves the block. The next block does the same with numbers "
        "of its own.",
        ((Block.forward, ("return x + self.mlp(self.ln_2(x))",)),),
    ),
    Stage(
        "ln_f",
        "output",
        "Final norm",
        "(x − mean) / √(variance + ε) · weight + bias",
        "After the last block the stream is normalised once more. Only the chosen token's row is "
        "needed to foretell what follows it.",
        ((GPT2.hidden_states, ("return self.ln_f(x)",)),),
    ),
    Stage(
        "logits",
        "output",
        "Logits",
        "norm · wteᵀ",
        "The row meets the embedding of each token of the vocabulary: the dot product is that "
        "token's [logit], its score for coming next.",
        ((GPT2.forward, ("return F.linear(x, self.wte.weight)",)),),
    ),
    Stage(
        "sampling",
        "output",
        "Probabilities",
        "softmax(logits / temperature), cut by top-k and top-p",
        "[Softmax|softmax] makes probabilities of the logits. [Temperature|temperature] sharpens "
        "or flattens them, [top-k] and [top-p] cut off the unlikely rest, and what is left sums "
        "to 1 again.",
        (
            (
                sampling._shortlist,
                (
                    "ids = _top_k_ids",
                    "logits = logits[ids] / np.float32",
                    "inside = _nucleus_ids",
                ),
            ),
            (sampling._softmax, ("raised =", "return raised")),
        ),
    ),
    Stage(
        "draw",
        "output",
        "Draw",
        "where the dart falls",
        "Lay the probabilities end to end on a line and throw a dart: the token it hits is "
        "written. Appended to the text, it is read like all the others, and the walk starts anew.",
        ((sampling._draw, ("ends =", "dart =", "hit =")),),
    ),
)


@cache
def stages() -> list[dict[str, Any]]:
    """STAGES as JSON values, each with the lines of code that compute it, read from the file."""
    return [
        {
            "key": stage.key,
            "zone": stage.zone,
            "title": stage.title,
            "formula": stage.formula,
            "said": stage.said,
            "code": [code_lines(function, starts) for function, starts in stage.code],
        }
        for stage in STAGES
    ]


def code_lines(function: Callable[..., Any], starts: tuple[str, ...]) -> dict[str, Any]:
    """{file, lines: [[number, text]]}: the lines of a function that begin so, as they stand there.

    ValueError if there is not exactly one for each: the code has changed, and STAGES has not.
    """
    source, first = inspect.getsourcelines(function)
    found = []
    for start in starts:
        places = [i for i, line in enumerate(source) if line.strip().startswith(start)]
        if len(places) != 1:
            raise ValueError(
                f"{function.__qualname__} has {len(places)} lines that begin with {start!r}, not 1."
            )
        found.append((first + places[0], source[places[0]].rstrip()))
    margin = min(len(text) - len(text.lstrip()) for _, text in found)
    file = Path(inspect.getfile(function)).name
    return {"file": file, "lines": [[number, text[margin:]] for number, text in found]}
