import base64
import json
import time
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from joserfc import jwt
from joserfc.jwk import OctKey, OKPKey

from humidor_common.auth import (
    InvalidToken,
    Principal,
    SigningKey,
    TokenVerifier,
    generate_signing_key,
    issue_token,
    jwks,
    sign_principal,
)
from humidor_common.web.problems import Problem


@pytest.fixture
def verifier(tmp_path: Path, key: SigningKey) -> TokenVerifier:
    path = tmp_path / "jwks.json"
    path.write_text(json.dumps(jwks([key])))
    return TokenVerifier(str(path))


def claims_of(token: str) -> dict[str, Any]:
    body = token.split(".")[1]
    claims: dict[str, Any] = json.loads(base64.urlsafe_b64decode(body + "=="))
    return claims


def resign(key: SigningKey, *, header: dict[str, Any] | None = None, **changes: Any) -> str:
    claims = {**claims_of(issue_token(key, subject="anna", roles=["clerk"])), **changes}
    claims = {name: value for name, value in claims.items() if value is not ...}
    full = {"alg": "ES256", "kid": key.kid, "typ": "at+jwt", **(header or {})}
    return jwt.encode(full, claims, key.key, algorithms=["ES256"])


def part(value: dict[str, Any]) -> str:
    return base64.urlsafe_b64encode(json.dumps(value).encode()).rstrip(b"=").decode()


async def test_a_token_gives_back_its_principal(key: SigningKey, verifier: TokenVerifier) -> None:
    principal = Principal(
        subject="erp",
        kind="system",
        roles=frozenset(),
        scopes=frozenset({"pos:read", "inventory:write"}),
        stores=frozenset({"S0001", "S0002"}),
    )
    assert await verifier.verify(sign_principal(key, principal)) == principal


async def test_no_stores_in_the_token_means_every_store(key: SigningKey, verifier: TokenVerifier) -> None:
    assert (await verifier.verify(issue_token(key, subject="anna", roles=["admin"]))).stores is None
    assert (await verifier.verify(issue_token(key, subject="anna", stores=[]))).stores == frozenset()


async def test_a_verified_token_is_recalled_without_the_key(key: SigningKey, verifier: TokenVerifier) -> None:
    token = issue_token(key, subject="anna")
    assert verifier.recall(token) is None
    principal = await verifier.verify(token)
    assert verifier.recall(token) is principal


@pytest.mark.parametrize("index", [0, 1, 2])
async def test_a_change_in_any_part_is_refused(key: SigningKey, verifier: TokenVerifier, index: int) -> None:
    parts = issue_token(key, subject="anna").split(".")
    middle = len(parts[index]) // 2
    swapped = "A" if parts[index][middle] != "A" else "B"
    parts[index] = parts[index][:middle] + swapped + parts[index][middle + 1 :]
    with pytest.raises(InvalidToken):
        await verifier.verify(".".join(parts))


async def test_claims_swapped_in_from_another_token_are_refused(
    key: SigningKey, verifier: TokenVerifier
) -> None:
    header, _, signature = issue_token(key, subject="anna", roles=["clerk"]).split(".")
    wanted = issue_token(generate_signing_key(), subject="anna", roles=["admin"]).split(".")[1]
    with pytest.raises(InvalidToken):
        await verifier.verify(f"{header}.{wanted}.{signature}")


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"exp": 1_000_000_000}, "expired"),
        ({"nbf": 4_000_000_000}, "not valid yet"),
        ({"iss": "elsewhere"}, "another issuer"),
        ({"aud": "elsewhere"}, "another audience"),
        ({"aud": []}, "another audience"),
        ({"exp": ...}, "not valid"),
        ({"sub": ...}, "not valid"),
        ({"aud": ...}, "not valid"),
        ({"iss": ...}, "not valid"),
        ({"exp": "4000000000"}, "not valid"),
        ({"kind": "god"}, "not valid"),
        ({"roles": "admin"}, "not valid"),
        ({"stores": "S0001"}, "not valid"),
        ({"scope": ["pos:read"]}, "not valid"),
    ],
)
async def test_claims_that_do_not_hold_are_refused(
    key: SigningKey, verifier: TokenVerifier, changes: dict[str, Any], reason: str
) -> None:
    with pytest.raises(InvalidToken, match=reason):
        await verifier.verify(resign(key, **changes))


async def test_one_of_several_audiences_is_enough(key: SigningKey, verifier: TokenVerifier) -> None:
    assert (await verifier.verify(resign(key, aud=["x", "humidor"]))).subject == "anna"


