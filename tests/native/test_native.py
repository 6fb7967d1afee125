"""The C kernels by themselves, under AddressSanitizer and UndefinedBehaviorSanitizer."""

from __future__ import annotations

import os
import platform
import shutil
import subprocess
from pathlib import Path

import pytest

HERE = Path(__file__).parent
EXT = HERE.parents[1] / "src" / "perfpy" / "_ext"
JULIA = EXT / "julia"

SANITIZE = ["-g", "-O1", "-fsanitize=address,undefined", "-fno-sanitize-recover=all"]
COMMON = ["-std=c11", "-Wall", "-Wextra", "-Werror", "-ffp-contract=off", "-fno-math-errno"]
AVX2 = ["-mavx2", "-mfma", "-mbmi", "-mbmi2", "-mpopcnt"]
AVX512 = [*AVX2, *(f"-mavx512{part}" for part in ("f", "bw", "cd", "dq", "vl")), "-mprefer-vector-width=512"]
X86 = platform.machine() in {"x86_64", "AMD64"}
ISAS = {"baseline": [], "avx2": AVX2, "avx512": AVX512} if X86 else {"baseline": []}
GRIDS = 3000
CANNOT_RUN = 77


@pytest.fixture(scope="session")
def compiler() -> str:
    """Return a C compiler that can link the sanitizers."""
    for name in (os.environ.get("CC"), "gcc", "clang", "cc"):
        if name and (path := shutil.which(name)):
            probe = [path, *SANITIZE, "-x", "c", "-", "-o", os.devnull]
            empty = b"int main(void) { return 0; }"
            if subprocess.run(probe, input=empty, capture_output=True).returncode == 0:
                return path
    pytest.skip("needs gcc or clang with the run-time libraries of the sanitizers (Debian: gcc)")


def build(compiler: str, directory: Path, isa: str) -> Path:
    """Compile the kernel for an instruction set, everything else for the baseline, and link them."""
    program = directory / f"test_julia_kernel_{isa}"
    kernel = directory / f"kernel_{isa}.o"
    common = [compiler, *COMMON, *SANITIZE, f"-I{JULIA}", *(["-DPERFPY_X86_VARIANTS"] if X86 else [])]
    # The allocator is replaced, so that the test can let it fail.
    renamed = ["-DKERNEL_NAME=perfpy_julia_baseline", "-Dmalloc=test_malloc"]
    sources = [HERE / "test_julia_kernel.c", JULIA / "trap.c", EXT / "common" / "isa.c"]
    subprocess.run([*common, *ISAS[isa], *renamed, "-c", JULIA / "kernel.c", "-o", kernel], check=True)
    subprocess.run([*common, *sources, kernel, "-o", program, "-lm"], check=True)
    return program


@pytest.mark.parametrize("isa", ISAS)
def test_julia_kernel(compiler: str, tmp_path: Path, isa: str) -> None:
    program = build(compiler, tmp_path, isa)
    result = subprocess.run([program, isa, str(GRIDS), "20260101"], capture_output=True, text=True)
    if result.returncode == CANNOT_RUN:
        pytest.skip(result.stdout.strip())
    assert result.returncode == 0, result.stdout + result.stderr
