"""Frozen values that every layer speaks in. Nothing here does I/O or imports a sibling package."""
