# cython: boundscheck=False, wraparound=False, cdivision=True
"""A filter whose loops over words are turned into SIMD instructions by the C compiler, where it can.

The memory is the caller's, as for the class of the C extension. Keys are hashed, and threads kept apart, by what all
structures share. Several threads may use a filter at once.
"""

import sys

cimport cython

from cpython.buffer cimport PyBUF_C_CONTIGUOUS, PyBUF_FORMAT, PyBUF_WRITABLE, PyBuffer_Release, PyObject_GetBuffer
from cpython.exc cimport PyErr_CheckSignals
from libc.stddef cimport ptrdiff_t
from libc.stdint cimport uint16_t, uint32_t, uint64_t, uintptr_t

cdef extern from "layouts.h":
    enum:
        BLOOM_CLASSIC
        BLOOM_COUNTING
        BLOOM_WORDS
        BLOOM_SUBSETS
    const uint32_t bloom_salts[BLOOM_WORDS]
    uint64_t bloom_part(uint64_t hash_, uint64_t count) noexcept nogil
    uint64_t bloom_step(uint64_t hash_) noexcept nogil
    uint64_t perfpy_bloom_bytes(int layout, uint64_t size, int probes) noexcept nogil
    void perfpy_bloom_subsets(int probes, uint16_t *subsets) noexcept nogil

cdef extern from "../hashing/structures.h":
    enum perfpy_isa:
        pass
    struct perfpy_key_types:
        pass
    struct perfpy_hasher:
        const perfpy_key_types *types
        perfpy_isa isa
    struct perfpy_structures:
        perfpy_key_types keys
        perfpy_isa isa
    struct perfpy_keys:
        Py_ssize_t count
    enum:
        PERFPY_BATCH
    int perfpy_key_types_import(perfpy_key_types *types) except -1
    perfpy_hasher perfpy_hasher_from(uint64_t seed, const perfpy_structures *structures) noexcept
    int perfpy_hash_key(object key, const perfpy_hasher *hasher, uint64_t *hash_) except -1
    int perfpy_keys_open(perfpy_keys *keys, object items, const perfpy_hasher *hasher) except -1
    void perfpy_keys_close(perfpy_keys *keys) noexcept
    bint perfpy_keys_are_plain(const perfpy_keys *keys) noexcept
    Py_ssize_t perfpy_keys_next(perfpy_keys *keys, uint64_t *out, Py_ssize_t *valid) noexcept nogil
    Py_ssize_t next_objects "perfpy_keys_next" (perfpy_keys *keys, uint64_t *out, Py_ssize_t *valid) except -1

cdef extern from "../hashing/feed.h":
    enum:
        PERFPY_BATCHES_BETWEEN_POLLS
    struct perfpy_intake:
        pass
    ctypedef int perfpy_take(void *structure, const uint64_t *hashes, ptrdiff_t count) noexcept nogil
    int perfpy_intake_open(perfpy_intake *intake) except -1
    void perfpy_intake_close(perfpy_intake *intake) noexcept
    bint perfpy_intake_enter(perfpy_intake *intake) noexcept
    void perfpy_intake_leave(perfpy_intake *intake, bint locked) noexcept
    int perfpy_feed(
        perfpy_intake *intake, object items, const perfpy_hasher *hasher, perfpy_take *take, void *structure
    ) except -1

cdef extern from "../common/binding.h":
    int perfpy_choose_isa(object module, unsigned allowed, perfpy_isa *isa) except -1

cdef extern from *:
    """
    #ifdef __AVX2__
    enum { HAS_LANES = 1 };
    #else
    enum { HAS_LANES = 0 };
    #endif
    """
    enum:
        HAS_LANES  # vectors whose lanes are shifted each by a number of its own
    int lowest_bit "__builtin_ctz" (uint32_t number) noexcept nogil
    void prefetch "__builtin_prefetch" (const void *address, int to_write) noexcept nogil

