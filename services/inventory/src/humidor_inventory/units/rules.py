"""Trade item numbers and packaging units; every product has factors of its own."""

from typing import Literal, NamedTuple

Unit = Literal["stick", "pack", "carton", "case"]
UNITS: tuple[Unit, ...] = ("stick", "pack", "carton", "case")

MAX_STICKS = 1_000_000_000_000
"""What one line may move: 20 million cases; a greater number is a mistake, and sums of it would overflow."""

_LENGTHS = frozenset((8, 12, 13, 14))


class Factors(NamedTuple):
    """How many sticks each unit of one product holds."""

    stick: int
    pack: int
    carton: int
    case: int

    @classmethod
    def of(cls, sticks_per_pack: int, packs_per_carton: int, cartons_per_case: int) -> "Factors":
        """Multiply up: (20, 10, 50) gives 1, 20, 200 and 10,000 sticks."""
        carton = sticks_per_pack * packs_per_carton
        return cls(1, sticks_per_pack, carton, carton * cartons_per_case)


def check_digit(body: str) -> str:
    """Compute the GS1 modulo-10 check digit of the digits before it.

    From the right the digits weigh 3, 1, 3 …: `check_digit("690102800123")` is `"6"`
    (GS1 General Specifications §7.9).
    """
    total = sum(int(digit) * (3 if i % 2 == 0 else 1) for i, digit in enumerate(reversed(body)))
    return str(-total % 10)


def normalise_gtin(text: str) -> str:
    """Bring a GTIN-8, -12, -13 or -14 to 14 digits.

    Raises:
        ValueError: If it is not one, or its check digit is wrong; the message says which.
    """
    if not (text.isascii() and text.isdigit() and len(text) in _LENGTHS):
        raise ValueError("a GTIN has 8, 12, 13 or 14 digits")
    expected = check_digit(text[:-1])
    if text[-1] != expected:
        raise ValueError(f"the check digit is {text[-1]} where {expected} belongs")
    return text.zfill(14)


def lenient_gtin(text: str) -> str:
    """Bring what looks like a GTIN to 14 digits and leave anything else as it is.

    For facts that have happened: a code that cannot be one is parked under its own text.
    """
    if len(text) != 14 and len(text) in _LENGTHS and text.isascii() and text.isdigit():
        return text.zfill(14)
    return text


def to_sticks(quantity: int, unit: Unit, factors: Factors) -> int:
    """Convert: 3 cartons of a (20, 10, 50) product are 600 sticks."""
    return quantity * int(getattr(factors, unit))


def in_unit(sticks: int, size: int) -> tuple[int, int]:
    """Split sticks into whole units of `size` sticks and the loose rest, both with the sign of `sticks`.

    45 sticks in packs of 20 are (2, 5); -45 are (-2, -5), never (-3, 15).
    """
    whole, loose = divmod(abs(sticks), size)
    return (whole, loose) if sticks >= 0 else (-whole, -loose)
