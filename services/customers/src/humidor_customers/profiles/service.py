"""Puts profiles together: each trait with what it rests on, or with the reason why there is none."""

from collections.abc import Mapping
from typing import Any

from humidor_common.db.pool import Connection
from humidor_common.web.problems import not_found
from humidor_customers.figures import figures_of
from humidor_customers.inputs import Party
from humidor_customers.profiles import queries, rules
from humidor_customers.profiles.schemas import ProfileRow, ProfileView, Trait, TraitFigure


async def get_profile(conn: Connection, party: Party) -> ProfileView:
    """Read the profile of a customer whom the caller may see.

    Raises:
        Problem: 404 for one who has bought nothing in three years, or of whom there may be none.
    """
    found = await queries.read(conn, party)
    if found is None:
        raise not_found("profile", party.id)
    row, details = found
    return ProfileView(
        party_kind=row.party_kind,
        party_id=row.party_id,
        computed_at=row.computed_at,
        look_back_days=rules.LOOKBACK_DAYS,
        **_counted(row),
        **_favourites(row, details),
        **_estimated(row, details),
        **_stated(row, details.get("stated", {})),
        **_modelled(await queries.scores(conn, party), row),
    )


async def list_traits(conn: Connection, party: Party) -> list[TraitFigure]:
    """Give the traits of a customer with their evidence as a table.

    Raises:
        Problem: 404 as for the profile.
    """
    view = (await get_profile(conn, party)).model_dump(mode="json")
    traits = {name: each for name, each in view.items() if isinstance(each, dict)}
    return [
        TraitFigure(trait=name, reason=each["reason"], computed_at=each["computed_at"], **figure._asdict())
        for name, each in traits.items()
        for figure in figures_of({"value": each["value"], "evidence": each["evidence"]})
    ]


def _counted(row: ProfileRow) -> dict[str, Trait]:
    at = row.computed_at
    year = {"days": rules.YEAR_DAYS}
    return {
        "recency": Trait(value=row.recency_days, evidence={"last_at": row.last_at}, computed_at=at),
        "frequency": Trait(
            value=row.purchases_year,
            evidence=year
            | {"all": row.purchases, "days_with_purchases": row.active_days, "mean_gap_days": row.gap_days},
            computed_at=at,
        ),
        "money": Trait(
            value=row.spend_year_minor,
            evidence=year
            | {"currency": row.currency, "all": row.spend_minor, "sticks": row.sticks_year}
            | {"returns": row.returns_year},
            computed_at=at,
        ),
        "basket": Trait(
            value=row.basket_sticks,
            evidence={"mean_minor": row.basket_minor, "mean_lines": row.basket_lines, "of": row.purchases},
            computed_at=at,
        ),
        "channel": Trait(value=row.channel, evidence={"of": row.purchases}, computed_at=at),
        "lifecycle": Trait(
            value=row.lifecycle,
            evidence={
                "first_on": row.first_on,
                "silent_days": row.recency_days,
                "mean_gap_days": row.gap_days,
                "days_with_purchases": row.active_days,
            },
            computed_at=at,
        ),
    }


def _favourites(row: ProfileRow, details: Mapping[str, Any]) -> dict[str, Trait]:
    at = row.computed_at
    unknown = "no product that was bought has one in the catalogue"
    brands, classes, stores = (_shares(details.get("tops", {}), each) for each in ("brand", "class", "store"))
    return {
        "favourite_brands": Trait(
            value=list(brands),
            evidence={"by": "sticks", "shares": brands},
            reason=None if brands else unknown,
            computed_at=at,
        ),
        "price_classes": Trait(
            value=list(classes),
            evidence={"by": "sticks", "shares": classes},
            reason=None if classes else unknown,
            computed_at=at,
        ),
        "usual_hour": Trait(value=row.usual_hour, evidence={"counts": details["hours"]}, computed_at=at),
        "usual_weekday": Trait(
            value=row.usual_weekday,
            evidence={"counts": details["weekdays"], "stores": stores},
            computed_at=at,
        ),
    }


def _shares(tops: Mapping[str, Any], facet: str) -> dict[str, float]:
    """Give the three that weigh most with their shares of all, the greatest first."""
    values, weights, total = tops.get(facet, ((), (), 1))
    return {value: round(weight / total, 4) for value, weight in zip(values, weights, strict=True)}


def _estimated(row: ProfileRow, details: Mapping[str, Any]) -> dict[str, Trait]:
    priced, answers = details.get("priced_lines", 0), details.get("answers", 0)
    few = f"fewer than {rules.DISCOUNT_LINES} lines have a list price"
    return {
        "price_sensitivity": Trait(
            value=row.price_sensitivity,
            evidence={"share_bought_below_list": row.price_sensitivity, "priced_lines": priced},
            reason=few if row.price_sensitivity is None else None,
            computed_at=row.computed_at,
        ),
        "satisfaction": Trait(
            value=row.satisfaction,
            evidence={
                "answers": answers,
                "newest_answer_at": details.get("answered_at"),
                "contacts_year": row.contacts_year,
            },
            reason="no answer of a survey speaks of it" if row.satisfaction is None else None,
            computed_at=row.computed_at,
        ),
    }


def _stated(row: ProfileRow, told: Mapping[str, Any]) -> dict[str, Trait]:
    """Give what customers say of themselves, beside what they do: each with the answer that it is."""
    group = rules.promoter_group(row.recommendation)
    beside = {
        "recommendation": {"promoter_group": group} if group else {},
        "stated_brand": {"favourite_brand": row.favourite_brand},
        "stated_price_class": {"favourite_price_class": row.favourite_price_class},
    }
    return {
        name: Trait(
            value=getattr(row, name),
            evidence=told.get(name, {}) | also,
            reason=None if name in told else "no answer of a survey names it",
            computed_at=row.computed_at,
        )
        for name, also in beside.items()
    }


def _modelled(scores: Mapping[str, Any], row: ProfileRow) -> dict[str, Trait]:
    judged = ("horizon_days", "brier", "brier_of_rate")
    return {
        "value_segment": _score(scores.get("rfm"), row, "label", ()),
        "lifetime_value": _score(scores.get("lifetime"), row, "score", ("horizon_days",)),
        "churn_risk": _score(scores.get("churn"), row, "score", judged),
    }


def _score(found: Any, row: ProfileRow, value: str, of_model: tuple[str, ...]) -> Trait:
    """Give what a model says, by which figures of the customer, and whether that is older than a purchase."""
    if found is None:
        reason = "no model in force has seen this customer"
        return Trait(value=None, evidence={}, reason=reason, computed_at=row.computed_at)
    evidence = {
        "model_id": found["model_id"],
        "label": found["label"],
        "bought_since": row.last_at > found["fitted_at"],
        **dict(zip(found["names"] or (), found["figures"] or (), strict=False)),
        **{name: found[name] for name in of_model},
    }
    return Trait(value=found[value], evidence=evidence, computed_at=found["fitted_at"])
