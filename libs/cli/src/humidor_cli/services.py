"""The services that make up a system: the one place in the command line that lists them."""

from dataclasses import dataclass


@dataclass(frozen=True)
class ServiceSpec:
    """One service: its package and the roles it runs in."""

    name: str
    roles: tuple[str, ...] = ("api", "worker")
    uses_bus: bool = True
    has_views: bool = False

    @property
    def package(self) -> str:
        return f"humidor_{self.name}"

    @property
    def role_in_database(self) -> str:
        return f"humidor_{self.name}"

    @property
    def reader_in_database(self) -> str:
        """The role of analysts, where the service has views for them."""
        return f"humidor_{self.name}_reader"


SERVICES = (
    ServiceSpec("pos"),
    ServiceSpec("inventory"),
    ServiceSpec("customers"),
    ServiceSpec("forecasting", has_views=True),
    ServiceSpec("gateway", ("api",), uses_bus=False),
)
BUSINESS_SERVICES = tuple(spec.name for spec in SERVICES if spec.uses_bus)
"""Those that keep data of the business; the gateway has neither a bus nor dead letters."""
