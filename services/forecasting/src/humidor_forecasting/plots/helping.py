"""The process that draws charts."""

from humidor_forecasting.plots.drawing import draw
from humidor_forecasting.plots.work import DrawInput
from humidor_forecasting.responding import respond

if __name__ == "__main__":
    respond(DrawInput, draw)
