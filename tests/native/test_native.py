"""The C kernels by themselves, under AddressSanitizer and UndefinedBehaviorSanitizer."""

from __future__ import annotations

import os
import platform
import shutil
import subprocess
import sysconfig
from pathlib import Path

import pytest

HERE = Path(__file__).parent
EXT = HERE.parents[1] / "src" / "perfpy" / "_ext"
JULIA = EXT / "julia"
PRIMES = EXT / "primes"
DIFFUSION = EXT / "diffusion"
TRIE = EXT / "trie"
PI = EXT / "pi"

#: As users have the kernels, which the compiler vectorises then.
OPTIMISE = ["-O3"]
SANITIZE = ["-g", "-O1", "-fsanitize=address,undefined", "-fno-sanitize-recover=all"]
COMMON = ["-std=c11", "-Wall", "-Wextra", "-Werror", "-ffp-contract=off", "-fno-math-errno"]
AVX2 = ["-mavx2", "-mfma", "-mbmi", "-mbmi2", "-mpopcnt"]
AVX512 = [*AVX2, *(f"-mavx512{part}" for part in ("f", "bw", "cd", "dq", "vl")), "-mprefer-vector-width=512"]
X86 = platform.machine() in {"x86_64", "AMD64"}
ISAS = {"baseline": [], "avx2": AVX2, "avx512": AVX512} if X86 else {"baseline": []}
GRIDS = 3000
WINDOWS = 500
FIELDS = 700
#: Limits of the kernel so small that small fields are cut in every way.
VOLUME_LIMITS = ["-DRING_BYTES=20000", "-DWIDEST=64", "-DCELLS_BETWEEN_POLLS=5000"]
KERNEL_LIMITS = [
    "-DSTRIP_BYTES=12000",
    "-DDEPTH=5",
    "-DLINE_BYTES=2048",
    "-DLINE_DEPTH=7",
    "-DCELLS_BETWEEN_POLLS=5000",
    "-Daligned_alloc=test_aligned_alloc",
]
IMPLICIT_LIMITS = [
    "-DSEGMENT=40",
    "-DCOLUMN_BYTES=20000",
    "-DOPERATIONS_BETWEEN_POLLS=2000",
    "-Dmalloc=test_malloc",
]
#: Further builds of the prime kernels, for what some processors with AVX-512 have.
COUNT_ISAS = {**ISAS, "avx512_popcnt": [*AVX512, "-mavx512vpopcntdq"]} if X86 else ISAS
ARITHMETIC_ISAS = {**ISAS, "avx512_ifma": [*AVX512, "-mavx512ifma"]} if X86 else ISAS
#: Steps of the builder of the fast layout, so few that every phase can be stopped.
POLLS = "-DSTEPS_BETWEEN_POLLS=5000"
COUNTS = 400
NUMBERS = 100_000
SETS = 150
RANGES = 150
SKETCHES = 100
CANNOT_RUN = 77
#: Columns of keys are declared beside objects of Python; their hash needs nothing but the headers.
PYTHON = ["-isystem", sysconfig.get_path("include")]


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


def build_diffusion(compiler: str, directory: Path, isa: str, source: str, limits: list[str]) -> Path:
    """Compile a kernel of diffusion for an instruction set and both types of cells, and link its test."""
    program = directory / f"test_diffusion_{source}_{isa}"
    common = [compiler, *COMMON, *SANITIZE, f"-I{DIFFUSION}", *(["-DPERFPY_X86_VARIANTS"] if X86 else [])]
    kernels = {real: directory / f"{source}_{isa}_{real}.o" for real in ("float", "double")}
    for real, kernel in kernels.items():
        named = [
            f"-DREAL={real}",
            f"-DKERNEL_NAME=perfpy_diffusion_{source}_baseline_{real}",
            "-Dmalloc=test_malloc",
        ]
        compile_one = [*common, *ISAS[isa], *named, *limits, "-c", DIFFUSION / f"{source}.c", "-o", kernel]
        subprocess.run(compile_one, check=True)
    sources = [HERE / f"test_diffusion_{source}.c", EXT / "common" / "isa.c"]
    subprocess.run([*common, *sources, *kernels.values(), "-o", program, "-lm"], check=True)
    return program