cdef enum:
    FULL = 15  # a counter that came so far stays there
    NEAR_BYTES = 1 << 20  # what the second cache holds beside other things
    CLASSIC_AHEAD = 12  # keys between asking for lines and using them

cdef struct Bits:
    uint32_t *words
    uint64_t size
    int layout
    int probes
    int lines  # of a block: 1, but as the compiler does not know that, it makes vectors of the words of a line
    uint32_t salts[BLOOM_WORDS]
    uint16_t subsets[BLOOM_SUBSETS]

cdef perfpy_structures shared
perfpy_choose_isa(sys.modules[__name__], ~0u, &shared.isa)
perfpy_key_types_import(&shared.keys)


cdef inline uint32_t words_of(const Bits *bits, uint32_t low) noexcept nogil:
    """Return the words of a block, as a set, in which a key has a bit."""
    return bits.subsets[<uint32_t>(low * <uint32_t>0x7D29825D) >> 22]


cdef inline uint32_t bit_of(const Bits *bits, uint32_t low, int word) noexcept nogil:
    """Return which bit of a word."""
    return <uint32_t>(low * bits.salts[word]) >> 27


cdef inline uint32_t *block_of(const Bits *bits, uint64_t hash_) noexcept nogil:
    return bits.words + bloom_part(hash_, bits.size) * BLOOM_WORDS


cdef inline void set_bits(const Bits *bits, uint64_t hash_) noexcept nogil:
    cdef uint32_t low = <uint32_t>hash_
    cdef uint32_t words = words_of(bits, low)
    cdef uint32_t *block = block_of(bits, hash_)
    cdef int word
    if HAS_LANES:
        for word in range(bits.lines * BLOOM_WORDS):
            block[word] |= (words >> word & 1) << bit_of(bits, low, word)
    else:
        while words:
            word = lowest_bit(words)
            block[word] |= <uint32_t>1 << bit_of(bits, low, word)
            words &= words - 1


cdef inline bint has_bits(const Bits *bits, uint64_t hash_) noexcept nogil:
    cdef uint32_t low = <uint32_t>hash_
    cdef uint32_t words = words_of(bits, low)
    cdef const uint32_t *block = block_of(bits, hash_)
    cdef uint32_t missing = 0
    cdef int word
    if HAS_LANES:
        for word in range(bits.lines * BLOOM_WORDS):
            missing |= (words >> word & 1) << bit_of(bits, low, word) & ~block[word]
    else:
        while words:
            word = lowest_bit(words)
            missing |= ~block[word] >> bit_of(bits, low, word) & 1
            words &= words - 1
    return missing == 0


