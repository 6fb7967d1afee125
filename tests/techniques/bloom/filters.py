"""Filters of every form, for the tests beside this file."""

from __future__ import annotations

import perfpy

FORMS = ("blocked", "classic", "counting")


def make(form, backend="c", capacity=1000, rate=0.01, **options):
    counting = form == "counting"
    layout = "blocked" if counting else form
    return perfpy.bloom_filter(capacity, rate, layout=layout, counting=counting, backend=backend, **options)
