import gc
import sys

gc.disable()  # `main` sets it up once everything is imported: a fifth of the start was the collector's

from humidor_common.main import main  # noqa: E402
from humidor_forecasting.app import SERVICE  # noqa: E402

sys.exit(main(SERVICE))
