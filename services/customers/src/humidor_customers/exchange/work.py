"""What an exchange of records works with, and what it came to."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple
from uuid import UUID

from pydantic import ValidationError

from humidor_common.auth import Principal
from humidor_common.db.pool import Connection
from humidor_common.web.problems import Problem
from humidor_customers.connectors.schemas import ConnectorView
from humidor_customers.crm.mapping import Mapping as FieldMapping
from humidor_customers.crm.rules import Codec, Translator, Wrong
from humidor_customers.fields.service import load_definitions
from humidor_customers.retailers.schemas import RetailerInput


class Work(NamedTuple):
    """A connector at work: who it is to the audit trail, and how it reads records."""

    connector: ConnectorView
    translator: Translator
    principal: Principal

    @property
    def connector_id(self) -> str:
        return self.connector.connector_id

    @property
    def mapping(self) -> FieldMapping:
        return self.connector.mapping


@dataclass(kw_only=True)
class Report:
    """What became of records: how many of each kind, and single ones that are worth a line."""

    connector_id: str
    run_id: UUID | None = None
    dry_run: bool = False
    counts: dict[str, int] = field(default_factory=dict)
    items: list[dict[str, Any]] = field(default_factory=list)

    def count(self, **more: int) -> None:
        for name, number in more.items():
            if number:
                self.counts[name] = self.counts.get(name, 0) + number


async def start_work(conn: Connection, connector: ConnectorView, codec: Codec) -> Work:
    definitions = await load_definitions(conn)
    principal = Principal(subject=f"connector:{connector.connector_id}", kind="system")
    return Work(connector, Translator(connector.mapping, codec, definitions), principal)


def as_input(document: Mapping[str, Any]) -> RetailerInput | list[Wrong]:
    """Make a customer of values, or say what is wrong with them."""
    values = {name: document[name] for name in RetailerInput.model_fields if name in document}
    try:
        return RetailerInput.model_validate(values)
    except ValidationError as error:
        return [
            Wrong(
                ".".join(str(part) for part in each["loc"]),
                each["msg"].removeprefix("Value error, ")[:300],
            )
            for each in error.errors(include_url=False, include_input=False, include_context=False)
        ]


def wrong_of(problem: Problem) -> list[Wrong]:
    """Read what a refusal says of the fields."""
    if not problem.errors:
        return [Wrong("", problem.detail)]
    return [Wrong(each.field, each.message) for each in problem.errors]
