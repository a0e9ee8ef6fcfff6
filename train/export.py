"""A model of ours in the files that transformers, vLLM, TGI and llama.cpp's converter read.

    python -m train.export OUT --to hf                  # base
    python -m train.export OUT --to hf --model chat     # with the chat template
    python -m train.export OUT --to hf --model spam     # as GPT2ForSequenceClassification

The folder is a GPT-2 in every respect, since that is what our models are; only names and layouts
change. `load_model(OUT)` reads a language model back.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from gpt2_scratch.checkpoints.errors import COMMANDS
from gpt2_scratch.checkpoints.format import read_checkpoint, write_tensors
from gpt2_scratch.checkpoints.models import find_checkpoint, load_model, load_tokenizer
from gpt2_scratch.checkpoints.openai import WEIGHTS, to_openai
from gpt2_scratch.classifier import LABELS, SpamClassifier
from gpt2_scratch.config import GPT2Config
from gpt2_scratch.vocabulary.files import merges, vocabulary
from gpt2_scratch.vocabulary.tokenizer import END_OF_TEXT, Tokenizer

DTYPES = {"float32": torch.float32, "float16": torch.float16, "bfloat16": torch.bfloat16}

# The parts that are no numbers of a model: the format of the tokenizers library, whose ByteLevel
# parts are GPT-2's pattern and letters, and `chat.format_prompt` and `chat.encode_conversation` in
# Jinja; a test holds them equal.
FILES = Path(__file__).with_name("export_files")


def export(name: str, out: Path, dtype: torch.dtype = torch.float32) -> list[Path]:
    """Write a model as a Hugging Face folder and return the files. CheckpointError if it is none.

    name   as `load_model` takes it; a classifier keeps its head
    dtype  of the stored numbers. Our own files are float16, so float16 loses nothing of them;
           float32 is what runs everywhere, and the default of OpenAI's own files
    """
    head: Tensor | None = None
    threshold: float | None = None
    chat = False
    if name in COMMANDS or name.endswith(".safetensors"):
        checkpoint = read_checkpoint(*find_checkpoint(name))
        config, tokenizer = checkpoint.config, load_tokenizer(checkpoint)
        tensors = dict(checkpoint.tensors)
        head = tensors.pop("score.weight", None)
        threshold = None if head is None else SpamClassifier.from_pretrained(name).threshold
        chat = "finetune_chat" in checkpoint.metadata.get("commands", "")
    else:
        model, tokenizer = load_model(name)
        config, tensors = model.config, model.state_dict()
    stored = to_openai(tensors)
    if head is not None:
        stored = {f"transformer.{key}": tensor for key, tensor in stored.items()}
        stored["score.weight"] = head
    out.mkdir(parents=True, exist_ok=True)
    # "pt": transformers refuses a file that does not say which framework its layout is of
    stored = {key: tensor.to(dtype).contiguous() for key, tensor in stored.items()}
    write_tensors(out / WEIGHTS, stored, {"format": "pt"})
    described = model_config(config, tokenizer, dtype, threshold)
    return [out / WEIGHTS, *_write_json(out, described, tokenizer, config, chat)]


def model_config(
    config: GPT2Config, tokenizer: Tokenizer, dtype: torch.dtype, threshold: float | None
) -> dict[str, Any]:
    """config.json; `threshold` is None for a language model."""
    classifier = threshold is not None
    fields: dict[str, Any] = {
        "architectures": ["GPT2ForSequenceClassification" if classifier else "GPT2LMHeadModel"],
        "model_type": "gpt2",
        "vocab_size": config.vocab_size,
        "n_positions": config.block_size,
        "n_ctx": config.block_size,
        "n_layer": config.n_layer,
        "n_head": config.n_head,
        "n_embd": config.n_embd,
        "activation_function": "gelu_new",
        "layer_norm_epsilon": config.layer_norm_epsilon,
        "attn_pdrop": config.dropout,
        "embd_pdrop": config.dropout,
        "resid_pdrop": config.dropout,
        "tie_word_embeddings": True,
        "bos_token_id": tokenizer.eot_id,
        "eos_token_id": tokenizer.eot_id,
        "torch_dtype": str(dtype).removeprefix("torch."),
    }
    if classifier:
        # It reads the last token that is no padding, so a batch must be padded with this one.
        fields |= {
            "pad_token_id": tokenizer.eot_id,
            "id2label": dict(enumerate(LABELS)),
            "label2id": {label: number for number, label in enumerate(LABELS)},
            "threshold": threshold,  # ours: the spam probability from which it is called spam
        }
    return fields


def _write_json(
    out: Path, described: Mapping[str, Any], tokenizer: Tokenizer, config: GPT2Config, chat: bool
) -> list[Path]:
    tokens, pairs = vocabulary(tokenizer), merges(tokenizer)
    special = dict.fromkeys(("bos_token", "eos_token", "unk_token", "pad_token"), END_OF_TEXT)
    settings: dict[str, Any] = {
        "tokenizer_class": "GPT2Tokenizer",
        "model_max_length": config.block_size,
        "add_prefix_space": False,
        "clean_up_tokenization_spaces": False,
        **special,
    }
    if chat:
        lines = (FILES / "chat_template.jinja").read_text(encoding="utf-8").splitlines()
        settings["chat_template"] = "".join(line.strip() for line in lines)
    files: dict[str, Any] = {
        "config.json": described,
        "generation_config.json": {
            "bos_token_id": tokenizer.eot_id,
            "eos_token_id": tokenizer.eot_id,
            "pad_token_id": tokenizer.eot_id,
        },
        "tokenizer_config.json": settings,
        "special_tokens_map.json": special,
        "vocab.json": tokens,
        "tokenizer.json": _tokenizer_json(tokens, pairs, tokenizer.eot_id),
    }
    for name, content in files.items():
        text = json.dumps(content, ensure_ascii=False, indent=None if name == "vocab.json" else 2)
        (out / name).write_text(text + "\n", encoding="utf-8")
    merged = "".join(f"{left} {right}\n" for left, right in pairs)
    (out / "merges.txt").write_text("#version: 0.2\n" + merged, encoding="utf-8")
    return [out / name for name in (*files, "merges.txt")]


def _tokenizer_json(
    tokens: Mapping[str, int], pairs: list[tuple[str, str]], eot_id: int
) -> dict[str, Any]:
    content = json.loads((FILES / "tokenizer.json").read_text(encoding="utf-8"))
    content["added_tokens"][0] |= {"id": eot_id, "content": END_OF_TEXT}
    content["model"] |= {"vocab": dict(tokens), "merges": [" ".join(pair) for pair in pairs]}
    return content


def main(argv: list[str] | None = None) -> int:
    """Export a model for other programs."""
    parser = argparse.ArgumentParser(prog="python -m train.export", description=main.__doc__)
    parser.add_argument("out", type=Path, help="the folder to write")
    parser.add_argument("--to", choices=["hf"], default="hf", help="the layout (Hugging Face's)")
    parser.add_argument("--model", default="base", help="a name or path, as load_model takes it")
    parser.add_argument("--dtype", choices=list(DTYPES), default="float32")
    arguments = parser.parse_args(argv)
    try:
        for path in export(arguments.model, arguments.out, DTYPES[arguments.dtype]):
            print(f"{path.stat().st_size:>14,} {path}")
    except ValueError as error:
        parser.exit(1, f"{error}\n")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
