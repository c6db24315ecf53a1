"""How a contact person of a trade customer is named who has no id of its own."""

from typing import Annotated

from pydantic import Field, StringConstraints

from humidor_common.web.inputs import Contactable, Input, Name
from humidor_customers.inputs import RetailerId

Handle = Annotated[str, StringConstraints(min_length=1, max_length=200, pattern=r"^[\x21-\x7e]+$")]


class ContactPerson(Input):
    """A contact person by the name under which it stands at a trade customer.

    `phone` and `email` tell two of one name apart; those of a contact that is found are added. `handles` are
    its names over channels, such as a WeChat id, which a trade customer's record does not tie to a person.
    """

    retailer_id: RetailerId
    name: Name
    phone: Contactable | None = None
    email: Contactable | None = None
    handles: Annotated[list[Handle], Field(max_length=20)] = Field(default_factory=list)
