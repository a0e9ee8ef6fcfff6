"""What the processor has: facts of a machine that are the same at each start.

The app chooses by them how weights are stored while it writes (`native.choose_mode`). A stopwatch
would choose by what else the machine is doing, and the same seed would not give the same text.
"""

from __future__ import annotations

import platform
import re
from dataclasses import dataclass
from pathlib import Path

CPUINFO = Path("/proc/cpuinfo")
CACHES = Path("/sys/devices/system/cpu/cpu0/cache")
# Where the system does not tell: what processors of the last ten years have at least.
USUAL_CACHES = {2: 512 * 2**10, 3: 8 * 2**20}


@dataclass(frozen=True)
class Processor:
    """One processor.

    instructions  the names of its instruction sets, as Linux lists them; empty if unknown
    caches        level -> bytes, of one core's cache or of the one that it shares
    """

    instructions: frozenset[str]
    caches: dict[int, int]

    @property
    def fast_bytes(self) -> int:
        """Weights of this size are read as fast as they are multiplied, in any mode.

        With AVX-512 one instruction widens sixteen stored weights, so already those that come from
        beyond the second cache are waited for. Without, widening takes as long as reading from the
        third cache, and only what comes from memory is waited for.
        """
        return self.caches[2 if "avx512f" in self.instructions else 3]


def instruction_line() -> str:
    """The line of /proc/cpuinfo with the instruction sets; elsewhere the processor's name."""
    try:
        lines = CPUINFO.read_text(encoding="utf-8").splitlines()
    except OSError:
        return platform.processor()
    return next((line for line in lines if line.startswith(("flags", "Features"))), "")


def processor() -> Processor:
    """The processor of this machine."""
    caches = dict(USUAL_CACHES)
    for index in sorted(CACHES.glob("index*")):
        try:
            level = int((index / "level").read_text())
            size = re.fullmatch(r"(\d+)K", (index / "size").read_text().strip())
        except (OSError, ValueError):
            continue
        if size and level in caches:
            caches[level] = int(size[1]) * 2**10
    return Processor(frozenset(instruction_line().partition(":")[2].split()), caches)
