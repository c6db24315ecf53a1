"""The process that takes a series apart."""

from humidor_forecasting.decompositions.parting import decompose
from humidor_forecasting.decompositions.work import DecompositionInput
from humidor_forecasting.responding import respond

if __name__ == "__main__":
    respond(DecompositionInput, decompose)
