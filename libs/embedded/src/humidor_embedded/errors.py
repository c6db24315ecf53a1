"""What goes wrong with the embedded engines, said so that an operator can act on it."""


class EmbeddedError(Exception):
    """An embedded engine cannot be prepared, started or reached; the message says what to do."""
