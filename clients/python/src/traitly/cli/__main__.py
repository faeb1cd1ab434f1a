"""``python -m traitly.cli``."""

import sys

from traitly.cli import main

sys.exit(main())
