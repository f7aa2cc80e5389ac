"""Garbage collection around a start: what is imported and built then is not garbage."""

import gc

# Objects that are made before the young ones are looked through.
_YOUNG = 10_000


def pause() -> None:
    """Collect nothing until `freeze`: a fifth of a start goes into looking through what stays."""
    gc.disable()


def freeze() -> None:
    """Leave what lives as long as the process, most of its heap, out of every later collection.

    The rest is looked through seldom: each cache hit makes a few objects that stay for a moment.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(_YOUNG, 10, 10)
    gc.enable()
