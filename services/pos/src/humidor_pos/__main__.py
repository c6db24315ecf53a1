import gc
import sys

from humidor_common.main import main
from humidor_pos.app import SERVICE

# Requests make many small objects and no cycles: with the default thresholds the collector took a sixth of
# the process's time, most of it walking the modules that never go away.
gc.freeze()
gc.set_threshold(50_000, 20, 50)

sys.exit(main(SERVICE))
