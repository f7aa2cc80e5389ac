"""Garbage collection around a start, whose objects live as long as the process.

It imports nothing, so that a command can pause the collection before it imports the rest.
"""

import gc

# Objects that are made before the young ones are looked through.
_YOUNG = 10_000


def pause() -> None:
    """Collect nothing until `freeze`: a fifth of a start would go into scanning objects that stay."""
    gc.disable()


def freeze() -> None:
    """Leave the present objects, most of the heap, out of every later collection.

    The rest is looked through seldom: each cache hit makes a few objects that stay for a moment.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(_YOUNG, 10, 10)
    gc.enable()
