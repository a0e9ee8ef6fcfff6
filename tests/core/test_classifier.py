"""The spam classifier: what it reads, what it ignores, and what it refuses."""

from __future__ import annotations

import random
from pathlib import Path
from typing import Any

import pytest
import torch
from conftest import assert_same_logits

from gpt2_scratch.checkpoints.errors import CheckpointError
from gpt2_scratch.checkpoints.format import read_checkpoint, save_checkpoint
from gpt2_scratch.classifier import (
    BATCH_ROWS,
    LABELS,
    GPT2Classifier,
    SpamClassifier,
    Verdict,
    pad_batch,
)
from gpt2_scratch.config import GPT2Config
from gpt2_scratch.model import GPT2

WORDS = ["see", "you", "at", "noon", "win", "a", "prize", "call", "now", "the", "cat", "sat", "on"]


@pytest.fixture
def classifier(tiny_weights: Path, monkeypatch: pytest.MonkeyPatch) -> SpamClassifier:
    monkeypatch.setenv("GPT2_SCRATCH_WEIGHTS", str(tiny_weights))
    return SpamClassifier.from_pretrained()


def made_up_messages(count: int) -> list[str]:
    """Messages of one to forty words, in no order of length."""
    rng = random.Random(0)
    return [" ".join(rng.choices(WORDS, k=rng.randint(1, 40))) for _ in range(count)]


# --- the model ---------------------------------------------------------------------------------


def test_pad_batch_pads_on_the_right_and_counts() -> None:
    ids, lengths = pad_batch([[5, 6, 7], [8], [9, 1]])
    assert ids.tolist() == [[5, 6, 7], [8, 0, 0], [9, 1, 0]]
    assert lengths.tolist() == [3, 1, 2]
    assert ids.dtype == lengths.dtype == torch.int64


def test_scores_are_read_at_the_last_real_token(classifier: SpamClassifier) -> None:
    model = classifier.model
    ids, lengths = pad_batch([[5, 6, 7], [8], [9, 1]])
    with torch.no_grad():
        scores = model(ids, lengths)
        for row, length in enumerate(lengths.tolist()):
            alone = model.trunk.hidden_states(ids[row : row + 1, :length])  # (1, length, C)
            expected = alone[0, -1] @ model.score.weight.T  # (C,) @ (C, 2) -> (2,)
            assert torch.allclose(scores[row], expected, atol=1e-5)
        ids[1, 1:] = 42  # other padding behind the last real token
        assert_same_logits(model(ids, lengths), scores)
        ids[1, 0] = 42  # another last real token
        assert not torch.allclose(model(ids, lengths)[1], scores[1], atol=1e-3)


def test_a_new_head_is_undecided() -> None:
    config = GPT2Config(vocab_size=23, block_size=8, n_layer=1, n_head=1, n_embd=8)
    scores = GPT2Classifier(GPT2(config))(*pad_batch([[1, 2], [3]]))
    assert scores.tolist() == [[0.0, 0.0], [0.0, 0.0]]


# --- verdicts ----------------------------------------------------------------------------------


def test_company_in_a_batch_changes_no_verdict_and_order_is_kept(
    classifier: SpamClassifier,
) -> None:
    messages = made_up_messages(2 * BATCH_ROWS + 5)
    alone = [classifier.predict(message) for message in messages]
    together = classifier.predict_batch(messages)
    backwards = classifier.predict_batch(messages[::-1])[::-1]
    for one, two, three in zip(alone, together, backwards, strict=True):
        assert one.label == two.label == three.label
        assert two.spam_probability == pytest.approx(one.spam_probability, abs=1e-5)
        assert three.spam_probability == pytest.approx(one.spam_probability, abs=1e-5)
    # The comparison above means something: these messages do not all look alike to the model.
    assert {verdict.label for verdict in alone} == set(LABELS)
    assert len({round(verdict.spam_probability, 3) for verdict in alone}) > 30


def test_probability_is_the_softmax_of_the_scores(classifier: SpamClassifier) -> None:
    ids, lengths = pad_batch([classifier.tokenizer.encode("Win a prize")])
    with torch.no_grad():
        ham, spam = classifier.model(ids, lengths)[0].exp().tolist()
    found = classifier.predict("Win a prize").spam_probability
    assert found == pytest.approx(spam / (ham + spam), abs=1e-6)


def test_threshold_decides_and_counts_itself_as_spam(classifier: SpamClassifier) -> None:
    message = "See you at noon"
    probability = classifier.predict(message).spam_probability
    assert 0.0 < probability < 1.0
    for threshold, label in [
        (0.0, "spam"),
        (probability, "spam"),
        (probability + 1e-6, "ham"),
        (1.0, "ham"),
    ]:
        strict = SpamClassifier(classifier.model, classifier.tokenizer, threshold)
        assert strict.predict(message) == Verdict(label, probability, False)  # type: ignore[arg-type]


