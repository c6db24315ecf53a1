"""The process that adds forecasts up."""

from humidor_forecasting.aggregates.adding import add_up
from humidor_forecasting.aggregates.work import AggregateInput
from humidor_forecasting.responding import respond

if __name__ == "__main__":
    respond(AggregateInput, add_up)
