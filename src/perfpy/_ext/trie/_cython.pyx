# cython: boundscheck=False, wraparound=False, cdivision=True
"""Sorted keys, searched by bisection over their first eight bytes as numbers, then over their bytes.

The memory is the caller's, who has checked that every key is inside. Nothing changes, so that several threads may
search at once.
"""

cimport cython

from cpython.exc cimport PyErr_CheckSignals
from libc.stdint cimport int64_t, uint64_t
from libc.string cimport memcmp

cdef extern from "Python.h":
    bint PyUnicode_IS_ASCII(object text)
    const void *PyUnicode_DATA(object text)
    Py_ssize_t PyUnicode_GET_LENGTH(object text)
    const char *PyBytes_AS_STRING(object data)
    Py_ssize_t PyBytes_GET_SIZE(object data)

cdef enum:
    WORD = 8
    KEYS_BETWEEN_POLLS = 1 << 14


@cython.auto_pickle(False)
cdef class Sorted:
    """Sorted keys as offsets, first eight bytes and all bytes; none before some are attached."""

    cdef const uint64_t[::1] _ends, _first
    cdef const unsigned char[::1] _content
    cdef const unsigned char *_begin
    cdef Py_ssize_t _count
    cdef bint _is_text

    def _attach(self, offsets, heads, content, bint text, /):
        """Search these keys from now on; called once."""
        self._ends = offsets
        self._first = heads
        self._content = content
        self._begin = &self._content[0] if self._content.shape[0] else NULL
        if self._ends.shape[0] != self._first.shape[0] + 1:
            raise ValueError("offsets must be one more than heads")
        self._count = self._first.shape[0]
        self._is_text = text

    def __contains__(self, key, /):
        return self._rank_of(key) >= 0

    def _find(self, key, /):
        """Return the rank of a key, or -1."""
        return self._rank_of(key)

    def _lower(self, key, /):
        """Return how many keys are below this one."""
        cdef bytes kept
        if isinstance(key, str) and not PyUnicode_IS_ASCII(key):
            kept = key.encode("utf-8", "surrogatepass")
            return self._below(<const unsigned char *>PyBytes_AS_STRING(kept), PyBytes_GET_SIZE(kept))
        if isinstance(key, str):
            return self._below(<const unsigned char *>PyUnicode_DATA(key), PyUnicode_GET_LENGTH(key))
        return self._below(<const unsigned char *>PyBytes_AS_STRING(key), PyBytes_GET_SIZE(key))

    def _ranks_of(self, keys, int64_t[::1] ranks, /):
        """Find the rank of each key of a list or tuple, or -1."""
        cdef Py_ssize_t place
        for place, key in enumerate(keys):
            if place >= ranks.shape[0]:
                raise ValueError("keys grew while they were looked up")
            ranks[place] = self._rank_of(key)
            if place % KEYS_BETWEEN_POLLS == KEYS_BETWEEN_POLLS - 1:
                PyErr_CheckSignals()

    cdef Py_ssize_t _rank_of(self, key) except -2:
        cdef bytes kept
        if self._is_text:
            if not isinstance(key, str):
                return -1
            if PyUnicode_IS_ASCII(key):
                return self._equal(<const unsigned char *>PyUnicode_DATA(key), PyUnicode_GET_LENGTH(key))
            kept = key.encode("utf-8", "surrogatepass")
        elif isinstance(key, bytes):
            kept = key
        else:
            return -1
        return self._equal(<const unsigned char *>PyBytes_AS_STRING(kept), PyBytes_GET_SIZE(kept))

    cdef Py_ssize_t _equal(self, const unsigned char *key, Py_ssize_t length) noexcept nogil:
        """Return the rank of a key, or -1."""
        cdef Py_ssize_t rank = self._below(key, length)
        return rank if rank < self._count and self._compare(rank, key, length) == 0 else -1

    cdef Py_ssize_t _below(self, const unsigned char *key, Py_ssize_t length) noexcept nogil:
        """Return how many keys are below this one."""
        cdef uint64_t head = _head(key, length)
        cdef Py_ssize_t low = 0, left = self._count, half
        while left > 0:  # to the first key whose head is not below
            half = left >> 1
            if self._first[low + half] < head:
                low += half + 1
                left -= half + 1
            else:
                left = half
        left = self._count - low
        cdef Py_ssize_t step = 1
        while step < left and self._first[low + step] == head:  # past those with the same head, in growing steps
            step <<= 1
        left = min(step, left)
        while left > 0:
            half = left >> 1
            if self._first[low + half] == head and self._compare(low + half, key, length) < 0:
                low += half + 1
                left -= half + 1
            else:
                left = half
        return low

    cdef int _compare(self, Py_ssize_t rank, const unsigned char *key, Py_ssize_t length) noexcept nogil:
        """Tell whether the key of a rank is less than (< 0), equal to or greater than this one."""
        cdef Py_ssize_t begin = <Py_ssize_t>self._ends[rank]
        cdef Py_ssize_t size = <Py_ssize_t>self._ends[rank + 1] - begin
        cdef Py_ssize_t both = min(size, length)
        cdef int order = memcmp(self._begin + begin, key, both) if both else 0
        return order if order else (size > length) - (size < length)


cdef inline uint64_t _head(const unsigned char *key, Py_ssize_t length) noexcept nogil:
    """Return the first eight bytes of a key as a number that orders keys; zeros stand for what it lacks."""
    cdef uint64_t head = 0
    cdef Py_ssize_t place
    for place in range(WORD):
        head = head << 8 | (key[place] if place < length else 0)
    return head
