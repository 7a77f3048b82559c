"""What the rule files share: the checked config, the lists that span the grid, fingerprints."""

import gc
import sys

# The plan is millions of small objects that live to the end: to walk them in search of garbage
# again and again takes a tenth of its time.
gc.freeze()
gc.set_threshold(500_000)

sys.path.insert(0, f"{workflow.basedir}/workflow_scripts")

from glioma_uq.cohorts import list_cases, steps_of
from glioma_uq.cohorts.labels import has_families
from glioma_uq.configuration.door import check_finished_studies
from glioma_uq.configuration.schema import check_config, needs_validation
from glioma_uq.fingerprints import fingerprint
from glioma_uq.grid import ALL_SEEDS, ENSEMBLES, format_passes, format_rate, format_sampled
from glioma_uq.parts import CLASSES as CLASSES_OF
from glioma_uq.seeds import seed_for
from glioma_uq.tasks import TASKS as ALL_TASKS

check_config(config, f"{workflow.basedir}/rules/config.schema.yaml")
if workflow.is_main_process:  # its jobs need not ask again
    check_finished_studies(config)

STUDY = config["study"]
COHORT = config["cohort"]["name"]
MODALITIES = config["cohort"]["modalities"]
PUBLISHED = config["predictions"] is not None
CASES = [] if PUBLISHED else list_cases(config["cohort"])
NETWORKS = [config["predictions"]["network"]] if PUBLISHED else config["networks"]
SAMPLERS = ["mc-dropout"] if PUBLISHED else config["sampling"]["samplers"]
# What is sampled and how, by its name in paths and tables; of Monte Carlo dropout the network's.
SAMPLED = {format_sampled(n, sampler): (n, sampler) for n in NETWORKS for sampler in SAMPLERS}
NETWORK = next(iter(SAMPLED))  # the one that the figures show
TRAINED = SAMPLED[NETWORK][0]  # and what it is called where it is trained
# The subtyping tasks, in one order whatever theirs in the config, and the classes of a voxel.
TASKS = [task for task in ALL_TASKS if PUBLISHED or task in config["tasks"]]
CLASSES = CLASSES_OF[config["segmentation"]]
# Parts of tumours are judged by their labels, which are kept where maps are.
PARTS = not PUBLISHED and config["segmentation"] == "parts" and bool(config["sampling"]["maps"])
FAMILIES = PARTS and has_families(config["cohort"])
# Whether several samples of a case can disagree.
DISAGREE = not PUBLISHED and SAMPLERS != ["deterministic"] and max(config["sampling"]["passes"]) > 1
RATES = ["0.00"] if PUBLISHED else [format_rate(rate) for rate in config["rates"]]
PASSES = ["001"] if PUBLISHED else [format_passes(t) for t in config["sampling"]["passes"]]
FOLDS = range(1, config["folds"]["number"] + 1)
SEEDS = config["seeds"]
INTERVALS = {name: config["statistics"][name] for name in ("resamples", "level", "interval")}
CASE_STEPS = steps_of(config["cohort"]["source"])
OVERLAYS = [
    f"results/cohorts/{COHORT}/figures/{case}.png" for case in CASES[: config["report"]["overlays"]]
]
TEMPLATES = f"{workflow.basedir}/workflow_scripts/glioma_uq/report"
# Fingerprints see Python only, so the reports name what their templates are made of as inputs.
SHARED_TEMPLATES = [
    f"{TEMPLATES}/{file}"
    for file in ("base.html.jinja", "parts.html.jinja", "sorting.js", "tables.js")
]

RUN = "results/studies/{study}/{network}/dropout-{rate}/fold-{fold}/seed-{seed}"
CELL = "results/studies/{study}/{network}/dropout-{rate}/passes-{passes}"


def network_code(step):
    """Return the param that fingerprints `step` and the file of the network that it is for."""

    def code(wildcards):
        network, _ = SAMPLED.get(wildcards.network, (wildcards.network, None))
        return fingerprint(step, also=f"glioma_uq/networks/{network.replace('-', '_')}.py")

    return code


def over_grid(path, networks=NETWORKS):
    """Return `path` at every point of the study's grid that its wildcards span."""
    return expand(
        path,
        study=STUDY,
        network=networks,
        rate=RATES,
        fold=FOLDS,
        seed=SEEDS,
        passes=PASSES,
    )


classification_cells = over_grid(f"{CELL}/classification.csv", SAMPLED) if TASKS else []
segmentation_cells = [] if PUBLISHED else over_grid(f"{CELL}/segmentation.csv", SAMPLED)
voxel_cells = []
if not PUBLISHED and config["sampling"]["voxel_histograms"]:
    voxel_cells = over_grid(f"{CELL}/voxels.csv", SAMPLED)

# The tables of the study's statistics, by the names of their files.
STATISTICS = ["classification", "rank_tests", "selection", "findings"]
STATISTICS += ["reliability", "risk_coverage", "subgroups"]
if not PUBLISHED:
    STATISTICS += ["segmentation", "differences"]
    fitted = ("recalibration", "conformal", "mask_control")
    STATISTICS += [table for table in fitted if config["statistics"][table]]
    STATISTICS += ["posterior_truth"] if config["cohort"]["source"] == "phantom" else []
if not TASKS:
    of_tasks = ("classification", "findings", "reliability", "recalibration", "conformal")
    STATISTICS = [x for x in STATISTICS if x not in (*of_tasks, "posterior_truth")]
if PARTS:
    STATISTICS += ["table_1", "table_2", "table_3", "overlap", "overlap_tests", "lesions", "froc"]
    if DISAGREE:
        STATISTICS += ["uncertainty_by_size", "uncertainty_by_size_differences"]
    STATISTICS += ["size_stress"] if FAMILIES else []
