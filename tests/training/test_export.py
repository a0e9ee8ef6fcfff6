"""Exports: transformers loads them and computes what we compute."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import torch
from conftest import REPOSITORY
from test_openai_gpt2 import assert_same_model, write_vocabulary
from transformers import (
    AutoModelForCausalLM,
    AutoModelForSequenceClassification,
    AutoTokenizer,
    GPT2ForSequenceClassification,
    pipeline,
)

from gpt2_scratch.chat import Message, encode_conversation
from gpt2_scratch.checkpoints.format import read_checkpoint, save_checkpoint
from gpt2_scratch.checkpoints.models import find_checkpoint, load_model
from gpt2_scratch.classifier import SpamClassifier
from train.export import main

NASTY = " The cat's  \n\t naïve 猫 can't\x00\u00ad 1234 ...\n\n\nx "


@pytest.fixture(autouse=True)
def weights(tiny_weights: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("GPT2_SCRATCH_WEIGHTS", str(tiny_weights))
    return tiny_weights


def test_base(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main([str(tmp_path), "--to", "hf"]) == 0
    listed = {Path(line.split()[-1]).name for line in capsys.readouterr().out.splitlines()}
    assert listed == {path.name for path in tmp_path.iterdir()}
    model, tokenizer = load_model("base")
    theirs = AutoTokenizer.from_pretrained(tmp_path)
    assert theirs.encode(NASTY) == tokenizer.encode(NASTY)
    assert theirs.decode(tokenizer.encode(NASTY)) == NASTY
    assert theirs.eos_token_id == tokenizer.eot_id and theirs.chat_template is None
    reference = AutoModelForCausalLM.from_pretrained(tmp_path).eval()
    assert_same_model(model, reference, tokenizer.encode("The cat sat on"))
    again, same_tokenizer = load_model(tmp_path)  # and we read it ourselves
    assert same_tokenizer.name == "tokenizer"
    assert all(torch.equal(again.state_dict()[k], t) for k, t in model.state_dict().items())


def test_float16_is_what_our_files_hold(tmp_path: Path) -> None:
    assert main([str(tmp_path), "--dtype", "float16"]) == 0
    exported = load_model(tmp_path)[0].state_dict()
    for name, tensor in load_model("base")[0].state_dict().items():
        assert torch.equal(exported[name], tensor)


def test_chat_with_its_template(tmp_path: Path, weights: Path) -> None:
    checkpoint = read_checkpoint(find_checkpoint("chat")[0])
    path = tmp_path / "mine.safetensors"
    save_checkpoint(
        path,
        checkpoint.tensors,
        checkpoint.config,
        kind="gpt2",
        tokenizer="tokenizer",
        metadata={"commands": json.dumps(["python -m train.finetune_chat"])},
    )
    assert main([str(tmp_path / "out"), "--model", str(path)]) == 0
    tokenizer = load_model("chat")[1]
    theirs = AutoTokenizer.from_pretrained(tmp_path / "out")
    conversation: list[Message] = [
        {"role": "user", "content": " Name a colour. "},
        {"role": "assistant", "content": "Red.\n"},
        {"role": "user", "content": "Correct it.", "input": "She go home."},
    ]
    ids, _ = encode_conversation(tokenizer, conversation, 1000)
    rendered = theirs.apply_chat_template(
        conversation, add_generation_prompt=True, return_dict=False
    )
    assert rendered == ids
    with pytest.raises(Exception, match="no system message"):
        theirs.apply_chat_template([{"role": "system", "content": "Be brief."}], tokenize=False)


def test_spam_as_a_sequence_classifier(tmp_path: Path) -> None:
    assert main([str(tmp_path), "--model", "spam"]) == 0
    reference = AutoModelForSequenceClassification.from_pretrained(tmp_path).eval()
    assert isinstance(reference, GPT2ForSequenceClassification)
    assert reference.config.threshold == SpamClassifier.from_pretrained().threshold
    theirs = AutoTokenizer.from_pretrained(tmp_path)
    messages = ["You have won a prize! Call now to claim it", "See you at noon", "x"]
    with torch.inference_mode():
        batch = theirs(messages, padding=True, return_tensors="pt")
        probabilities = reference(**batch).logits.softmax(-1)  # (B, 2)
    spam = reference.config.label2id["spam"]
    for verdict, row in zip(
        SpamClassifier.from_pretrained().predict_batch(messages), probabilities, strict=True
    ):
        assert row[spam].item() == pytest.approx(verdict.spam_probability, abs=1e-4)
        assert reference.config.id2label[int(row.argmax())] == verdict.label


def test_a_pipeline_and_the_threshold_give_our_verdict(tmp_path: Path) -> None:
    """The pipeline's own label is that of the larger share; the guide says what to do instead."""
    assert main([str(tmp_path), "--model", "spam"]) == 0
    classify = pipeline("text-classification", model=str(tmp_path), top_k=None)
    threshold = json.loads((tmp_path / "config.json").read_text())["threshold"]
    messages = ["You have won a prize! Call now to claim it", "See you at noon", "call me, urgent"]
    ours = SpamClassifier.from_pretrained().predict_batch(messages)
    for message, verdict in zip(messages, ours, strict=True):
        [scores] = classify([message])
        spam = next(entry["score"] for entry in scores if entry["label"] == "spam")
        assert spam == pytest.approx(verdict.spam_probability, abs=1e-4)
        assert ("spam" if spam >= threshold else "ham") == verdict.label
    guide = " ".join((REPOSITORY / "DEPLOY.md").read_text(encoding="utf-8").split())
    assert "the `threshold` in the folder's `config.json`" in guide


def test_a_folder_is_exported_too(tmp_path: Path) -> None:
    assert main([str(tmp_path / "one")]) == 0
    assert main([str(tmp_path / "two"), "--model", str(tmp_path / "one")]) == 0
    for path in (tmp_path / "one").iterdir():
        assert (tmp_path / "two" / path.name).read_bytes() == path.read_bytes()
    write_vocabulary(tmp_path / "two", load_model("base")[1])  # as the vocabulary's own test does
    assert load_model(tmp_path / "two")[1].name == "tokenizer"


def test_no_such_model(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        main([str(tmp_path / "out"), "--model", "huge"])
    assert "There is no model 'huge'" in capsys.readouterr().err
    assert not (tmp_path / "out").exists()
