"""``python -m dynsys``: the command line of `dynsys.cli`."""

import sys

from dynsys.cli import main

sys.exit(main())
