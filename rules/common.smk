"""What the rule files share: the checked config, the lists that span the grid, fingerprints."""

import sys

sys.path.insert(0, f"{workflow.basedir}/workflow_scripts")

from glioma_uq.cohorts import list_cases
from glioma_uq.configuration import check_config
from glioma_uq.fingerprints import fingerprint
from glioma_uq.grid import format_passes, format_rate
from glioma_uq.seeds import seed_for

check_config(config, f"{workflow.basedir}/rules/config.schema.yaml")

STUDY = config["study"]
COHORT = config["cohort"]["name"]
MODALITIES = config["cohort"]["modalities"]
PUBLISHED = config["predictions"] is not None
CASES = [] if PUBLISHED else list_cases(config["cohort"])
NETWORKS = [config["predictions"]["network"]] if PUBLISHED else config["networks"]
NETWORK = NETWORKS[0]
RATES = ["0.00"] if PUBLISHED else [format_rate(rate) for rate in config["rates"]]
PASSES = ["001"] if PUBLISHED else [format_passes(t) for t in config["sampling"]["passes"]]
FOLDS = range(1, config["folds"]["number"] + 1)
SEEDS = config["seeds"]
FIGURES = [3, 5] if PUBLISHED else [2, 3, 4, 5]
OVERLAYS = [
    f"results/cohorts/{COHORT}/figures/{case}.png" for case in CASES[: config["report"]["overlays"]]
]
TEMPLATES = f"{workflow.basedir}/workflow_scripts/glioma_uq/report"
# Fingerprints see Python only, so the reports name what their templates are made of as inputs.
SHARED_TEMPLATES = [f"{TEMPLATES}/{name}.html.jinja" for name in ("base", "parts")]

RUN = "results/studies/{study}/{network}/dropout-{rate}/fold-{fold}/seed-{seed}"
CELL = "results/studies/{study}/{network}/dropout-{rate}/passes-{passes}"


def over_grid(path):
    """Return `path` at every point of the study's grid that its wildcards span."""
    return expand(
        path,
        study=STUDY,
        network=NETWORKS,
        rate=RATES,
        fold=FOLDS,
        seed=SEEDS,
        passes=PASSES,
    )


classification_cells = over_grid(f"{CELL}/classification.csv")
segmentation_cells = [] if PUBLISHED else over_grid(f"{CELL}/segmentation.csv")