def build_diffusion_kernel(compiler: str, directory: Path, isa: str) -> Path:
    """Compile the kernel of lines and planes for an instruction set, and link the test of it and of plans."""
    program = directory / f"test_diffusion_kernel_{isa}"
    kernel = directory / f"kernel_{isa}.o"
    common = [compiler, *COMMON, *SANITIZE, f"-I{DIFFUSION}", *(["-DPERFPY_X86_VARIANTS"] if X86 else [])]
    renamed = [*KERNEL_LIMITS, "-DKERNEL_NAME=perfpy_diffusion_baseline"]
    subprocess.run([*common, *ISAS[isa], *renamed, "-c", DIFFUSION / "kernel.c", "-o", kernel], check=True)
    objects = [kernel]
    for source in ("plan", "memory"):
        objects.append(directory / f"{source}.o")
        compile_one = [*common, *KERNEL_LIMITS, "-c", DIFFUSION / f"{source}.c", "-o", objects[-1]]
        subprocess.run(compile_one, check=True)
    sources = [HERE / "test_diffusion_kernel.c", EXT / "common" / "isa.c"]
    subprocess.run([*common, *sources, *objects, "-o", program, "-lm", "-lpthread"], check=True)
    return program


def build_primes(
    compiler: str, directory: Path, test: str, kernels: dict[str, list[str]], sources: str, flags: list[str]
) -> Path:
    """Compile kernels of primes with flags, everything else for the baseline, and link their test."""
    program = directory / test
    common = [compiler, *COMMON, *SANITIZE, f"-I{PRIMES}"]
    allocator = [f"-D{name}=test_{name}" for name in ("malloc", "calloc", "aligned_alloc")]
    objects = []
    for source, named in {**kernels, **{source: [] for source in sources.split()}}.items():
        objects.append(directory / f"{source}.o")
        chosen = [*allocator, *named, *(flags if source in kernels else [])]
        subprocess.run([*common, *chosen, "-c", PRIMES / f"{source}.c", "-o", objects[-1]], check=True)
    subprocess.run([*common, HERE / f"{test}.c", *objects, "-o", program, "-lm"], check=True)
    return program


def build_trie_fast(compiler: str, directory: Path, isa: str, limits: list[str]) -> Path:
    """Compile the fast layout of tries, its reader for an instruction set, and link its test."""
    program = directory / f"test_trie_fast_{isa}"
    common = [compiler, *COMMON, *SANITIZE, f"-I{TRIE}"]
    allocator = [f"-D{name}=test_{name}" for name in ("malloc", "calloc", "realloc")]
    objects = []
    for source in sorted(TRIE.glob("fast_*.c")):
        if source.stem == "fast_variant":
            continue
        objects.append(directory / f"{source.stem}.o")
        named = [*ISAS[isa], "-DLAYOUT_NAME=perfpy_trie_fast"] if source.stem == "fast_read" else []
        chosen = [*allocator, *named, *limits, POLLS]
        subprocess.run([*common, *chosen, "-c", source, "-o", objects[-1]], check=True)
    objects.append(directory / "fast_optimised.o")
    chosen = [*OPTIMISE, *ISAS[isa], "-DLAYOUT_NAME=perfpy_trie_fast_optimised"]
    subprocess.run([compiler, *COMMON, *chosen, "-c", TRIE / "fast_read.c", "-o", objects[-1]], check=True)
    subprocess.run([*common, POLLS, HERE / "test_trie_fast.c", *objects, "-o", program], check=True)
    return program


