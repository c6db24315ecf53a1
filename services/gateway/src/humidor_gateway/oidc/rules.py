"""What a provider's claims mean here: pure decisions."""

import base64
import hashlib
from collections.abc import Collection, Mapping
from typing import Any
from urllib.parse import urlencode

from humidor_common.auth.scopes import ROLES

CLOCK_LEEWAY_SECONDS = 60


class Refused(Exception):  # noqa: N818 - the text says why and is for the log
    """The provider's answer proves nothing."""


def code_challenge(code_verifier: str) -> str:
    """Derive the S256 challenge of RFC 7636 §4.2."""
    return base64.urlsafe_b64encode(hashlib.sha256(code_verifier.encode()).digest()).rstrip(b"=").decode()


def authorization_url(endpoint: str, parameters: Mapping[str, str]) -> str:
    return endpoint + ("&" if "?" in endpoint else "?") + urlencode(parameters)


def check_id_token(claims: Mapping[str, Any], *, issuer: str, client_id: str, nonce: str, now: float) -> None:
    """Check the claims of an ID token whose signature holds (OpenID Connect Core §3.1.3.7).

    Raises:
        Refused: One of them does not hold.
    """
    audience = claims.get("aud")
    audiences = [audience] if isinstance(audience, str) else audience
    checks = {
        "iss": claims.get("iss") == issuer,
        "aud": isinstance(audiences, list) and client_id in audiences,
        "azp": claims.get("azp", client_id) == client_id,
        "exp": _number(claims.get("exp")) > now - CLOCK_LEEWAY_SECONDS,
        "iat": 0 <= _number(claims.get("iat")) < now + CLOCK_LEEWAY_SECONDS,
        "nonce": claims.get("nonce") == nonce,
        "sub": isinstance(claims.get("sub"), str) and 0 < len(claims["sub"]) <= 255,
    }
    wrong = [name for name, holds in checks.items() if not holds]
    if wrong:
        raise Refused(f"the ID token's {', '.join(wrong)} is not as expected")


def roles_of(claims: Mapping[str, Any], claim: str, mapping: Mapping[str, str]) -> list[str]:
    """Translate the provider's groups to roles; without a mapping, names that are roles count as they are.

    `claim` may point inside: `realm_access.roles`.
    """
    names = _names(claims, claim)
    roles = {mapping[name] for name in names if name in mapping} if mapping else set(names)
    return sorted(roles & set(ROLES))


def stores_of(claims: Mapping[str, Any], claim: str) -> list[str] | None:
    """Read the stores; `*` among them means every store, a missing claim none."""
    names = _names(claims, claim)
    return None if "*" in names else sorted(set(names))


def parse_roles(text: str) -> Mapping[str, str]:
    """Read `group-a=admin,group-b=clerk`.

    Raises:
        ValueError: An entry names no role of ours.
    """
    found: dict[str, str] = {}
    for entry in filter(None, (part.strip() for part in text.split(","))):
        group, separator, role = entry.rpartition("=")
        if not separator or role not in ROLES:
            raise ValueError(f"an entry of oidc_roles is group=role, not {entry!r}")
        found[group] = role
    return found


def _names(claims: Mapping[str, Any], path: str) -> Collection[str]:
    value: Any = claims
    for part in path.split("."):
        value = value.get(part) if isinstance(value, Mapping) else None
    if isinstance(value, str):
        return [value]
    return [name for name in value if isinstance(name, str)] if isinstance(value, list) else []


def _number(value: Any) -> float:
    return float(value) if isinstance(value, int | float) and not isinstance(value, bool) else -1.0