def test_what_does_not_fit_into_the_window_is_cut_and_said_so(classifier: SpamClassifier) -> None:
    window = classifier.model.trunk.config.block_size
    fits, too_long = "a" * 400, "a" * 400
    while len(classifier.tokenizer.encode(fits)) > window:
        fits = fits[:-1]
    while len(classifier.tokenizer.encode(too_long)) <= window + 50:
        too_long += " now"
    short, full, cut = classifier.predict_batch(["a", fits, too_long])
    assert [short.truncated, full.truncated, cut.truncated] == [False, False, True]
    more = classifier.predict(too_long + " and what else stands here is not read")
    assert more.truncated
    assert more.spam_probability == pytest.approx(cut.spam_probability, abs=1e-6)


@pytest.mark.parametrize("length", [-1, 0, 1])
def test_truncation_starts_behind_the_window(classifier: SpamClassifier, length: int) -> None:
    window = classifier.model.trunk.config.block_size
    words = " q" * (2 * window)
    per_word = len(classifier.tokenizer.encode(words)) // (2 * window)
    assert window % per_word == 0
    message = words[: 2 * (window // per_word + length)]
    assert classifier.predict(message).truncated == (length > 0)


def test_no_message_no_verdict(classifier: SpamClassifier) -> None:
    assert classifier.predict_batch([]) == []


def test_curly_quotes_and_hidden_characters_do_not_change_a_verdict(
    classifier: SpamClassifier,
) -> None:
    plain = classifier.predict("You've won! Call now...")
    assert classifier.predict("You\u2019ve\u200b won! Call\u00a0now\u2026") == plain
    assert classifier.predict("You have won! Call now...") != plain


@pytest.mark.parametrize("message", ["", " \n\t", "\u200b\u202e"])
def test_an_empty_message_is_refused(classifier: SpamClassifier, message: str) -> None:
    with pytest.raises(ValueError, match=r"^The message is empty: write or paste"):
        classifier.predict(message)
    with pytest.raises(ValueError, match=r"^The message is empty"):
        classifier.predict_batch(["Hello", message])


@pytest.mark.parametrize(
    ("message", "name"), [(None, "NoneType"), (3.5, "float"), (b"hi", "bytes"), (["hi"], "list")]
)
def test_what_is_not_text_is_refused(classifier: SpamClassifier, message: Any, name: str) -> None:
    with pytest.raises(ValueError, match=rf"^A message must be text, not {name}\.$"):
        classifier.predict(message)


def test_one_text_is_not_taken_for_a_list_of_letters(classifier: SpamClassifier) -> None:
    with pytest.raises(ValueError, match="One message goes to `predict`"):
        classifier.predict_batch("Win a prize")


# --- checkpoints -------------------------------------------------------------------------------


def test_from_pretrained_by_name_and_by_path(
    classifier: SpamClassifier, tiny_weights: Path
) -> None:
    assert not classifier.model.training
    assert not any(parameter.requires_grad for parameter in classifier.model.parameters())
    assert classifier.model.score.weight.abs().sum() > 0
    by_path = SpamClassifier.from_pretrained(str(tiny_weights / "spam.safetensors"))
    assert by_path.predict("Call now") == classifier.predict("Call now")


@pytest.mark.parametrize("name", ["base", "chat"])
def test_a_language_model_is_no_classifier(
    tiny_weights: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    monkeypatch.setenv("GPT2_SCRATCH_WEIGHTS", str(tiny_weights))
    with pytest.raises(CheckpointError, match=r"language model .*finetune_spam"):
        SpamClassifier.from_pretrained(name)


def test_missing_weights_name_the_command(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GPT2_SCRATCH_WEIGHTS", str(tmp_path))
    with pytest.raises(CheckpointError, match=r"does not exist; .*train\.finetune_spam"):
        SpamClassifier.from_pretrained()


# --- the threshold in the checkpoint -----------------------------------------------------------


def with_threshold(weights: Path, folder: Path, value: str) -> str:
    """A copy of the tiny classifier whose header gives this threshold."""
    read = read_checkpoint(weights / "spam.safetensors")
    path = folder / "spam.safetensors"
    save_checkpoint(
        path, read.tensors, read.config, kind=read.kind, tokenizer=read.tokenizer,
        metadata={"threshold": value},
    )  # fmt: skip
    return str(path)


def test_the_threshold_comes_from_the_checkpoint(
    classifier: SpamClassifier, tiny_weights: Path, tmp_path: Path
) -> None:
    assert classifier.threshold == 0.5  # the file gives none
    other = SpamClassifier.from_pretrained(with_threshold(tiny_weights, tmp_path, "0.31"))
    assert other.threshold == 0.31
    for text in made_up_messages(20):
        verdict = other.predict(text)
        assert verdict.label == ("spam" if verdict.spam_probability >= 0.31 else "ham")


@pytest.mark.parametrize("value", ["0", "1", "nan", "-1", '"high"', "[0.5]", "{"])
def test_a_threshold_that_is_none_is_refused(
    classifier: SpamClassifier, tiny_weights: Path, tmp_path: Path, value: str
) -> None:
    with pytest.raises(CheckpointError, match="not a number between 0 and 1"):
        SpamClassifier.from_pretrained(with_threshold(tiny_weights, tmp_path, value))
