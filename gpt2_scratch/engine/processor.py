"""What the processor has: facts of a machine that are the same at each start.

The app chooses by them how weights are stored while it writes (`native.choose_mode`). A stopwatch
would choose by what else the machine is doing, and the same seed would not give the same text.
"""

from __future__ import annotations

import platform
import re
from pathlib import Path

CPUINFO = Path("/proc/cpuinfo")
CACHES = Path("/sys/devices/system/cpu/cpu0/cache")
USUAL_CACHE = 512 * 2**10  # where the system does not tell: processors of the last ten years


def instruction_line() -> str:
    """The line of /proc/cpuinfo with the instruction sets; elsewhere the processor's name."""
    try:
        lines = CPUINFO.read_text(encoding="utf-8").splitlines()
    except OSError:
        return platform.processor()
    return next((line for line in lines if line.startswith(("flags", "Features"))), "")


def core_cache() -> int:
    """Bytes of a core's own cache, the second level. Weights of this size are read as fast as they
    are multiplied; what comes from beyond it is waited for, the longer the more bytes."""
    for index in sorted(CACHES.glob("index*")):
        try:
            level = (index / "level").read_text().strip()
            size = re.fullmatch(r"(\d+)K", (index / "size").read_text().strip())
        except OSError:
            continue
        if level == "2" and size:
            return int(size[1]) * 2**10
    return USUAL_CACHE