cdef inline void change_counters(const Bits *bits, uint64_t hash_, uint32_t by) noexcept nogil:
    """Add to the counters of a key, eight of four bits to a word."""
    cdef uint32_t low = <uint32_t>hash_
    cdef uint32_t words = words_of(bits, low)
    cdef uint32_t *block = bits.words + bloom_part(hash_, bits.size) * (4 * BLOOM_WORDS)
    cdef uint32_t place, shift
    cdef int word
    while words:
        word = lowest_bit(words)
        place = word * 32 + bit_of(bits, low, word)
        shift = place % 8 * 4
        if block[place // 8] >> shift & 15 != FULL:
            block[place // 8] += by << shift
        words &= words - 1


cdef inline bint has_counters(const Bits *bits, uint64_t hash_) noexcept nogil:
    cdef uint32_t low = <uint32_t>hash_
    cdef uint32_t words = words_of(bits, low)
    cdef const uint32_t *block = bits.words + bloom_part(hash_, bits.size) * (4 * BLOOM_WORDS)
    cdef uint32_t place
    cdef int word
    while words:
        word = lowest_bit(words)
        place = word * 32 + bit_of(bits, low, word)
        if block[place // 8] >> place % 8 * 4 & 15 == 0:
            return False
        words &= words - 1
    return True


cdef inline void set_classic(const Bits *bits, uint64_t hash_) noexcept nogil:
    cdef uint64_t step = bloom_step(hash_), position
    cdef int probe
    for probe in range(bits.probes):
        position = bloom_part(hash_, bits.size)
        bits.words[position // 32] |= <uint32_t>1 << position % 32
        hash_ += step


cdef inline bint has_classic(const Bits *bits, uint64_t hash_) noexcept nogil:
    cdef uint64_t step = bloom_step(hash_), position
    cdef int probe
    for probe in range(bits.probes):
        position = bloom_part(hash_, bits.size)
        if not bits.words[position // 32] >> position % 32 & 1:
            return False
        hash_ += step
    return True


cdef void ask_for_blocks(const Bits *bits, const uint64_t *hashes, ptrdiff_t count) noexcept nogil:
    """Let the misses of a batch overlap; a near filter has none."""
    cdef ptrdiff_t i
    if bits.layout != BLOOM_COUNTING and bits.size * 64 > NEAR_BYTES:
        for i in range(count):
            prefetch(block_of(bits, hashes[i]), 1)


cdef inline void ask_for_lines(const Bits *bits, uint64_t hash_) noexcept nogil:
    cdef uint64_t step = bloom_step(hash_)
    cdef int probe
    for probe in range(bits.probes):
        prefetch(bits.words + bloom_part(hash_, bits.size) // 32, 1)
        hash_ += step


cdef int take(void *structure, const uint64_t *hashes, ptrdiff_t count) noexcept nogil:
    """Add a batch."""
    cdef const Bits *bits = <const Bits *>structure
    cdef bint far = count > CLASSIC_AHEAD and bits.size // 8 > NEAR_BYTES
    cdef ptrdiff_t i
    if bits.layout == BLOOM_CLASSIC:
        for i in range(count):
            if far and i + CLASSIC_AHEAD < count:
                ask_for_lines(bits, hashes[i + CLASSIC_AHEAD])
            set_classic(bits, hashes[i])
    elif bits.layout == BLOOM_COUNTING:
        for i in range(count):
            change_counters(bits, hashes[i], 1)
    else:
        ask_for_blocks(bits, hashes, count)
        for i in range(count):
            set_bits(bits, hashes[i])
    return 0


cdef void look_up(const Bits *bits, const uint64_t *hashes, ptrdiff_t count, unsigned char *found) noexcept nogil:
    """Look a batch up."""
    cdef bint far = count > CLASSIC_AHEAD and bits.size // 8 > NEAR_BYTES
    cdef ptrdiff_t i
    if bits.layout == BLOOM_CLASSIC:
        for i in range(count):
            if far and i + CLASSIC_AHEAD < count:
                ask_for_lines(bits, hashes[i + CLASSIC_AHEAD])
            found[i] = has_classic(bits, hashes[i])
    elif bits.layout == BLOOM_COUNTING:
        for i in range(count):
            found[i] = has_counters(bits, hashes[i])
    else:
        ask_for_blocks(bits, hashes, count)
        for i in range(count):
            found[i] = has_bits(bits, hashes[i])


@cython.auto_pickle(False)
cdef class Filter:
    """A filter in the memory of a uint64 array aligned to 64 bytes."""

    cdef Py_buffer memory
    cdef Bits bits
    cdef perfpy_hasher hasher
    cdef perfpy_intake intake

    def __cinit__(self, memory, int layout, unsigned long long size, int probes, unsigned long long seed):
        cdef uint64_t needed = perfpy_bloom_bytes(layout, size, probes)
        PyObject_GetBuffer(memory, &self.memory, PyBUF_C_CONTIGUOUS | PyBUF_FORMAT)
        if not needed or <uint64_t>self.memory.len != needed or <uintptr_t>self.memory.buf % 64:
            raise ValueError("memory must be aligned to 64 bytes and as large as the geometry asks for")
        perfpy_intake_open(&self.intake)
        self.bits.words = <uint32_t *>self.memory.buf
        self.bits.size = size
        self.bits.layout = layout
        self.bits.probes = probes
        self.bits.lines = 1
        self.bits.salts = bloom_salts
        if layout != BLOOM_CLASSIC:
            perfpy_bloom_subsets(probes, self.bits.subsets)
        self.hasher = perfpy_hasher_from(seed, &shared)

    def __dealloc__(self):
        if self.memory.obj is not None:
            PyBuffer_Release(&self.memory)
        perfpy_intake_close(&self.intake)

    cdef int check_writable(self) except -1:
        if self.memory.readonly:
            raise ValueError("the filter is read-only, as it was loaded so; change a copy()")
        return 0

    cdef bint has(self, uint64_t hash_):
        cdef unsigned char found
        look_up(&self.bits, &hash_, 1, &found)
        return found

    def add(self, key, /):
        """Add a key."""
        cdef uint64_t hash_
        self.check_writable()
        perfpy_hash_key(key, &self.hasher, &hash_)
        cdef bint locked = perfpy_intake_enter(&self.intake)
        take(&self.bits, &hash_, 1)
        perfpy_intake_leave(&self.intake, locked)

    def __contains__(self, key):
        cdef uint64_t hash_
        perfpy_hash_key(key, &self.hasher, &hash_)
        return self.has(hash_)

    def remove(self, key, /):
        """Take away a key that was added; only of a counting filter."""
        cdef uint64_t hash_
        self.check_writable()
        perfpy_hash_key(key, &self.hasher, &hash_)
        if self.bits.layout != BLOOM_COUNTING:
            raise TypeError("only a counting filter can remove keys; make one with counting=True")
        if not self.has(hash_):
            raise KeyError(key)
        cdef bint locked = perfpy_intake_enter(&self.intake)
        change_counters(&self.bits, hash_, <uint32_t>-1)
        perfpy_intake_leave(&self.intake, locked)

    def _update(self, keys, /):
        """Add all keys."""
        self.check_writable()
        perfpy_feed(&self.intake, keys, &self.hasher, take, &self.bits)

    def _test(self, keys, found, /):
        """Fill found, a bool array as long as keys, with whether each is in the filter."""
        cdef Py_buffer result
        cdef perfpy_keys source
        PyObject_GetBuffer(found, &result, PyBUF_C_CONTIGUOUS | PyBUF_WRITABLE)
        try:
            perfpy_keys_open(&source, keys, &self.hasher)
            try:
                if not perfpy_keys_are_plain(&source):
                    self.look_up_objects(&source, <unsigned char *>result.buf, result.len)
                elif source.count == result.len:
                    self.look_up_plain(&source, <unsigned char *>result.buf)
                else:
                    raise ValueError(f"found must have {source.count} elements, not {result.len}")
            finally:
                perfpy_keys_close(&source)
        finally:
            PyBuffer_Release(&result)

    cdef int look_up_plain(self, perfpy_keys *keys, unsigned char *found) except -1:
        """Look up keys that need no GIL."""
        cdef uint64_t hashes[PERFPY_BATCH]
        cdef Py_ssize_t valid, count
        cdef long batch = 0
        with nogil:
            while True:
                count = perfpy_keys_next(keys, hashes, &valid)
                if count <= 0:
                    break
                look_up(&self.bits, hashes, count, found)
                found += count
                batch += 1
                if batch % PERFPY_BATCHES_BETWEEN_POLLS == 0:
                    with gil:
                        PyErr_CheckSignals()
        return 0

    cdef int look_up_objects(self, perfpy_keys *keys, unsigned char *found, Py_ssize_t room) except -1:
        cdef uint64_t hashes[PERFPY_BATCH]
        cdef Py_ssize_t valid, done = 0
        cdef long batch = 0
        while True:
            count = next_objects(keys, hashes, &valid)
            if count == 0:
                break
            if count > room - done:
                raise ValueError("keys grew while they were looked up")
            look_up(&self.bits, hashes, count, found + done)
            done += count
            batch += 1
            if batch % PERFPY_BATCHES_BETWEEN_POLLS == 0:
                PyErr_CheckSignals()
        if done < room:
            raise ValueError("keys shrank while they were looked up")
        return 0
