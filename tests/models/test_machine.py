from __future__ import annotations

import sys

import pytest

from models import blas, machine

MAC = machine.Facts(system="Darwin", chip="Apple M3", memory=16 * machine.GIB, cores=8)
PC = machine.Facts(system="Linux", chip="x86_64", memory=16 * machine.GIB, cores=8)


def test_a_mac_compiles_keeps_the_models_precision_and_shares_the_gpu() -> None:
    mac = machine.decide(MAC)
    assert mac.metal
    assert mac.compile
    assert not mac.float32
    assert mac.yields
    assert mac.micro_tokens is not None
    assert mac.wired_limit is not None
    assert mac.wired_limit < mac.memory_limit < MAC.memory


def test_linux_runs_in_float32_without_compiling() -> None:
    pc = machine.decide(PC)
    assert not pc.metal
    assert pc.float32
    assert not pc.compile
    assert not pc.yields
    assert pc.micro_tokens is None
    assert pc.wired_limit is None
    assert pc.memory_limit < PC.memory


def test_this_machine_is_known() -> None:
    assert machine.facts().memory > machine.GIB // 2
    assert machine.this() == machine.decide(machine.facts())


def test_a_missing_blas_is_told_with_its_cost(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise OSError("not there")

    monkeypatch.setattr(sys, "platform", "linux")
    monkeypatch.setattr(blas.ctypes, "CDLL", refuse)
    told = blas.missing()
    assert told is not None
    assert "OpenBLAS" in told
    assert "slower" in told
    monkeypatch.setattr(sys, "platform", "darwin")
    assert blas.missing() is None
