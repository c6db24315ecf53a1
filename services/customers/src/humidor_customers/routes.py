"""The slices, by what each of them answers over HTTP."""

from humidor_common.delivery.web import make_router as make_delivery_router
from humidor_common.privacy.web import make_router as make_privacy_router
from humidor_common.service import Routes
from humidor_customers.allocation import api as allocation
from humidor_customers.answers import api as answers
from humidor_customers.campaign_limits import api as campaign_limits
from humidor_customers.campaign_rules import api as campaign_rules
from humidor_customers.campaigns import api as campaigns
from humidor_customers.catalogue import api as catalogue
from humidor_customers.channels import api as channels
from humidor_customers.claims import api as claims
from humidor_customers.connectors import api as connectors
from humidor_customers.consumers import api as consumers
from humidor_customers.cycles import api as cycles
from humidor_customers.duplicates import api as duplicates
from humidor_customers.exports import api as exports
from humidor_customers.fields import api as fields
from humidor_customers.history import api as history
from humidor_customers.hooks import api as hooks
from humidor_customers.imports import api as imports
from humidor_customers.indicators import api as indicators
from humidor_customers.interactions import api as interactions
from humidor_customers.jobs import api as jobs
from humidor_customers.market import api as market
from humidor_customers.merges import api as merges
from humidor_customers.mining import api as mining
from humidor_customers.orders import api as orders
from humidor_customers.overview import api as overview
from humidor_customers.plans import api as plans
from humidor_customers.profiles import api as profiles
from humidor_customers.retailers import api as retailers
from humidor_customers.rights import api as rights
from humidor_customers.rights.retention import PRIVACY
from humidor_customers.samples import api as samples
from humidor_customers.segments import api as segments
from humidor_customers.stuck import api as stuck
from humidor_customers.syncs import api as syncs
from humidor_customers.tasks import api as tasks
from humidor_customers.tiers import api as tiers
from humidor_customers.timeline import api as timeline
from humidor_customers.value import api as value
from humidor_customers.visits import api as visits
from humidor_customers.webhooks import api as webhooks

SLICES = (
    retailers,
    fields,
    consumers,
    history,
    duplicates,
    merges,
    imports,
    catalogue,
    cycles,
    orders,
    claims,
    plans,
    timeline,
    channels,
    interactions,
    tasks,
    visits,
    samples,
    overview,
    webhooks,
    rights,
    tiers,
    allocation,
    indicators,
    connectors,
    syncs,
    hooks,
    answers,
    profiles,
    jobs,
    exports,
    market,
    mining,
    value,
    segments,
    campaign_rules,
    campaign_limits,
    campaigns,
    stuck,
)

OWN_OF_COMMON = (make_delivery_router("customers"), make_privacy_router(PRIVACY))

ROUTES = Routes((*(each.router for each in SLICES), *OWN_OF_COMMON), shortcuts=orders.SHORTCUTS)
