"""Puts a fast BLAS ahead of the reference one that mlx brings along on Linux.

mlx's Linux wheel bundles reference BLAS (4-7 GFLOP/s in float32); OpenBLAS, loaded into the
process before mlx, gives about 110 on two cores. Knows nothing of models; imports no mlx.
"""

from __future__ import annotations

import ctypes
import ctypes.util
import sys

LIBRARY = "libopenblas.so.0"


def enable() -> str | None:
    """Load OpenBLAS for mlx to find; call it before the first import of mlx.

    Returns the library's name, or None where there is nothing to do (not Linux), nothing to
    load, or where it is too late because mlx is loaded.
    """
    if sys.platform != "linux" or "mlx.core" in sys.modules:
        return None
    return _load(ctypes.RTLD_GLOBAL)


def missing() -> str | None:
    """What a person should know when OpenBLAS is not there: one sentence, or None."""
    if sys.platform != "linux" or _load(ctypes.RTLD_LOCAL) is not None:
        return None
    return (
        "OpenBLAS was not found: local models and training run about 2 to 20 times slower on this "
        "machine (on Debian or Ubuntu: apt install libopenblas0-pthread)"
    )


def _load(mode: int) -> str | None:
    for name in (LIBRARY, ctypes.util.find_library("openblas")):
        if name is None:
            continue
        try:
            ctypes.CDLL(name, mode=mode)
        except OSError:
            continue
        return name
    return None
