"""`python -m appliance`: the same program as the console command `undertone`."""

import sys

from appliance.cli import main

sys.exit(main())
