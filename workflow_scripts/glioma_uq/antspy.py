"""antspyx without the parts that a registration does not need.

`import ants` also loads its plotting, its statistics and its learning, and with them
matplotlib, statsmodels and scikit-learn. Every job pays for that, three jobs for each case.
Empty modules in the place of those parts bring the import from 1.9 s to 0.6 s:

    python -c "import time; t = time.process_time(); import ants; print(time.process_time() - t)"
    python -c "import time; t = time.process_time(); import glioma_uq.antspy; print(...)"

What is missing here (ants.plot, ants.ilr, ...) fails with an AttributeError that names it.
"""

import importlib
import sys
from types import ModuleType

UNUSED = ("deeplearn", "learn", "math", "plotting")

for part in UNUSED:
    sys.modules.setdefault(f"ants.{part}", ModuleType(f"ants.{part}"))

ants = importlib.import_module("ants")
