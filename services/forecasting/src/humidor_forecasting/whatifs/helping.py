"""The process that answers what-ifs."""

from humidor_forecasting.responding import respond
from humidor_forecasting.whatifs.answering import answer
from humidor_forecasting.whatifs.work import WhatIfQuestion

if __name__ == "__main__":
    respond(WhatIfQuestion, answer)
