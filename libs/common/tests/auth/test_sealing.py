import pytest

from humidor_common.auth.sealing import SealBroken, Sealer

OLD, NEW = "o" * 32, "n" * 40
SECRETS = {"client_secret": "密码", "refresh_token": "1000.aa"}


def test_what_is_sealed_is_read_again_by_its_owner_alone() -> None:
    sealer = Sealer(NEW)
    sealed = sealer.seal("zoho", SECRETS)
    assert "1000" not in sealed
    assert sealed != sealer.seal("zoho", SECRETS)
    assert sealer.open("zoho", sealed) == SECRETS
    assert sealer.open("zoho", None) == {}
    for wrong in (sealed[:-3] + "AAA", sealed.replace(".", "", 1), "", "a.b.c.d.e"):
        with pytest.raises(SealBroken):
            sealer.open("zoho", wrong)
    with pytest.raises(SealBroken):
        sealer.open("fxiaoke", sealed)
    with pytest.raises(SealBroken):
        Sealer(OLD).open("zoho", sealed)


def test_a_key_is_replaced_while_both_stand_there() -> None:
    sealed = Sealer(OLD).seal("zoho", SECRETS)
    both = Sealer(f"{NEW}, {OLD}")
    assert both.open("zoho", sealed) == SECRETS
    assert Sealer(NEW).open("zoho", both.seal("zoho", SECRETS)) == SECRETS


def test_a_short_key_is_refused_and_none_is_no_sealer() -> None:
    assert not Sealer("")
    with pytest.raises(ValueError, match="32 characters"):
        Sealer(f"{NEW},short")
