"""The services behind the routes, each holding everything in memory.

Each derives from the real service, so that mypy holds their methods together.
"""
