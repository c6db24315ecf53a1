import json
import stat
from pathlib import Path

import pytest
from joserfc.jwk import ECKey, RSAKey

from humidor_common.auth import (
    SigningKey,
    TokenVerifier,
    generate_signing_key,
    issue_token,
    jwks,
    load_or_create_signing_keys,
    load_signing_keys,
    rotate_signing_keys,
    save_signing_keys,
)


def test_the_key_file_is_readable_by_its_owner_only(tmp_path: Path) -> None:
    path = tmp_path / "secrets" / "jwt-signing-key.json"
    load_or_create_signing_keys(path)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert [entry.name for entry in path.parent.iterdir()] == [path.name]


def test_the_same_keys_come_back_from_disk(tmp_path: Path) -> None:
    path = tmp_path / "key.json"
    keys = [generate_signing_key(), generate_signing_key()]
    save_signing_keys(path, keys)
    assert [key.kid for key in load_signing_keys(path)] == [key.kid for key in keys]
    assert [key.kid for key in load_or_create_signing_keys(path)] == [key.kid for key in keys]


def test_a_pem_file_and_a_single_jwk_are_read_too(tmp_path: Path, key: SigningKey) -> None:
    pem, single = tmp_path / "key.pem", tmp_path / "one.json"
    pem.write_bytes(key.pem())
    single.write_text(json.dumps(key.private_jwk()))
    assert load_signing_keys(pem)[0].kid == load_signing_keys(single)[0].kid == key.kid


def test_the_published_set_has_no_private_part(key: SigningKey) -> None:
    (member,) = jwks([key])["keys"]
    assert set(member) == {"kty", "crv", "x", "y", "kid", "use", "alg"}


async def test_after_a_rotation_tokens_of_both_keys_verify(tmp_path: Path) -> None:
    path, public = tmp_path / "key.json", tmp_path / "jwks.json"
    old = load_or_create_signing_keys(path)[0]
    keys = rotate_signing_keys(path)
    public.write_text(json.dumps(jwks(keys)))
    verifier = TokenVerifier(str(public))
    assert keys[0].kid != old.kid
    for key in (old, keys[0]):
        assert (await verifier.verify(issue_token(key, subject="anna"))).subject == "anna"


def test_rotation_forgets_the_oldest_key(tmp_path: Path) -> None:
    path = tmp_path / "key.json"
    first = load_or_create_signing_keys(path)[0]
    rotate_signing_keys(path)
    assert first.kid not in {key.kid for key in rotate_signing_keys(path)}


def test_a_public_or_foreign_key_cannot_sign(key: SigningKey) -> None:
    with pytest.raises(ValueError, match="private EC key"):
        SigningKey(ECKey.import_key(key.key.as_dict(private=False)))
    with pytest.raises(ValueError, match="P-256"):
        SigningKey(ECKey.generate_key("P-384"))


@pytest.mark.parametrize("ttl_seconds", [0, -1, 10**9])
def test_a_token_cannot_live_forever_or_never(key: SigningKey, ttl_seconds: int) -> None:
    with pytest.raises(ValueError, match="a token lives"):
        issue_token(key, subject="anna", ttl_seconds=ttl_seconds)


@pytest.mark.parametrize(
    "content", ["", "[]", "{}", '{"keys": []}', '{"keys": [1]}', "-----BEGIN X-----", "no"]
)
def test_a_file_without_signing_keys_is_refused_by_name(tmp_path: Path, content: str) -> None:
    path = tmp_path / "keys.json"
    path.write_text(content)
    with pytest.raises(ValueError, match=r"keys\.json"):
        load_signing_keys(path)


def test_an_rsa_key_file_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "rsa.json"
    path.write_text(json.dumps(RSAKey.generate_key(2048).as_dict(private=True)))
    with pytest.raises(ValueError, match=r"rsa\.json"):
        load_signing_keys(path)
