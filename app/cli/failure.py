"""What ends a command early."""


class CommandFailed(Exception):
    """A command that cannot go on. The message is one line that says what to do about it."""
