"""The services' addresses as one setting."""

import re
from collections.abc import Mapping


def parse_upstreams(text: str) -> Mapping[str, str]:
    """Read `pos=http://127.0.0.1:8101,inventory=http://127.0.0.1:8102`.

    Raises:
        ValueError: An entry is not `name=http(s)://host[:port]`.
    """
    found: dict[str, str] = {}
    for entry in filter(None, (part.strip() for part in text.split(","))):
        name, separator, url = entry.partition("=")
        well_formed = re.fullmatch(r"https?://[^/?#@\s]+/?", url)
        if not separator or not re.fullmatch(r"[a-z][a-z0-9-]{0,30}", name) or not well_formed:
            raise ValueError(f"an upstream is name=http://host:port, not {entry!r}")
        if name in found:
            raise ValueError(f"the upstream {name!r} is given twice")
        found[name] = url.rstrip("/")
    return found
