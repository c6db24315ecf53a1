"""Cuts a stream of bytes into lines, with bounded memory."""

from collections.abc import AsyncIterable, AsyncIterator

from humidor_common.web.problems import Problem

LINE_MAX_BYTES = 1024 * 1024


async def lines_of(chunks: AsyncIterable[bytes]) -> AsyncIterator[list[bytes | Problem]]:
    """Yield the complete lines of each chunk; a line too long to keep is a `Problem` in its place."""
    rest = b""
    skipping = False
    async for chunk in chunks:
        *complete, rest = (rest + chunk).split(b"\n")
        lines: list[bytes | Problem] = []
        for line in complete:
            if skipping:
                skipping = False
            elif len(line) > LINE_MAX_BYTES:
                lines.append(too_long())
            elif line.strip():
                lines.append(line)
        if len(rest) > LINE_MAX_BYTES:
            if not skipping:
                lines.append(too_long())
            skipping, rest = True, b""
        if lines:
            yield lines
    if rest.strip() and not skipping:
        yield [rest]


def too_long() -> Problem:
    return Problem(413, "line-too-long", f"A line is longer than {LINE_MAX_BYTES} bytes.")
