"""Several processes at one model, as torchrun starts them: who is who, what they agree on.

There are two ways to split the work, and both split the batch. DDP keeps a whole model in every
process and averages the gradients. FSDP keeps a part of each parameter, of its gradient and of its
optimiser state in every process, and puts a block together only while it computes: N processes
need an N-th of the memory for some more traffic. (ZeRO, Rajbhandari et al. 2020,
https://arxiv.org/abs/1910.02054; FSDP, Zhao et al. 2023, https://arxiv.org/abs/2304.11277.)

A sharded tensor is a DTensor. Code that needs its numbers says `whole(tensor)`, code that has whole
numbers and needs a shard says `shard_like(tensor, other)`; of any other tensor both give it back.
Putting together takes all processes: each of them must get to the same call.
"""

from __future__ import annotations

import contextlib
import copy
import os
from typing import TYPE_CHECKING, cast

import torch
import torch.distributed as dist
from torch import Tensor, nn
from torch.nn.parallel import DistributedDataParallel

from gpt2_scratch.model import Block

if TYPE_CHECKING:  # at run time it takes a second to import, which only --shard should cost
    from torch.distributed.tensor import DTensor


def join_processes() -> tuple[int, int, torch.device]:
    """(rank, world size, device) of this process; joins the group that torchrun started, if any."""
    has_gpu = torch.cuda.is_available()
    if "RANK" not in os.environ:
        return 0, 1, torch.device("cuda" if has_gpu else "cpu")
    local_rank = int(os.environ["LOCAL_RANK"])
    device = torch.device("cuda", local_rank) if has_gpu else torch.device("cpu")
    if not dist.is_initialized():
        if has_gpu:
            torch.cuda.set_device(device)
        # gloo also beside nccl, which shares nothing but tensors on a GPU; `agree` has others
        dist.init_process_group("cpu:gloo,cuda:nccl" if has_gpu else "gloo")
    return dist.get_rank(), dist.get_world_size(), device


def agree(world_size: int, *values: float) -> list[float]:
    """The largest of each value over all processes.

    All of them must end a run at the same step, whether time is up or one was interrupted: the
    others would wait for its gradients.
    """
    return _reduced(world_size, values, dist.ReduceOp.MAX)


def total(world_size: int, *values: float) -> list[float]:
    """The sum of each value over all processes."""
    return _reduced(world_size, values, dist.ReduceOp.SUM)


def computes_in_bfloat16(device: torch.device) -> bool:
    """Whether the device has arithmetic for bfloat16. Processors without it emulate it and are
    several times slower than in float32.

    What the processor has decides, not a clock: two runs on one machine are to be the same run.
    """
    if device.type != "cpu":
        return device.type == "cuda"
    return torch.cpu._is_avx512_bf16_supported() or torch.cpu._is_amx_tile_supported()


def _reduced(
    world_size: int, values: tuple[float, ...], how: dist.ReduceOp.RedOpType
) -> list[float]:
    if world_size == 1:
        return list(values)
    reduced = torch.tensor(values, dtype=torch.float64)
    dist.all_reduce(reduced, op=how)
    return reduced.tolist()


# --- DDP ---------------------------------------------------------------------------------------


def no_sync(model: nn.Module) -> contextlib.AbstractContextManager[None]:
    """Leave gradients unshared until the last micro-batch of an update.

    With FSDP they are shared each time: unshared gradients are whole ones, which it is there to
    avoid.
    """
    return (
        model.no_sync() if isinstance(model, DistributedDataParallel) else contextlib.nullcontext()
    )


# --- FSDP --------------------------------------------------------------------------------------


def shard(model: nn.Module, rank: int, device: torch.device) -> nn.Module:
    """A copy of `model`, as the first process has it, split over all of them: the one that learns.

    Each block is a unit that is put together on its own, and what is not in a block is one more.
    The model itself, on the CPU, stays whole in the first process, where `gather` brings it up to
    date; in the others nothing of it is left.
    """
    from torch.distributed.device_mesh import init_device_mesh
    from torch.distributed.fsdp import fully_shard

    for parameter in model.parameters():
        dist.broadcast(parameter.detach(), src=0)
    learner = copy.deepcopy(model)
    if rank != 0:
        model.to("meta")
    mesh = init_device_mesh(device.type, (dist.get_world_size(),))
    for module in learner.modules():
        if isinstance(module, Block):
            fully_shard(module, mesh=mesh)
    fully_shard(learner, mesh=mesh)
    return learner


def gather(learner: nn.Module, model: nn.Module) -> None:
    """Bring the whole model up to date with the sharded one; all processes take part.

    Nothing is to be done where the model itself is what learns.
    """
    if learner is model:
        return
    kept = model.state_dict()
    for name, tensor in learner.state_dict().items():
        kept[name].copy_(whole(tensor))  # into nothing, on "meta", but in the first process


def whole(tensor: Tensor) -> Tensor:
    """All of a sharded tensor, on its device; all processes take part. Others as they are."""
    return cast("DTensor", tensor).full_tensor() if _is_sharded(tensor) else tensor


def shard_like(tensor: Tensor, other: Tensor) -> Tensor:
    """This process's part of a whole tensor, split as `other` is; every process has the whole."""
    if not _is_sharded(other):
        return tensor
    from torch.distributed.tensor import distribute_tensor

    sharded = cast("DTensor", other)
    return distribute_tensor(
        tensor.to(sharded.device), sharded.device_mesh, sharded.placements, src_data_rank=None
    )


def _is_sharded(tensor: Tensor) -> bool:
    return hasattr(tensor, "full_tensor")