def build_pi(compiler: str, directory: Path, isa: str) -> Path:
    """Compile the count of random points for an instruction set, and link its test."""
    program, kernel = directory / f"test_pi_kernel_{isa}", directory / "kernel.o"
    common = [compiler, *COMMON, *SANITIZE, f"-I{PI}"]
    named = ["-DKERNEL_NAME=perfpy_pi_baseline", "-DGROUPS_BETWEEN_POLLS=1"]
    subprocess.run([*common, *ISAS[isa], *named, "-c", PI / "kernel.c", "-o", kernel], check=True)
    subprocess.run([*common, HERE / "test_pi_kernel.c", kernel, "-o", program], check=True)
    return program


def build_sieve(compiler: str, directory: Path, isa: str) -> Path:
    """Compile the sieve for an instruction set, everything else for the baseline, and link its test."""
    program = directory / f"test_primes_sieve_{isa}"
    kernel, machine = directory / f"sieve_{isa}.o", directory / "sieve_machine.o"
    common = [compiler, *COMMON, *SANITIZE, f"-I{PRIMES}"]
    variants = ["-DPERFPY_X86_VARIANTS"] if X86 else []
    renamed = ["-DKERNEL_NAME=perfpy_sieve_baseline", "-Dmalloc=test_malloc"]
    subprocess.run([*common, *ISAS[isa], *renamed, "-c", PRIMES / "sieve.c", "-o", kernel], check=True)
    # Without the variants, which this program has not.
    subprocess.run([*common, "-c", PRIMES / "sieve_machine.c", "-o", machine], check=True)
    sources = [HERE / "test_primes_sieve.c", PRIMES / "presieve.c", EXT / "common" / "isa.c"]
    subprocess.run([*common, *variants, *sources, kernel, machine, "-o", program, "-lm"], check=True)
    return program


def build_trie_compact(compiler: str, directory: Path, how: list[str]) -> Path:
    """Compile the compact layout of tries, with sanitizers or as users have it, and link its test."""
    program = directory / "test_trie_compact"
    common = [compiler, *COMMON, *how, f"-I{TRIE}"]
    allocator = [f"-D{name}=test_{name}" for name in ("malloc", "calloc", "realloc")]
    limits = ["-DSAMPLE_OPS=20000", "-DWINDOW_OPS=1500", "-DLEAST_OCCURRENCES=3"]
    objects = []
    for source in sorted(TRIE.glob("compact*.c")):
        objects.append(directory / f"{source.stem}.o")
        subprocess.run([*common, *allocator, *limits, "-c", source, "-o", objects[-1]], check=True)
    subprocess.run([*common, HERE / "test_trie_compact.c", *objects, "-o", program, "-lm"], check=True)
    return program


def build_trie_sorting(compiler: str, directory: Path) -> Path:
    """Compile what sorts and merges the keys of tries, with small buffers, and link its test."""
    program = directory / "test_trie_sorting"
    common = [compiler, *COMMON, *SANITIZE, f"-I{TRIE}"]
    allocator = [f"-D{name}=test_{name}" for name in ("malloc", "calloc", "realloc")]
    limits = {"growing": ["-DKEYS_BETWEEN_POLLS=50", "-DLONG=6"], "merge": ["-DBUFFER=64"]}
    objects = []
    for source, smaller in limits.items():
        objects.append(directory / f"{source}.o")
        compile_one = [*common, *allocator, *smaller, "-c", TRIE / f"{source}.c", "-o", objects[-1]]
        subprocess.run(compile_one, check=True)
    subprocess.run([*common, HERE / "test_trie_sorting.c", *objects, "-o", program], check=True)
    return program


