"""antspyx in one thread, without the modules that a registration does not need.

`import ants` also loads its plotting, statistics and learning modules, and with them
matplotlib, statsmodels and scikit-learn. Each job pays for this, three jobs for each case.
Empty modules in their place shorten the import from 1.9 s to 0.6 s:

    python -c "import time; t = time.process_time(); import ants; print(time.process_time() - t)"
    python -c "import time; t = time.process_time(); import glioma_uq.antspy; print(...)"

Using a removed function (ants.plot, ants.ilr, ...) raises an AttributeError that names it.
"""

import importlib
import sys
from types import ModuleType

UNUSED = ("deeplearn", "learn", "math", "plotting")

for name in UNUSED:
    sys.modules.setdefault(f"ants.{name}", ModuleType(f"ants.{name}"))

ants = importlib.import_module("ants")

# ITK reads its number of threads once, at first use; with one, results are reproducible.
ants.config.set_ants_deterministic(on=True, seed_value=None)
