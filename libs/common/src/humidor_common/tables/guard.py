"""The apostrophe that keeps a spreadsheet from taking a text for a formula or a number.

A cell that begins with `=`, `+`, `-`, `@` (also in full width), a tab or a carriage return is a formula to
Excel and LibreOffice even between quotes (OWASP, CSV injection). A leading apostrophe makes it text. What
`guard` writes `unguard` reads back as it was, and so it does the apostrophes before numbers.
"""

import re

_DANGEROUS = re.compile("'*[=+\\-@\t\r＝＋－＠]")
_QUOTED = re.compile("''*[=+\\-@\t\r0-9＝＋－＠]")
_QUOTED_NUMBER = re.compile("''*[0-9]")


def guard(text: str) -> str:
    """Put an apostrophe before a text that would be a formula: `=1+1` becomes `'=1+1`."""
    return "'" + text if _DANGEROUS.match(text) or _QUOTED_NUMBER.match(text) else text


def unguard(text: str) -> str:
    """Take off the apostrophe before what would be a formula or a number: `'690…` becomes `690…`."""
    return text[1:] if _QUOTED.match(text) else text
