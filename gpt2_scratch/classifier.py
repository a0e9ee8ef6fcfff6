"""SMS spam classification: a GPT-2 trunk with two scores read off the last token.

The last token is the only position that has seen the whole message; a causal model needs no
special symbol for it. A batch is padded on the right, where the real tokens cannot see, and each
row is read at its own last real token, so that company in a batch does not change a verdict.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from gpt2_scratch.checkpoints.errors import CheckpointError
from gpt2_scratch.checkpoints.format import build_model, read_checkpoint
from gpt2_scratch.checkpoints.models import find_checkpoint, load_tokenizer
from gpt2_scratch.model import GPT2
from gpt2_scratch.vocabulary.tokenizer import Tokenizer

Label = Literal["ham", "spam"]
LABELS: tuple[Label, Label] = ("ham", "spam")  # the order of the two scores
BATCH_ROWS = 32


@dataclass(frozen=True)
class Verdict:
    """What the classifier says of one message.

    label             "spam" if spam_probability reaches the threshold, else "ham"
    spam_probability  in [0, 1]
    truncated         whether the message was longer than the window and its end was not read
    """

    label: Label
    spam_probability: float
    truncated: bool


class GPT2Classifier(nn.Module):
    """A GPT-2 whose output layer is replaced by one score per class."""

    def __init__(self, trunk: GPT2) -> None:
        super().__init__()
        self.trunk = trunk
        self.score = nn.Linear(trunk.config.n_embd, len(LABELS), bias=False)
        # Zero scores: the head starts undecided and sends no random gradient into the trunk.
        nn.init.zeros_(self.score.weight)

    def forward(
        self, idx: Tensor, lengths: Tensor, positions: Tensor | None = None
    ) -> Tensor | tuple[Tensor, Tensor]:
        """(B, 2) scores of a batch; with `positions` also what the language model would say there.

        idx        (B, T) int64, padded on the right
        lengths    (B,) real tokens of each row, >= 1
        positions  (B, T) bool, True at N places: the logits (N, vocab_size) of their next tokens,
                   for training on both tasks at once
        """
        hidden = self.trunk.hidden_states(idx)  # (B, T, C)
        rows = torch.arange(len(idx), device=idx.device)
        last = hidden[rows, lengths - 1]  # (B, T, C) -> (B, C): each row's last real token
        scores = self.score(last)  # (B, C) -> (B, 2)
        if positions is None:
            return scores
        # (B, T, C) -> (N, C) @ (C, V) -> (N, V)
        return scores, F.linear(hidden[positions], self.trunk.wte.weight)


def _threshold(metadata: Mapping[str, str]) -> float:
    """What training chose on its validation messages; 0.5 if it chose nothing."""
    try:
        threshold = float(json.loads(metadata.get("threshold", "0.5")))
    except (TypeError, ValueError):
        threshold = -1.0
    if not 0.0 < threshold < 1.0:
        raise CheckpointError(
            f"The header gives the threshold {metadata['threshold']!r}, which is not a number "
            "between 0 and 1; train the classifier again."
        )
    return threshold


def pad_batch(sequences: Sequence[Sequence[int]]) -> tuple[Tensor, Tensor]:
    """Token lists of any lengths >= 1 -> ids (B, longest) int64, padded with 0; lengths (B,)."""
    lengths = torch.tensor([len(ids) for ids in sequences])
    padded = torch.zeros(len(sequences), int(lengths.max()), dtype=torch.int64)
    for row, ids in zip(padded, sequences, strict=True):
        row[: len(ids)] = torch.tensor(ids)
    return padded, lengths


class SpamClassifier:
    """Spam or ham, for English text messages. Holds no state between calls.

    threshold  the spam probability from which a message is called spam; training chooses it on
               its validation messages and stores it in the checkpoint
    """

    def __init__(self, model: GPT2Classifier, tokenizer: Tokenizer, threshold: float = 0.5) -> None:
        self.model, self.tokenizer, self.threshold = model, tokenizer, threshold

    @classmethod
    def from_pretrained(cls, name: str = "spam") -> SpamClassifier:
        """The classifier of a checkpoint, by name or path. Raises CheckpointError."""
        path, sha256 = find_checkpoint(name)
        checkpoint = read_checkpoint(path, sha256)
        if checkpoint.kind != "classifier":
            raise CheckpointError(
                f"{path} is a language model without a classifier's head; train one with "
                "`python -m train.finetune_spam`."
            )
        trunk = dict(checkpoint.tensors)
        score = trunk.pop("score.weight")
        model = GPT2Classifier(build_model(checkpoint.config, trunk))
        model.score.load_state_dict({"weight": score})
        threshold = _threshold(checkpoint.metadata)
        return cls(model.requires_grad_(False).eval(), load_tokenizer(checkpoint), threshold)

    def predict(self, message: str) -> Verdict:
        """The verdict on one message; see `predict_batch`."""
        return self.predict_batch([message])[0]

    def predict_batch(self, messages: Sequence[str]) -> list[Verdict]:
        """One verdict per message, in their order.

        Messages are run in batches of similar length, so that little time goes into padding.
        Raises ValueError for something that is not text, or a text without a visible character.
        """
        if isinstance(messages, str):  # a sequence as well: of letters
            raise ValueError("One message goes to `predict`; `predict_batch` takes a list of them.")
        window, device = self.model.trunk.config.block_size, self.model.score.weight.device
        encoded = [self._encode(message) for message in messages]
        verdicts: dict[int, Verdict] = {}
        by_length = sorted(range(len(encoded)), key=lambda i: len(encoded[i]))
        for start in range(0, len(by_length), BATCH_ROWS):
            rows = by_length[start : start + BATCH_ROWS]
            ids, lengths = pad_batch([encoded[i][:window] for i in rows])
            with torch.inference_mode():
                scores = self.model(ids.to(device), lengths.to(device))
            probabilities = scores.softmax(dim=-1)[:, LABELS.index("spam")]  # (B, 2) -> (B,)
            for i, probability in zip(rows, probabilities.tolist(), strict=True):
                label = LABELS[probability >= self.threshold]
                verdicts[i] = Verdict(label, probability, len(encoded[i]) > window)
        return [verdicts[i] for i in range(len(encoded))]

    def _encode(self, message: str) -> list[int]:
        if not isinstance(message, str):
            raise ValueError(f"A message must be text, not {type(message).__name__}.")
        text = self.tokenizer.fold(message)
        if not text.strip():
            raise ValueError("The message is empty: write or paste the text of an SMS.")
        return self.tokenizer.encode(text)
