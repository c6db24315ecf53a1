"""The process that estimates elasticities."""

from humidor_forecasting.elasticity.estimating import Unidentified, estimate
from humidor_forecasting.elasticity.work import ElasticityInput, Estimated
from humidor_forecasting.responding import respond


def answer(given: ElasticityInput) -> Estimated:
    """Estimate, or say why there is no estimate."""
    try:
        return Estimated(output=estimate(given))
    except Unidentified as error:
        return Estimated(refusal=str(error))


if __name__ == "__main__":
    respond(ElasticityInput, answer)
