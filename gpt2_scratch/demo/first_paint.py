"""What the page shows before any model has run: finished examples, computed beforehand.

    python -m gpt2_scratch.demo.first_paint

writes first_paint.json beside this file, after each change of the weights. The file names the
weights that it was computed with; over any others the page starts empty and computes.
"""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path
from typing import Any

from gpt2_scratch.checkpoints.errors import CheckpointError
from gpt2_scratch.checkpoints.manifest import read_manifest
from gpt2_scratch.demo.registry import MODELS, Registry

PATH = Path(__file__).resolve().with_name("first_paint.json")
SEED = 7


def first_paint(registry: Registry, part: str) -> dict[str, Any]:
    """The example of one panel, as its script draws it; empty if it is of other weights."""
    painted = _read()
    same = painted and all(registry.source(name) == name for name in MODELS)
    return painted[part] if same and painted["weights"] == _weights() else {}


@cache
def _read() -> dict[str, Any]:
    return json.loads(PATH.read_text(encoding="utf-8")) if PATH.exists() else {}


def _weights() -> dict[str, str]:
    """The sha256 of each of our models."""
    try:
        manifest = read_manifest()
    except CheckpointError:
        return {}
    return {name: manifest[name]["sha256"] for name in MODELS if name in manifest}


def compute(registry: Registry) -> dict[str, Any]:
    """All examples, by the plain path: no engine, whose rounding depends on the machine."""
    from gpt2_scratch.demo import chat_view
    from gpt2_scratch.demo.api import Api
    from gpt2_scratch.demo.attention_view import lens_view, maps_view
    from gpt2_scratch.demo.inside_view import inside_view, what_if_view
    from gpt2_scratch.demo.tabs import attention as attention_tab
    from gpt2_scratch.demo.tabs import generate as generate_tab
    from gpt2_scratch.demo.tabs import inside as inside_tab
    from gpt2_scratch.demo.tabs import spam as spam_tab
    from gpt2_scratch.demo.writing import Text, candidate_rows, link, tail
    from gpt2_scratch.demo.written import written_tokens
    from gpt2_scratch.generation import stream

    api = Api(registry)
    prompt = generate_tab.PROMPTS[0]
    model, tokenizer = registry.language_model("base")
    steps = list(stream(model, tokenizer, prompt, max_new_tokens=60, seed=SEED))
    ids = [step.token_id for step in steps]
    switches = what_if_view(api, inside_tab.TEXTS[0], "base")
    instruction = chat_view.EXAMPLE
    return {
        "weights": _weights(),
        "generate": {
            "prompt": prompt,
            "model": "base",
            "ids": ids,
            "text": "".join(step.text for step in steps),
            "seed": SEED,
            "statistics": ["base", "an example, written beforehand", f"seed {SEED}"],
            "tokens": written_tokens(registry, "base", prompt, ids),
            "link": link(Text(prompt, "base", ids), SEED),
        },
        "next_token": {
            "rows": candidate_rows(tokenizer, api.next_token(prompt)),
            "tail": tail(prompt),
        },
        "chat": {
            "example": [
                {"role": "user", "text": instruction},
                {"role": "assistant", "text": registry.assistant().respond(instruction)},
            ]
        },
        "spam": {"verdict": api.word_influence(spam_tab.SPAM[0])},
        "attention": maps_view(registry, attention_tab.TEXTS[0], "base", None),
        "logit_lens": lens_view(registry, attention_tab.TEXTS[0], "base"),
        "inside": inside_view(api, inside_tab.TEXTS[0], "base", switches["most_important"]),
        "what_if": switches,
    }


def main() -> None:
    parts = compute(Registry())
    # a line for each part: more would make it twice as long, and nobody reads it
    lines = [f'"{name}":{_compact(part)}' for name, part in parts.items()]
    text = "{\n" + ",\n".join(lines) + "\n}\n"
    PATH.write_text(text, encoding="utf-8")
    print(f"wrote {PATH.name}, {len(text):,} characters")


def _compact(part: Any) -> str:
    return json.dumps(part, ensure_ascii=False, separators=(",", ":"))


if __name__ == "__main__":
    main()
