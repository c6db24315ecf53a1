import gc
import sys

from humidor_common.main import main
from humidor_inventory.app import SERVICE

# Batches make many small objects and no cycles; the default thresholds walk all modules again and again.
gc.freeze()
gc.set_threshold(50_000, 20, 50)

sys.exit(main(SERVICE))
