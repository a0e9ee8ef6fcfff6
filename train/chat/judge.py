"""A larger language model as judge of answers, from 0 to 100, as the book's chapter 7 does it.

    python -m train.evaluate chat --judge http://127.0.0.1:11434/v1     # any OpenAI-like server
    python -m train.evaluate chat --judge meta-llama/Llama-3.1-8B-Instruct    # a model of the Hub

Exact match is unfair to an answer in other words; a judge is not, but it is another model's taste:
compare its scores only with scores of the same judge. Zheng et al. 2023,
https://arxiv.org/abs/2306.05685, describe how such judges err.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from tqdm import tqdm

from train.datasets import Instruction

PROMPT = (
    "Given the input `{input}` and correct output `{output}`, score the model response `{answer}` "
    "on a scale from 0 to 100, where 100 is the best score. Respond with the integer number only."
)
TIMEOUT = 120.0  # seconds for one score: a judge on a processor takes its time


def judge(
    target: str, tasks: Sequence[Instruction], answers: Sequence[str], title: str = "judging"
) -> dict[str, float]:
    """{"judge": mean score from 0 to 100, "judged": number of answers that got one}.

    target  address of a chat-completion endpoint, or a model's name on the Hugging Face Hub, for
            which huggingface_hub's own login is used

    A reply without a number from 0 to 100 is no score. Raises ValueError if the judge cannot be
    reached or gives no score at all.
    """
    from huggingface_hub import InferenceClient
    from huggingface_hub.errors import HTTPError

    if target.startswith(("http://", "https://")):  # no login of the Hub for another's server
        client = InferenceClient(base_url=target, api_key="none", timeout=TIMEOUT)
    else:
        client = InferenceClient(model=target, timeout=TIMEOUT)
    scores: list[int] = []
    pairs = zip(tasks, answers, strict=True)
    for task, answer in tqdm(pairs, desc=title, total=len(tasks), leave=False):
        question = f"{task.instruction}\n{task.input}".strip()
        prompt = PROMPT.format(input=question, output=task.output, answer=answer)
        try:
            completion = client.chat_completion(
                [{"role": "user", "content": prompt}], max_tokens=16, temperature=0.0, seed=0
            )
            reply = completion.choices[0].message.content or ""
        except (HTTPError, OSError, ValueError) as error:
            reason = str(error).splitlines()[0] if str(error) else type(error).__name__
            raise ValueError(
                f"The judge {target} gave no answer ({reason}): check that it serves chat "
                "completions and that you may use it."
            ) from error
        if (score := score_of(reply)) is not None:
            scores.append(score)
    if not scores:
        raise ValueError(f"The judge {target} gave no score from 0 to 100: choose a larger model.")
    return {"judge": sum(scores) / len(scores), "judged": len(scores)}


def score_of(reply: str) -> int | None:
    """The first whole number of a reply, if it is from 0 to 100: "85", "Score: 85/100"."""
    found = re.search(r"(?<![\d.-])\d+(?!\.?\d)", reply)
    if found is None or int(found[0]) > 100:
        return None
    return int(found[0])
