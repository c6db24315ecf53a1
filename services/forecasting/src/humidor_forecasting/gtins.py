"""Item numbers as facts carry them."""

_LENGTHS = frozenset((8, 12, 13))


def lenient_gtin(text: str) -> str:
    """Bring what looks like a GTIN to 14 digits and leave anything else as it is: the sale has happened."""
    return text.zfill(14) if len(text) in _LENGTHS and text.isascii() and text.isdigit() else text
