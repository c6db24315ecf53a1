"""Secrets of channels are sealed at rest, also those from before, and only who has the key opens them."""

from typing import Any

import pytest

from humidor_common.auth.sealing import SealBroken, Sealer
from humidor_common.db.transaction import transaction
from humidor_customers.channels.service import load_account, seal_plain
from humidor_customers.testing.desk import Desk
from humidor_customers.testing.office import CALLBACK_KEY, CONNECTOR_KEYS, Office
from humidor_customers.testing.providers import SECRET_KEY, sms_config

PLAIN = {"secret_key": SECRET_KEY, "callback_key": CALLBACK_KEY}
_MAKE_PLAIN = "UPDATE channel_accounts SET secrets = $1, sealed_secrets = NULL WHERE account_id = 'sms'"


async def kept(office: Office) -> Any:
    return await office.runtime.pool.fetchrow(
        "SELECT secrets, sealed_secrets, secret_names FROM channel_accounts WHERE account_id = 'sms'"
    )


async def test_secrets_from_before_work_as_they_are_until_the_worker_seals_them(office: Office) -> None:
    await office.put("C1", contacts=[{"name": "王芳", "phone": "13812345678"}])
    pool, sealer = office.runtime.pool, Sealer(CONNECTOR_KEYS)
    await pool.execute(_MAKE_PLAIN, PLAIN)
    for sealed in (False, True):
        if sealed:
            async with transaction(pool) as conn:
                assert not await seal_plain(conn, Sealer(""))
                assert await seal_plain(conn, sealer)
                assert not await seal_plain(conn, sealer)
        row = await kept(office)
        assert (row["secrets"] == {}, SECRET_KEY in str(row), row["secret_names"]) == (
            sealed,
            not sealed,
            ["callback_key", "secret_key"],
        )
        message = await office.message("C1", "sms")
        assert await office.send_due() == 1
        assert await office.state(message) == ("sent", None)
        async with transaction(pool) as conn:
            assert (await load_account(conn, "sms", sealer)).secrets == PLAIN
            assert (await load_account(conn, "sms")).secrets == {}
    with pytest.raises(SealBroken):
        sealer.open("sms", (await kept(office))["sealed_secrets"])


async def test_a_secret_that_is_left_out_stays_and_none_is_shown_or_told(office: Office) -> None:
    before = (await kept(office))["sealed_secrets"]
    config = sms_config(office.sms.url, CALLBACK_KEY)
    for left_out in (("secret_key", "callback_key"), ("callback_key",)):
        given = {name: value for name, value in config.items() if name not in left_out}
        shown = await office.put_account("sms", given, expect=200)
        assert shown["secrets"] == ["callback_key", "secret_key"]
        assert SECRET_KEY not in str(shown)
        assert ((await kept(office))["sealed_secrets"] == before) is ("secret_key" in left_out)
    rows = await office.runtime.pool.fetch("SELECT before, after FROM audit_trail")
    assert SECRET_KEY not in str(rows)

    # Another installation's key: nothing is sent, and secrets have to be given anew, all of them.
    other = Sealer("another-key-" + "x" * 32).seal("channel sms", PLAIN)
    await office.runtime.pool.execute(
        "UPDATE channel_accounts SET sealed_secrets = $1 WHERE account_id = 'sms'", other
    )
    await office.put("C1", contacts=[{"name": "王芳", "phone": "13812345678"}])
    message = await office.message("C1", "sms")
    assert await office.send_due() == 1
    parked = (await office.ask("GET", "/v1/deliveries", params={"state": "parked"}))["items"]
    assert "cannot be opened" in str(parked)
    assert (await office.state(message))[0] == "failed"
    await office.call("sms", expect=409, params={"key": CALLBACK_KEY}, json=[])
    partly = config | {"callback_key": None}
    refused = await office.put_account("sms", partly, expect=409)
    assert refused["code"] == "seal-broken"
    await office.put_account("sms", config, expect=200)
    async with transaction(office.runtime.pool) as conn:
        assert (await load_account(conn, "sms", Sealer(CONNECTOR_KEYS))).secrets == PLAIN


async def test_without_a_key_no_secret_is_taken(desk: Desk) -> None:
    body = {"name": "sms", "config": sms_config("https://sms.example.com", CALLBACK_KEY)}
    refused = await desk.ask("PUT", "/v1/channels/sms", json=body, expect=409)
    assert refused["code"] == "no-connector-key"
    body = {"name": "mail", "config": {"adapter": "email"}}
    assert (await desk.ask("PUT", "/v1/channels/mail", json=body, expect=201))["secrets"] == []
