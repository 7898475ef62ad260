"""What differs between an Apple Silicon Mac and Linux: memory, compilation, precision, manners.

Everything is decided from plain facts about the machine, so that both sides can be tested on
either. Knows nothing of models; imports mlx only to apply what it decided.
"""

from __future__ import annotations

import os
import platform
import subprocess
from dataclasses import dataclass

GIB = 1 << 30


@dataclass(frozen=True, kw_only=True)
class Facts:
    """The machine as the operating system describes it; `memory` in bytes."""

    system: str
    chip: str
    memory: int
    cores: int


@dataclass(frozen=True, kw_only=True)
class Machine:
    """How models run here. Sizes in bytes.

    `memory_limit` is where mlx begins to wait for memory, `cache_limit` what it keeps of freed
    buffers, `wired_limit` what stays resident (Metal only). `micro_tokens` bounds the tokens of
    one piece of a training step, so that a Mac's display and a waiting person get their turn.
    """

    metal: bool
    chip: str
    memory_limit: int
    cache_limit: int
    wired_limit: int | None
    compile: bool
    float32: bool
    nice: int
    micro_tokens: int | None
    yields: bool


def facts() -> Facts:
    """This machine's."""
    system = platform.system()
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    return Facts(system=system, chip=_chip(system), memory=memory, cores=os.cpu_count() or 1)


def decide(about: Facts) -> Machine:
    """How models run on such a machine."""
    metal = about.system == "Darwin"
    return Machine(
        metal=metal,
        chip=about.chip,
        memory_limit=about.memory * 3 // 5 if metal else about.memory * 3 // 4,
        cache_limit=min(2 * GIB, about.memory // 16),
        wired_limit=about.memory // 2 if metal else None,
        # on CPU each fused kernel costs a C++ compiler run (seconds) and gains nothing measurable
        compile=metal,
        # on CPU 16-bit matrix products run 10 to 30 times slower than 32-bit ones
        float32=not metal,
        nice=10,
        micro_tokens=1024 if metal else None,
        yields=metal,
    )


def this() -> Machine:
    """How models run here."""
    return decide(facts())


def apply(machine: Machine) -> None:
    """Set mlx's limits and compilation for this process."""
    import mlx.core as mx

    mx.set_memory_limit(machine.memory_limit)
    mx.set_cache_limit(machine.cache_limit)
    if machine.wired_limit is not None and mx.metal.is_available():
        most = int(mx.device_info()["max_recommended_working_set_size"])
        mx.set_wired_limit(min(machine.wired_limit, most))
    if machine.compile:
        mx.enable_compile()
    else:
        mx.disable_compile()


def _chip(system: str) -> str:
    if system != "Darwin":
        return platform.machine()
    asked = subprocess.run(
        ["/usr/sbin/sysctl", "-n", "machdep.cpu.brand_string"],
        capture_output=True,
        text=True,
        check=False,
    )
    return asked.stdout.strip() or platform.machine()