async def test_clocks_may_differ_by_the_leeway_only(tmp_path: Path, key: SigningKey) -> None:
    path = tmp_path / "jwks.json"
    path.write_text(json.dumps(jwks([key])))
    now = time.time()
    token = resign(key, exp=int(now), nbf=int(now))
    for seconds, accepted in ((-29, True), (29, True), (-31, False), (31, False)):
        at = int(now) + seconds
        verifier = TokenVerifier(str(path), leeway_seconds=30, now=lambda at=at: at)  # type: ignore[misc]
        if accepted:
            assert (await verifier.verify(token)).subject == "anna"
        else:
            with pytest.raises(InvalidToken):
                await verifier.verify(token)


async def test_a_recalled_token_still_expires(tmp_path: Path, key: SigningKey) -> None:
    path = tmp_path / "jwks.json"
    path.write_text(json.dumps(jwks([key])))
    clock = [time.time()]
    verifier = TokenVerifier(str(path), leeway_seconds=5, now=lambda: clock[0])
    token = issue_token(key, subject="anna", ttl_seconds=60)
    await verifier.verify(token)
    clock[0] += 120
    assert verifier.recall(token) is None
    with pytest.raises(InvalidToken, match="expired"):
        await verifier.verify(token)


async def test_the_memory_of_verified_tokens_is_bounded(tmp_path: Path, key: SigningKey) -> None:
    path = tmp_path / "jwks.json"
    path.write_text(json.dumps(jwks([key])))
    verifier = TokenVerifier(str(path), cache_size=3)
    tokens = [issue_token(key, subject=f"u{number}") for number in range(5)]
    for token in tokens:
        await verifier.verify(token)
    assert [verifier.recall(token) is not None for token in tokens] == [False, False, True, True, True]


@pytest.mark.parametrize("alg", ["none", "None", "NONE", "HS256", "RS256", "ES384", "", "Ed25519"])
async def test_the_token_cannot_choose_its_algorithm(
    key: SigningKey, verifier: TokenVerifier, alg: str
) -> None:
    _, body, signature = issue_token(key, subject="anna").split(".")
    header = part({"alg": alg, "kid": key.kid, "typ": "at+jwt"})
    for signed in (signature, ""):
        with pytest.raises(InvalidToken):
            await verifier.verify(f"{header}.{body}.{signed}")


async def test_the_public_key_is_no_hmac_secret(key: SigningKey, verifier: TokenVerifier) -> None:
    secret = OctKey.import_key(key.key.as_pem(private=False).replace(b"-----", b"====="))
    claims = claims_of(issue_token(key, subject="anna"))
    header = {"alg": "HS256", "kid": key.kid, "typ": "at+jwt"}
    with pytest.raises(InvalidToken):
        await verifier.verify(jwt.encode(header, claims, secret, algorithms=["HS256"]))


async def test_a_key_carried_in_the_token_is_not_used(key: SigningKey, verifier: TokenVerifier) -> None:
    other = generate_signing_key()
    token = resign(other, header={"kid": key.kid, "jwk": other.public_jwk()})
    with pytest.raises(InvalidToken):
        await verifier.verify(token)


async def test_another_kind_of_jwt_is_no_access_token(key: SigningKey, verifier: TokenVerifier) -> None:
    with pytest.raises(InvalidToken):
        await verifier.verify(resign(key, header={"typ": "JWT"}))


async def test_keys_of_other_kinds_in_the_set_are_ignored(tmp_path: Path, key: SigningKey) -> None:
    path = tmp_path / "jwks.json"
    members = [
        "junk",
        {"kty": "EC"},
        {**key.public_jwk(), "kid": "enc", "use": "enc"},
        {**key.public_jwk(), "kid": "broken", "x": "AAAA"},
        OKPKey.generate_key("Ed25519").as_dict(private=False, kid="okp"),
        *jwks([key])["keys"],
    ]
    path.write_text(json.dumps({"keys": members}))
    verifier = TokenVerifier(str(path))
    assert (await verifier.verify(issue_token(key, subject="anna"))).subject == "anna"
    for kid in ("enc", "broken", "okp"):
        with pytest.raises(InvalidToken, match="unknown key"):
            await verifier.verify(resign(key, header={"kid": kid}))


async def test_without_any_keys_the_answer_is_try_again(tmp_path: Path, key: SigningKey) -> None:
    verifier = TokenVerifier(str(tmp_path / "missing.json"))
    with pytest.raises(Problem) as caught:
        await verifier.verify(issue_token(key, subject="anna"))
    assert caught.value.status == 503
    assert "Retry-After" in caught.value.headers


@given(st.text(max_size=200) | st.builds(".".join, st.lists(st.text(max_size=40), min_size=3, max_size=3)))
async def test_no_text_breaks_the_verifier(text: str) -> None:
    with pytest.raises(InvalidToken):
        await TokenVerifier("/nowhere").verify(text)


async def test_a_giant_token_is_refused_unread(verifier: TokenVerifier) -> None:
    with pytest.raises(InvalidToken, match="not a signed JWT"):
        await verifier.verify("a" * 1_000_000 + ".b.c")
