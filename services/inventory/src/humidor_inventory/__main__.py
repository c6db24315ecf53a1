import sys

from humidor_common.main import main
from humidor_inventory.app import SERVICE

sys.exit(main(SERVICE))
