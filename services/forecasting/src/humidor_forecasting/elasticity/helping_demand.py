"""The process that estimates elasticities of recorded demand."""

from humidor_forecasting.elasticity.estimating import Unidentified
from humidor_forecasting.elasticity.gathering import answer_demand
from humidor_forecasting.elasticity.work import DemandQuestion, Estimated
from humidor_forecasting.responding import respond


def answer(given: DemandQuestion) -> Estimated:
    """Estimate, or say why there is no estimate."""
    try:
        return Estimated(output=answer_demand(given))
    except Unidentified as error:
        return Estimated(refusal=str(error), field=error.field)


if __name__ == "__main__":
    respond(DemandQuestion, answer)
