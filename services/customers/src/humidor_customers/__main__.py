import sys

from humidor_common.main import main
from humidor_customers.app import SERVICE

sys.exit(main(SERVICE))
