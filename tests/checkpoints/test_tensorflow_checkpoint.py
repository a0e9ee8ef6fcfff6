"""OpenAI's TensorFlow checkpoints: an index that TensorFlow wrote, read without it."""

from __future__ import annotations

import base64
import json
import zlib
from pathlib import Path

import numpy as np
import pytest
import torch
from test_checkpoint import fault_of
from test_openai_gpt2 import write_vocabulary

from gpt2_scratch.checkpoints.models import load_model
from gpt2_scratch.checkpoints.tensorflow import read_bundle
from gpt2_scratch.vocabulary.bpe import count_words, train_bpe
from gpt2_scratch.vocabulary.tokenizer import Tokenizer

# model.ckpt.index of a two-layer GPT-2 with the variables of OpenAI's src/model.py, saved by
# tf.compat.v1.train.Saver of TensorFlow 2.21: zlib, base 85. The numbers of its 28 tensors, in the
# order of their names, are 0, 0.001, 0.002 and so on.
INDEX = (
    "c-muNVB=tvV&Y(A5aZ9yPf5+u&oIzWEGfy;PmTvuNgRwqEJ92iJQ@b3Uv@8_A<8IK4iw@63NZpPSW3Y_;{c;+DAO"
    "TE0XCt6qWmnlE*6Ckj2Z%_`;6=NVbRE<(7>eOU@BIxRLsdHl#>^4h@|lV6Hue$blHP^j6&&f(F-8auuXyfJj_ByN"
    "U9%z#F_5=pNpdU14#695YK&1E}`6<0-&GLlHr;J6dIU;wr>u6d`pN?8r^LI3I~`q8kkI*Y&Y}pWBBR-E70Jddh4P"
    "@P<0AG9LWmOnQ&9RoSk3D5PNVcTwn)=X!Z1q%S16P=TT_j00rq@%j+4KL3)4_Xu0i<-IE!_q@ZyIw*;&dGn_AQ0("
    "~lE93PGu&J(zRrd{LdyNMEV3qYbLeyuG+3+D|W@mp+}5-6$<fJ9^0L~p<z&KJ0Vw$D7ku7Wk3Cvby8OZ=9|1I%!q"
    "zza0^7<W4#)^J|H3(|R=!(lQT*js5xIv4N*bska{ao|RF=mwDJCC%oyY|LWi1*t%B4tN+H;0L;LdPDzXb|#4ukQA"
    "p7GshYxNIDhJIG}2JEca;@0}$+GWME(dF;*@=v;{;nf`|j37H(i*WX@yQ%LW%?kl^2Xh>hbs8$Sa<5dOQNTcy<fH"
    "URwDu|o"
)
HPARAMS = {"n_vocab": 300, "n_ctx": 4, "n_embd": 4, "n_head": 2, "n_layer": 2}
NUMBERS = 1712


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder like OpenAI's models/124M."""
    folder = tmp_path / "tiny"
    folder.mkdir()
    (folder / "model.ckpt.index").write_bytes(zlib.decompress(base64.b85decode(INDEX)))
    numbers = np.arange(NUMBERS, dtype=np.float32) / 1000
    numbers.tofile(folder / "model.ckpt.data-00000-of-00001")
    (folder / "hparams.json").write_text(json.dumps(HPARAMS))
    ranks = train_bpe(count_words(["a cat and another cat and the mat they sat on"] * 9), 299)
    # Nine words give few merges: fill up with pairs of bytes that no text has.
    for byte in range(128, 256):
        if len(ranks) < 299:
            ranks[bytes([byte, byte])] = len(ranks)
    write_vocabulary(folder, Tokenizer(ranks, "tiny"))
    (folder / "vocab.json").rename(folder / "encoder.json")
    (folder / "merges.txt").rename(folder / "vocab.bpe")
    return folder


def test_every_tensor_is_found_in_its_place(folder: Path) -> None:
    tensors = dict(read_bundle(folder / "model.ckpt"))
    assert list(tensors) == sorted(tensors) and len(tensors) == 28
    assert tensors["model/h1/mlp/c_fc/w"].shape == (1, 4, 16)
    together = torch.cat([tensor.flatten() for tensor in tensors.values()])
    assert torch.equal(together, torch.arange(NUMBERS, dtype=torch.float32) / 1000)


def test_a_model_of_it(folder: Path) -> None:
    tensors = dict(read_bundle(folder / "model.ckpt"))
    model, tokenizer = load_model(folder)
    assert tokenizer.name == "tiny"
    ours = model.state_dict()
    assert torch.equal(ours["wte.weight"], tensors["model/wte"])
    assert torch.equal(ours["h.1.ln_2.weight"], tensors["model/h1/ln_2/g"])
    assert torch.equal(ours["h.0.attn.c_attn.weight"], tensors["model/h0/attn/c_attn/w"][0].t())
    assert model(torch.tensor([tokenizer.encode("cat")[:4]])).shape == (1, 1, 300)


def test_a_config_of_another_model(folder: Path) -> None:
    (folder / "hparams.json").write_text(json.dumps(HPARAMS | {"n_layer": 3}))
    assert "it lacks h.2." in fault_of(lambda: load_model(folder))


def test_missing_files(folder: Path) -> None:
    (folder / "model.ckpt.data-00000-of-00001").unlink()
    assert "data-00000-of-00001 does not exist" in fault_of(lambda: load_model(folder))
    (folder / "model.ckpt.index").unlink()
    assert "model.ckpt.index does not exist" in fault_of(lambda: load_model(folder))


def test_damaged_files(folder: Path) -> None:
    data = folder / "model.ckpt.data-00000-of-00001"
    data.write_bytes(data.read_bytes()[:-1])
    assert "damaged" in fault_of(lambda: load_model(folder))
    index = folder / "model.ckpt.index"
    whole = index.read_bytes()
    for content in (b"", whole[:-1], whole[1:], bytes(len(whole)), b"\xff" * 40 + whole[40:]):
        index.write_bytes(content)
        fault_of(lambda: load_model(folder))
