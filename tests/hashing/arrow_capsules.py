"""Arrow data without any package for it, sound or damaged, that count their releases."""

from __future__ import annotations

import ctypes
from ctypes import CFUNCTYPE, POINTER, Structure, c_char_p, c_int, c_int64, c_void_p

_release = CFUNCTYPE(None, c_void_p)
_REASON = ctypes.create_string_buffer(b"out of paper")
_new = ctypes.pythonapi.PyCapsule_New
_new.restype, _new.argtypes = ctypes.py_object, [c_void_p, c_char_p, c_void_p]


class Schema(Structure):
    """``struct ArrowSchema``."""


Schema._fields_ = [
    ("format", c_char_p),
    ("name", c_char_p),
    ("metadata", c_void_p),
    ("flags", c_int64),
    ("n_children", c_int64),
    ("children", c_void_p),
    ("dictionary", POINTER(Schema)),
    ("release", c_void_p),
    ("private_data", c_void_p),
]


class Array(Structure):
    """``struct ArrowArray``."""


Array._fields_ = [
    ("length", c_int64),
    ("null_count", c_int64),
    ("offset", c_int64),
    ("n_buffers", c_int64),
    ("n_children", c_int64),
    ("buffers", POINTER(c_void_p)),
    ("children", c_void_p),
    ("dictionary", POINTER(Array)),
    ("release", c_void_p),
    ("private_data", c_void_p),
]


class Stream(Structure):
    """``struct ArrowArrayStream``."""

    _fields_ = [
        ("get_schema", CFUNCTYPE(c_int, c_void_p, POINTER(Schema))),
        ("get_next", CFUNCTYPE(c_int, c_void_p, POINTER(Array))),
        ("get_last_error", CFUNCTYPE(c_void_p, c_void_p)),
        ("release", c_void_p),
        ("private_data", c_void_p),
    ]


class Producer:
    """An array of a format, made of buffers (bytes or None), that knows how often it was released."""

    def __init__(self, format_, length, buffers, *, offset=0, nulls=-1, dictionary=None, metadata=None):
        self.released = 0
        self._kept = [
            ctypes.create_string_buffer(b, max(len(b), 1)) if b is not None else None for b in buffers
        ]
        pointers = [ctypes.cast(b, c_void_p).value if b is not None else None for b in self._kept]
        self._pointers = (c_void_p * max(len(pointers), 1))(*pointers)
        self._callback = _release(self._count)
        address = ctypes.cast(self._callback, c_void_p).value
        self._schema_callback = _release(lambda _: None)
        self._metadata = metadata and ctypes.create_string_buffer(metadata, len(metadata))
        self.schema = Schema(
            format=format_,
            metadata=ctypes.cast(self._metadata, c_void_p) if metadata else None,
            release=ctypes.cast(self._schema_callback, c_void_p).value,
        )
        self.array = Array(length, nulls, offset, len(buffers), 0, self._pointers, release=address)
        if dictionary is not None:
            self._dictionary = dictionary
            self.schema.dictionary = ctypes.pointer(dictionary.schema)
            self.array.dictionary = ctypes.pointer(dictionary.array)

    def _count(self, address):
        self.released += 1
        Array.from_address(address).release = None

    def __arrow_c_array__(self, requested_schema=None):
        """Hand out the structures."""
        schema = _new(ctypes.addressof(self.schema), b"arrow_schema", None)
        return schema, _new(ctypes.addressof(self.array), b"arrow_array", None)


class Chunks:
    """A stream of such arrays, which may fail at its end."""

    def __init__(self, *producers, error=0):
        self.released = 0
        self._producers = list(producers)
        self._left = list(producers)
        self._error = error
        self._schema_callback = _release(self._schema_released)
        self._stream_callback = _release(self._count)
        self._stream = Stream(
            type(self)._type("get_schema")(self._get_schema),
            type(self)._type("get_next")(self._get_next),
            type(self)._type("get_last_error")(lambda _: ctypes.addressof(_REASON)),
            ctypes.cast(self._stream_callback, c_void_p).value,
        )

    @staticmethod
    def _type(name):
        return dict(Stream._fields_[:3])[name]

    def _schema_released(self, address):
        Schema.from_address(address).release = None

    def _count(self, address):
        self.released += 1
        Stream.from_address(address).release = None

    def _get_schema(self, _, out):
        ctypes.memmove(out, ctypes.addressof(self._producers[0].schema), ctypes.sizeof(Schema))
        out[0].release = ctypes.cast(self._schema_callback, c_void_p).value
        return 0

    def _get_next(self, _, out):
        if self._left:
            ctypes.memmove(out, ctypes.addressof(self._left.pop(0).array), ctypes.sizeof(Array))
            return 0
        return self._error

    def __arrow_c_stream__(self, requested_schema=None):
        """Hand out the stream."""
        return _new(ctypes.addressof(self._stream), b"arrow_array_stream", None)
