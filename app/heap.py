"""Garbage collection around a start: what is imported and built then is not garbage."""

import gc


def begin() -> None:
    """Collect nothing until `settle`: a fifth of a start goes into looking through what stays."""
    gc.disable()


def settle() -> None:
    """Leave what lives as long as the process, most of its heap, out of every later collection."""
    gc.collect()
    gc.freeze()
    gc.enable()
