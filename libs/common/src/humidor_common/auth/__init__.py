"""Who calls, and what they may do: tokens issued by the gateway, verified by every service itself."""

from humidor_common.auth.principal import Kind, Principal
from humidor_common.auth.scopes import ROLE_SCOPES, ROLES, SCOPES, scopes_of
from humidor_common.auth.signing import (
    SigningKey,
    generate_signing_key,
    issue_token,
    jwks,
    load_or_create_signing_keys,
    load_signing_keys,
    rotate_signing_keys,
    save_signing_keys,
    sign_principal,
)
from humidor_common.auth.tokens import InvalidToken, TokenVerifier

__all__ = [
    "ROLES",
    "ROLE_SCOPES",
    "SCOPES",
    "InvalidToken",
    "Kind",
    "Principal",
    "SigningKey",
    "TokenVerifier",
    "generate_signing_key",
    "issue_token",
    "jwks",
    "load_or_create_signing_keys",
    "load_signing_keys",
    "rotate_signing_keys",
    "save_signing_keys",
    "scopes_of",
    "sign_principal",
]
