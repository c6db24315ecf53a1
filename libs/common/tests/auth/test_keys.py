import asyncio

import pytest

from humidor_common.auth import (
    InvalidToken,
    SigningKey,
    TokenVerifier,
    generate_signing_key,
    issue_token,
    jwks,
)
from humidor_common.auth.keys import KeySource, KeysUnavailable

from .conftest import JwksServer


class Clock:
    def __init__(self) -> None:
        self.seconds = 1000.0

    def __call__(self) -> float:
        return self.seconds


async def test_known_keys_are_read_once(jwks_server: JwksServer, key: SigningKey) -> None:
    verifier = TokenVerifier(jwks_server.url)
    for number in range(20):
        await verifier.verify(issue_token(key, subject=f"u{number}"))
    assert jwks_server.requests == 1


async def test_a_new_key_is_found_without_a_restart(jwks_server: JwksServer, key: SigningKey) -> None:
    clock = Clock()
    verifier = TokenVerifier(jwks_server.url, keys=KeySource(jwks_server.url, monotonic=clock))
    await verifier.verify(issue_token(key, subject="anna"))
    fresh = generate_signing_key()
    jwks_server.document = jwks([fresh, key])
    clock.seconds += 11
    assert (await verifier.verify(issue_token(fresh, subject="bert"))).subject == "bert"
    assert (await verifier.verify(issue_token(key, subject="carl"))).subject == "carl"
    assert jwks_server.requests == 2


async def test_a_storm_of_unknown_keys_asks_once_an_interval(
    jwks_server: JwksServer, key: SigningKey
) -> None:
    clock = Clock()
    verifier = TokenVerifier(jwks_server.url, keys=KeySource(jwks_server.url, monotonic=clock))
    await verifier.verify(issue_token(key, subject="anna"))
    clock.seconds += 11

    async def attempt() -> bool:
        try:
            await verifier.verify(issue_token(generate_signing_key(), subject="mallory"))
        except InvalidToken:
            return False
        return True

    assert not any(await asyncio.gather(*(attempt() for _ in range(100))))
    assert jwks_server.requests == 2


async def test_many_first_callers_cause_one_read(jwks_server: JwksServer, key: SigningKey) -> None:
    verifier = TokenVerifier(jwks_server.url)
    tokens = [issue_token(key, subject=f"u{number}") for number in range(50)]
    principals = await asyncio.gather(*(verifier.verify(token) for token in tokens))
    assert len(principals) == 50
    assert jwks_server.requests == 1


async def test_a_failing_server_is_not_hammered_either(jwks_server: JwksServer, key: SigningKey) -> None:
    jwks_server.status = 500
    clock = Clock()
    source = KeySource(jwks_server.url, monotonic=clock)
    for _ in range(10):
        with pytest.raises(KeysUnavailable):
            await source.get(key.kid)
    assert jwks_server.requests == 1
    jwks_server.status = 200
    clock.seconds += 1.5
    assert await source.get(key.kid) is not None


async def test_old_keys_outlive_an_outage_of_the_gateway(jwks_server: JwksServer, key: SigningKey) -> None:
    clock = Clock()
    source = KeySource(jwks_server.url, monotonic=clock)
    await source.get(key.kid)
    for document, status in ((jwks([key]), 503), ({"keys": []}, 200), ("nonsense", 200)):
        jwks_server.document, jwks_server.status = document, status
        clock.seconds += 1000
        assert await source.get("unknown") is None
        assert source.current(key.kid) is not None
    assert jwks_server.requests == 4


async def test_a_withdrawn_key_is_dropped_with_its_remembered_tokens(
    jwks_server: JwksServer, key: SigningKey
) -> None:
    clock = Clock()
    verifier = TokenVerifier(jwks_server.url, keys=KeySource(jwks_server.url, monotonic=clock))
    token = issue_token(key, subject="anna")
    await verifier.verify(token)
    jwks_server.document = jwks([generate_signing_key()])
    clock.seconds += 301
    assert verifier.recall(token) is not None  # this call starts the read beside the traffic
    while verifier.recall(token) is not None:  # noqa: ASYNC110 - the read has no event to wait for
        await asyncio.sleep(0.01)
    with pytest.raises(InvalidToken, match="unknown key"):
        await verifier.verify(token)


async def test_a_huge_document_is_not_read_to_its_end(jwks_server: JwksServer, key: SigningKey) -> None:
    jwks_server.document = {"keys": jwks([key])["keys"], "padding": "x" * 1_000_000}
    with pytest.raises(KeysUnavailable):
        await KeySource(jwks_server.url).get(key.kid)
