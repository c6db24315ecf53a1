"""The jurisdiction whose law this installation keeps."""

from typing import Annotated

from fastapi import Depends, Request

from humidor_customers.campaign_rules.rules import Jurisdiction


async def _jurisdiction(request: Request) -> Jurisdiction:
    found: Jurisdiction = request.app.state.runtime.settings.customers_jurisdiction
    return found


Here = Annotated[Jurisdiction, Depends(_jurisdiction)]