def build_sketches(
    compiler: str,
    directory: Path,
    test: str,
    kernels: dict[str, str],
    sources: list[str],
    isa: str = "baseline",
) -> Path:
    """Compile kernels for an instruction set, with sanitizers and as users have them, and link their test.

    `kernels` are sources and what they call themselves; the two of each are named as different variants.
    """
    common = [compiler, *COMMON, f"-I{EXT / test.removeprefix('test_').split('_')[0]}"]
    allocator = [f"-D{name}=test_{name}" for name in ("malloc", "calloc", "realloc")]
    compiled = [(source, [*SANITIZE, *allocator], Path(source).stem) for source in sources]
    for source, name in kernels.items():
        for variant, how in {"baseline": SANITIZE, "avx512": OPTIMISE}.items():
            named = [*how, *ISAS[isa], f"-D{name}_{variant}"]
            compiled.append((source, named, f"{Path(source).stem}_{variant}"))
    objects = [directory / f"{name}.o" for _, _, name in compiled]
    for (source, flags, _), made in zip(compiled, objects, strict=True):
        subprocess.run([*common, *flags, *PYTHON, "-c", EXT / f"{source}.c", "-o", made], check=True)
    program = directory / test
    link = [*common, *SANITIZE, *PYTHON, HERE / f"{test}.c", *objects, "-o", program, "-lm"]
    subprocess.run(link, check=True)
    return program


def failures(program: Path, isa: str, cases: int) -> str:
    """Run a test program on random cases; return what it or a sanitizer finds. Skip what cannot run here."""
    result = subprocess.run([program, isa, str(cases), "20260101"], capture_output=True, text=True)
    if result.returncode == CANNOT_RUN:
        pytest.skip(result.stdout.strip())
    return f"status {result.returncode}: {result.stdout}{result.stderr}" if result.returncode else ""


@pytest.mark.parametrize("isa", ISAS)
def test_julia_kernel(compiler: str, tmp_path: Path, isa: str) -> None:
    assert not failures(build(compiler, tmp_path, isa), isa, GRIDS)


@pytest.mark.parametrize("isa", ISAS)
def test_diffusion_kernel(compiler: str, tmp_path: Path, isa: str) -> None:
    assert not failures(build_diffusion_kernel(compiler, tmp_path, isa), isa, FIELDS)


@pytest.mark.parametrize("isa", ISAS)
def test_diffusion_volume(compiler: str, tmp_path: Path, isa: str) -> None:
    assert not failures(build_diffusion(compiler, tmp_path, isa, "volume", VOLUME_LIMITS), isa, FIELDS)


@pytest.mark.parametrize("isa", ISAS)
def test_diffusion_implicit(compiler: str, tmp_path: Path, isa: str) -> None:
    assert not failures(build_diffusion(compiler, tmp_path, isa, "implicit", IMPLICIT_LIMITS), isa, FIELDS)


@pytest.mark.parametrize("isa", COUNT_ISAS)
@pytest.mark.parametrize("limit", [[], ["-DCOUNT_BY_INVERSE=UINT64_C(10000)"]], ids=["inverse", "exact"])
def test_primes_count(compiler: str, tmp_path: Path, isa: str, limit: list[str]) -> None:
    kernels = {
        f"leaves_{leaves}": [
            f"-DKERNEL_{leaves.upper()}=perfpy_count_{leaves}_baseline",
            "-DCYCLES_BETWEEN_POLLS=200000",
            *limit,
        ]
        for leaves in ("easy", "hard")
    }
    sources = "count count_nth count_pi count_plan count_wheel"
    program = build_primes(compiler, tmp_path, "test_primes_count", kernels, sources, COUNT_ISAS[isa])
    assert not failures(program, isa, COUNTS)


@pytest.mark.parametrize("isa", ARITHMETIC_ISAS)
def test_primes_arithmetic(compiler: str, tmp_path: Path, isa: str) -> None:
    kernels = {"is_prime_array": ["-DKERNEL_NAME=perfpy_is_prime_baseline"]}
    sources = "is_prime factor"
    flags = ARITHMETIC_ISAS[isa]
    program = build_primes(compiler, tmp_path, "test_primes_arithmetic", kernels, sources, flags)
    assert not failures(program, isa, NUMBERS)


