"""Keeps connectors and their secrets."""

from datetime import datetime, timedelta
from typing import Any

from humidor_common import audit
from humidor_common.auth import Principal
from humidor_common.auth.sealing import SealBroken
from humidor_common.db.pool import Connection
from humidor_common.delivery.targets import TargetRefused, check_target
from humidor_common.web.inputs import check_match
from humidor_common.web.problems import FieldError, Problem, invalid, not_found
from humidor_customers.connectors import queries
from humidor_customers.connectors.schemas import ConnectorInput, ConnectorView, options_of
from humidor_customers.crm.mapping import CUSTOM, Mapping
from humidor_customers.fields.service import load_definitions
from humidor_customers.sealing import sealer_of
from humidor_customers.settings import CustomersSettings

_GIVEN = ("name", "enabled", "options", "mapping", "every_minutes")


async def get_connector(conn: Connection, connector_id: str) -> ConnectorView:
    found = await queries.read(conn, connector_id)
    if found is None:
        raise not_found("connector", connector_id)
    return found


async def put_connector(
    conn: Connection,
    principal: Principal,
    connector: tuple[str, ConnectorInput],
    settings: CustomersSettings,
    *,
    if_match: str | None,
    now: datetime,
) -> ConnectorView:
    """Make or change a connector; the same again changes nothing.

    Raises:
        Problem: 409 `kind-fixed`, `no-connector-key`, `seal-broken`; 412; 422.
    """
    connector_id, given = connector
    await queries.lock(conn, connector_id)
    before = await queries.read(conn, connector_id)
    check_match(if_match, before.version if before else None)
    if before and before.kind != given.kind:
        raise Problem(409, "kind-fixed", f"The connector is a {before.kind}; make another one.")
    _check_urls(given, private=settings.delivery_private_targets)
    await _check_custom(conn, given.mapping)
    if before and not given.secrets and _same(before, given):
        return before
    kept, _ = await queries.sealed(conn, connector_id)
    sealed, names = _seal(settings, connector_id, kept, given)
    version = before.version + 1 if before else 1
    due_at = None
    if given.every_minutes and given.enabled:
        due_at = now + timedelta(minutes=given.every_minutes)
    document = given.model_dump(mode="json", exclude={"secrets"})
    values = [document[name] for name in _GIVEN]
    await queries.write(conn, connector_id, given.kind, *values, sealed, names, due_at, version, now=now)
    after = await get_connector(conn, connector_id)
    await audit.record(
        conn,
        principal,
        "change" if before else "create",
        "connector",
        connector_id,
        before=before and _trail(before),
        after=_trail(after) | {"secrets_given": sorted(given.secrets)},
    )
    return after


async def put_mapping(
    conn: Connection,
    principal: Principal,
    connector: tuple[str, Mapping],
    settings: CustomersSettings,
    *,
    if_match: str | None,
    now: datetime,
) -> ConnectorView:
    """Put another mapping file in place; the next run begins from the first record again."""
    connector_id, mapping = connector
    await queries.lock(conn, connector_id)
    before = await get_connector(conn, connector_id)
    given = ConnectorInput(kind=before.kind, mapping=mapping, **_kept(before))
    return await put_connector(conn, principal, (connector_id, given), settings, if_match=if_match, now=now)


def _kept(view: ConnectorView) -> dict[str, Any]:
    return {name: getattr(view, name) for name in _GIVEN if name != "mapping"}


def _same(before: ConnectorView, given: ConnectorInput) -> bool:
    return all(getattr(before, name) == getattr(given, name) for name in _GIVEN)


def _trail(view: ConnectorView) -> dict[str, Any]:
    return view.model_dump(mode="json", include={*_GIVEN, "kind", "secrets_set"})


def _seal(
    settings: CustomersSettings, connector_id: str, kept: str | None, given: ConnectorInput
) -> tuple[str | None, list[str]]:
    if not given.secrets and kept is None:
        return None, []
    sealer = sealer_of(settings)
    try:
        secrets = sealer.open(connector_id, kept)
    except SealBroken as error:
        if not given.secrets:
            raise Problem(409, "seal-broken", "The kept secrets cannot be opened; give them anew.") from error
        secrets = {}
    secrets |= {str(name): value for name, value in given.secrets.items()}
    return sealer.seal(connector_id, secrets), sorted(secrets)


def _check_urls(given: ConnectorInput, *, private: bool) -> None:
    for url in options_of(given.kind, given.options).own_urls:
        if not private:
            raise invalid("options", "addresses of your own need HUMIDOR_DELIVERY_PRIVATE_TARGETS=true")
        try:
            check_target("webhook", url, private=private)
        except TargetRefused as error:
            raise invalid("options", f"the address {error}") from error


async def _check_custom(conn: Connection, mapping: Mapping) -> None:
    known = await load_definitions(conn)
    for n, each in enumerate(mapping.fields):
        if each.ours.startswith(CUSTOM) and each.ours.removeprefix(CUSTOM) not in known:
            errors = [FieldError(f"mapping.fields[{n}].ours", "there is no such custom field")]
            raise Problem(422, "invalid", f"There is no custom field {each.ours!r}.", errors=errors)