@pytest.mark.parametrize("isa", ISAS)
def test_pi_kernel(compiler: str, tmp_path: Path, isa: str) -> None:
    assert not failures(build_pi(compiler, tmp_path, isa), isa, RANGES)


@pytest.mark.parametrize("isa", ISAS)
def test_primes_sieve(compiler: str, tmp_path: Path, isa: str) -> None:
    assert not failures(build_sieve(compiler, tmp_path, isa), isa, WINDOWS)


@pytest.mark.parametrize("how", [SANITIZE, OPTIMISE], ids=["sanitized", "optimised"])
def test_trie_compact(compiler: str, tmp_path: Path, how: list[str]) -> None:
    assert not failures(build_trie_compact(compiler, tmp_path, how), "baseline", SETS)


def test_trie_sorting(compiler: str, tmp_path: Path) -> None:
    assert not failures(build_trie_sorting(compiler, tmp_path), "baseline", SETS)


@pytest.mark.parametrize("isa", ISAS)
def test_trie_fast(compiler: str, tmp_path: Path, isa: str) -> None:
    limits = {
        "baseline": ["-DMOST_EDGES=300", "-DMOST_IN_TEXTS=-1", "-DLEAST_KEYS=3", "-DCACHED_BYTES=0"],
        "avx2": [
            *("-DMOST_EDGES=50", "-DMOST_IN_TEXTS=-1", "-DLEAST_KEYS=100"),
            *("-DLARGEST_3_BYTES=1000", "-DNARROW_BITS=18", "-DCACHED_BYTES=0"),
        ],
        "avx512": ["-DCACHED_BYTES=3000", "-DNARROW_BITS=20"],
    }
    assert not failures(build_trie_fast(compiler, tmp_path, isa, limits[isa]), isa, SETS // 8)


@pytest.mark.parametrize("isa", ISAS)
def test_hashing(compiler: str, tmp_path: Path, isa: str) -> None:
    kernels = {"hashing/numbers": "TABLE_NAME=perfpy_numbers"}
    program = build_sketches(
        compiler, tmp_path, "test_hashing", kernels, ["hashing/hash", "hashing/text"], isa
    )
    assert not failures(program, isa, SKETCHES)


def test_hashing_columns(compiler: str, tmp_path: Path) -> None:
    kernels = {"hashing/numbers": "TABLE_NAME=perfpy_numbers"}
    sources = ["hashing/hash", "hashing/column"]
    program = build_sketches(compiler, tmp_path, "test_hashing_columns", kernels, sources)
    assert not failures(program, "baseline", 3 * SKETCHES)


@pytest.mark.parametrize("isa", ISAS)
def test_bloom(compiler: str, tmp_path: Path, isa: str) -> None:
    kernels = {"bloom/layouts": "OPERATIONS_NAME=perfpy_bloom"}
    program = build_sketches(compiler, tmp_path, "test_bloom", kernels, ["bloom/geometry"], isa)
    assert not failures(program, isa, SKETCHES)


@pytest.mark.parametrize("isa", ISAS)
def test_cardinality(compiler: str, tmp_path: Path, isa: str) -> None:
    kernels = {
        f"cardinality/{name}": f"OPERATIONS_NAME=perfpy_{name}" for name in ("hyperloglog", "exaloglog")
    }
    sources = ["cardinality/distinct", "cardinality/hash_set", "cardinality/exaloglog_evidence"]
    program = build_sketches(compiler, tmp_path, "test_cardinality", kernels, sources, isa)
    assert not failures(program, isa, SKETCHES)


def test_counting(compiler: str, tmp_path: Path) -> None:
    sources = ["counting/store", "cardinality/count_min"]
    assert not failures(
        build_sketches(compiler, tmp_path, "test_counting", {}, sources), "baseline", 3 * SKETCHES
    )
