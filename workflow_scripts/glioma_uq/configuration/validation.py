"""Checks of a config beyond its schema: texts, numbers, and values that contradict each other.

Each function yields sentences, one for each fault. Snakemake reads this module while it plans,
so it imports nothing heavy.
"""

import math
import re

from glioma_uq.cohorts.addresses import (
    faults_of_address,
    faults_of_bucket_address,
    faults_of_login,
)
from glioma_uq.cohorts.recognition import merged
from glioma_uq.configuration.datasets import check_subregions
from glioma_uq.configuration.departures import check_reasons
from glioma_uq.configuration.faults import (
    faults_of_cavity,
    faults_of_coding,
    faults_of_labels,
    faults_of_texts,
    is_inside,
    most_common,
    refuse,
    values_of,
)
from glioma_uq.configuration.network_options import check_options
from glioma_uq.configuration.paths import faults_of_paths
from glioma_uq.configuration.preflight import check_patients
from glioma_uq.environment import LOGIN
from glioma_uq.errors import BadInput, closest
from glioma_uq.grid import WITH_DROPOUT
from glioma_uq.networks import list_networks
from glioma_uq.quality.metrics import names_with_limits
from glioma_uq.subregions import SUBREGIONS, tells_subregions
from glioma_uq.tasks import TASKS

FREE = ("departures",)  # free text
WITH_LOGIN = re.compile(r"://[^/\s]*@")
WITHOUT_VALIDATION = ("fixed", "paper")  # rules of selection that read test cases
WITHOUT_LABELS = {
    "phantom": "describe it, as cohorts/phantom.yaml does.",
    "datasets": "name the datasets and their folders, as cohorts/brats_2018.yaml does.",
}  # sources without cohort.labels, and what to do where their own key is missing
VARIABLE = re.compile(rf"{LOGIN}[A-Z0-9_]+", re.ASCII)


def check_across_keys(config):
    """Raise BadInput for values that the schema accepts and that cannot be used together."""
    refuse(faults_of_values(config))
    refuse(faults_of_paths(config))
    if config["cohort"]:
        refuse(faults_of_cohort(config["cohort"]))
        refuse(faults_of_preprocessing(config["preprocessing"], config["cohort"]))
    if config["study"]:
        refuse(faults_of_grid(config["rates"], config["sampling"]["passes"]))
        check_reasons(config)
        check_study(config)


def check_study(config):
    """Check a study of predictions, or a study and whether its cohort suits it."""
    if config["predictions"]:
        refuse(faults_of_columns(config["predictions"]["columns"]))
        return
    refuse(faults_of_folds(config["folds"]))
    check_networks(config["networks"], config["network_options"])
    refuse(faults_of_training(config["training"], config["networks"]))
    refuse(faults_of_validation(config))
    refuse(faults_of_segmentation(config))
    check_subregions(config)
    refuse(faults_of_selection(config))  # before the maps, which may take its passes
    refuse(faults_of_sampling(config))
    check_patients(config)


def faults_of_values(config):
    """Find control characters, logins in addresses, NaN and infinity."""
    checked = {key: value for key, value in config.items() if key not in FREE}
    for key, value in values_of(checked):
        if isinstance(value, float) and not math.isfinite(value):
            yield f"expected a number for {key}, found {value}: change it in the config."
        if not isinstance(value, str):
            continue
        if WITH_LOGIN.search(value):
            yield (
                f"expected an address without a login for {key}, found one before its @: remove "
                "it, since provenance and report contain the config."
            )
    yield from faults_of_texts(checked, "the config")


def faults_of_cohort(cohort):
    """Find a missing description, a value or column with two meanings, and unsafe names."""
    source = cohort["source"]
    for key in (source,) if source in WITHOUT_LABELS else (source, "labels"):
        if key not in cohort:
            do = WITHOUT_LABELS.get(
                source, "give the location of the cases and the table of their labels."
            )
            yield f"expected cohort.{key} for cohort.source {source}, found none: {do}"
    if cohort["missing"] != "exclude" and source == "phantom":
        yield (
            "expected cohort.missing exclude for the phantom, whose cases have every series, found "
            f"{cohort['missing']}: leave it out."
        )
    columns = cohort.get("labels", {}).get("columns", {})
    if source == "bids" and cohort["sessions"] != "all" and not columns.get("patient"):
        yield (
            "expected cohort.sessions all for a BIDS tree, of which cohort.bids.session says what "
            f"session of a subject is read, found {cohort['sessions']}: write that there."
        )
    yield from faults_of_coding(cohort.get("segmentation_labels"), "cohort.segmentation_labels")
    if source == "datasets":
        if "labels" in cohort:
            yield (
                "expected labels inside each of cohort.datasets, found cohort.labels: name the "
                "table there as table, and what differs from the dataset's file as labels."
            )
        return
    options = cohort.get(source) or {}
    for key in ("names", "derivatives"):
        for part, name in (options.get(key) or {}).items():
            if not is_inside(name):
                yield (
                    "expected a file name or pattern inside the folder for "
                    f"cohort.{source}.{key}.{part}, found {name!r}: write it relative to that "
                    "folder, as T1.nii.gz or anat/*_T1w.nii.gz."
                )
    merged(options.get("series_rules", {}))
    for name, variable in (options.get("variables") or {}).items():
        if not VARIABLE.fullmatch(variable):
            yield (
                "expected the name of an environment variable that begins with TCIA_ for "
                f"cohort.tcia.variables.{name}, as TCIA_USER, found something else: export your "
                "login in the shell and name the variable here, never its value."
            )
    if source == "tcia":
        find = faults_of_login if options["login"] else faults_of_address
        yield from find(options["address"], "cohort.tcia.address")
    if source == "idc":
        yield from faults_of_bucket_address(options["bucket_address"], "cohort.idc.bucket_address")
    yield from faults_of_labels(cohort.get("labels", {}))


def faults_of_preprocessing(preprocessing, cohort):
    """Find invalid limits and percentiles, and settings that cannot be combined.

    The authors' variant uses the template's brain mask and the bias field of the T1. The
    template's mask needs a head template with a skull, which only the phantom has: a whole head
    registered to a skull-stripped template fails silently (brain Dice .73 instead of .96).
    """
    known = names_with_limits()
    for name, (low, high) in preprocessing["quality"]["limits"].items():
        if name not in known:
            yield (
                "expected a quality metric under preprocessing.quality.limits, "
                f"found {name!r}: {closest(name, known)}"
            )
        if None not in (low, high) and low > high:
            yield (
                f"expected the lower limit of preprocessing.quality.limits.{name} first, "
                f"found [{low:g}, {high:g}]: write [{high:g}, {low:g}]."
            )
    clip, method, source = preprocessing["clip"], preprocessing["skull_stripping"], cohort["source"]
    if clip is not None and clip[0] >= clip[1]:
        yield (
            f"expected the lower percentile of preprocessing.clip first, found {clip}: "
            f"write {sorted(clip)}."
        )
    authors, modalities = preprocessing["variant"] == "authors", cohort["modalities"]
    if authors and method != "template":
        yield (
            "expected preprocessing.skull_stripping template for variant authors, which uses "
            f"one mask for all cases, found {method}, set it to template"
        )
    if authors and "t1" not in modalities and preprocessing["bias_field"] is not None:
        yield (
            "expected t1 among cohort.modalities for preprocessing.variant authors, whose bias "
            f"field is that of the T1, found {', '.join(modalities)}, add it or set "
            "preprocessing.bias_field to null"
        )
    if authors and cohort["missing"] != "exclude":
        yield (
            "expected cohort.missing exclude for preprocessing.variant authors, which takes the "
            f"bias field of every series from the T1, found {cohort['missing']}, set one of them "
            "to its default"
        )
    if method == "none" and source == "phantom":
        yield (
            "expected stripped scans for preprocessing.skull_stripping none, found the phantom, "
            "whose heads have skulls, set it to template"
        )
    field = preprocessing["bias_field"] and preprocessing["white_matter_field"]
    if preprocessing["registration"]["engine"] == "none":
        for needs, key, instead in (
            (source == "phantom", "the phantom, whose series have grids of their own", ""),
            (authors, "preprocessing.variant authors", ", or set that to default"),
            (method == "template", "preprocessing.skull_stripping template",
             ", or another method"),
            (field, "preprocessing.white_matter_field", ", or set that to null"),
        ):  # fmt: skip
            if needs:
                yield (
                    f"expected an engine of preprocessing.registration for {key}, found none: "
                    f"choose one, as ants{instead}."
                )
    heads = preprocessing["head_templates"]
    missing = heads["t1"] is None or (authors and heads["t2"] is None)
    if method == "template" and source != "phantom" and missing:
        yield (
            "expected a skull-on head template for preprocessing.skull_stripping: template, "
            f"found none for cohorts of source {source}, set it to hd-bet-v1 (`make hd-bet-v1`) or "
            "name one in preprocessing.head_templates"
        )


def faults_of_grid(rates, passes):
    """Find a rate with more than the two decimals of paths, and values in another order."""
    for rate in rates:
        if round(rate, 2) != rate:
            yield (
                f"expected rates with at most two decimals, as in paths, found {rate}: "
                f"write {min(round(rate, 2), 0.99)}."
            )
    for key, values in {"rates": rates, "sampling.passes": passes}.items():
        if sorted(set(values)) != values:
            yield (
                f"expected {key} in ascending order without duplicates, found {values}: "
                f"write {sorted(set(values))}."
            )


def faults_of_columns(columns):
    """Find a number of columns other than a task's classes, and a column with two meanings."""
    tasks = {task: columns[task] for task in TASKS if task in columns}
    if not tasks:
        yield (
            f"expected a task under predictions.columns, found none of {', '.join(TASKS)}; name "
            "the label and the probabilities of one"
        )
    for task, named in tasks.items():
        if len(named["probabilities"]) != len(TASKS[task]):
            yield (
                f"expected {len(TASKS[task])} probability columns for {task}, one for each of "
                f"{list(TASKS[task])}, found {len(named['probabilities'])}; name them in "
                "predictions"
            )
    name, times = most_common(columns_named(columns))
    if times > 1:
        yield (
            "expected a different column for each label and class under predictions.columns, "
            f'found "{name}" {times} times; give each its own'
        )


def columns_named(columns):
    """Return all column names under predictions.columns."""
    names = [columns[name] for name in ("case", "patient", "source") if name in columns]
    for named in (columns[task] for task in TASKS if task in columns):
        given = named.get("uncertainty") or {}
        names += [named["label"], *named["probabilities"], *given.values()]
    return names


def faults_of_folds(folds):
    """Find a number of folds or a test share that does not fit the scheme."""
    number, share = folds["number"], folds["test_share"]
    holdout = folds["scheme"] == "holdout"
    if not holdout and number < 2:
        yield (
            f"expected at least 2 for folds.number, found {number}: raise it, or set "
            "folds.scheme to holdout for a single split."
        )
    if not holdout and share is not None:
        yield (
            f"expected no folds.test_share for folds.scheme cross_validation, found {share}: "
            "remove it, or set folds.scheme to holdout."
        )
    if holdout and number != 1:
        yield (
            f"expected folds.number 1 for folds.scheme holdout, found {number}: "
            "a holdout is one split."
        )
    if holdout and share is None:
        yield (
            "expected folds.test_share for folds.scheme holdout, found none: set it, 0.2 is usual."
        )


def faults_of_validation(config):
    """Find settings that need validation cases in a study without, and two kinds of them."""
    share, training = config["folds"]["validation_share"], config["training"]
    if share and training["weights"] == "best_on_test":
        yield (
            "expected folds.validation_share 0 for training.weights best_on_test, which validates "
            f"on the test cases, found {share}: set one to 0 or the other to best."
        )
    if share:
        return
    fitted, rule = config["statistics"], config["selection"]["rule"]
    judged = training["weights"] == "best_on_test"
    for needs, key, instead in (
        (training["weights"] == "best", "training.weights best", "set that to last"),
        (training["schedule"] == "plateau" and not judged, "training.schedule plateau",
         "set that to poly or cosine"),
        (rule not in WITHOUT_VALIDATION, f"selection.rule {rule}", "set that to fixed"),
        (config["tasks"] and fitted["recalibration"], "statistics.recalibration", "set that to []"),
        (config["tasks"] and fitted["conformal"], "statistics.conformal", "set that to null"),
        (fitted["mask_control"], "statistics.mask_control", "set that to null"),
    ):  # fmt: skip
        if needs:
            yield (
                f"expected a folds.validation_share above 0 for {key}, found 0: raise it, or "
                f"{instead}."
            )


def check_networks(networks, options):
    """Refuse an unknown network, and options that a network does not have."""
    known = list_networks()
    for expected, names in (
        ("a network under network_options", options),
        (f"networks among {', '.join(known)}", networks),
    ):
        for name in names:
            if name not in known:
                raise BadInput(f"expected {expected}, found {name!r}: {closest(name, known)}")
    for name in networks:
        check_options(name, options.get(name, {}))


def faults_of_training(training, networks):
    """Find auxiliary weights of a network that the study does not have."""
    for name in training["auxiliary"]["by_network"]:
        if name not in networks:
            yield (
                "expected networks of the study under training.auxiliary.by_network, found "
                f"{name!r}: {closest(name, networks)}"
            )


def faults_of_segmentation(config):
    """Find settings of the segmentation that the study or its cohort does not have."""
    if config["segmentation"] == "none":
        if not config["tasks"]:
            yield "expected tasks for segmentation none, found none: name tasks, or set tumour."
        if config["sampling"]["maps"]:
            yield (
                "expected no sampling.maps for segmentation none, found "
                f"{config['sampling']['maps']}: leave it out."
            )
    if not tells_subregions(config["segmentation"]):
        if config["training"].get("crop", {}).get("enhancing_share"):
            yield (
                "expected segmentation subregions for training.crop.enhancing_share, found "
                f"{config['segmentation']}: set one to subregions or the other to 0."
            )
        return
    coding = config["cohort"].get("segmentation_labels")
    for part in SUBREGIONS if coding else ():
        if not coding[part]:
            yield (
                f"expected labels of {part} in cohort.segmentation_labels for segmentation "
                f"{config['segmentation']}, found none: set segmentation to tumour."
            )
    if config["cohort"]["source"] != "datasets":
        yield from faults_of_cavity(config["segmentation"], [coding or {}])
    if not config["sampling"]["maps"]:
        yield (
            f"expected a T in sampling.maps for segmentation {config['segmentation']}, whose "
            "labels are kept with the maps, found none: name one of "
            f"{config['sampling']['passes']}."
        )


def faults_of_selection(config):
    """Find dropout at rate 0, a fixed cell outside the grid, and a selection by absent tasks."""
    selection, sampling = config["selection"], config["sampling"]
    active = [sampler for sampler in sampling["samplers"] if sampler in WITH_DROPOUT]
    if 0 in config["rates"] and active:
        yield (
            f"expected rates above 0 for the sampler {active[0]}, found 0: remove that rate, or "
            "set sampling.samplers to [deterministic]."
        )
    if not config["tasks"] and selection["rule"] != "fixed":
        yield (
            f"expected selection.rule fixed for a study without tasks, found {selection['rule']}: "
            "name the rate and the passes."
        )
    if config["segmentation"] == "none" and selection["rule"] == "nll-dice":
        yield "expected another selection.rule for segmentation none, found nll-dice: write nll."
    offered = {
        "rate": ("the rates", config["rates"]),
        "passes": ("sampling.passes", sampling["passes"]),
    }
    for key, (name, values) in offered.items():
        if selection["rule"] == "fixed" and selection[key] not in values:
            yield (
                f"expected selection.{key} among {name} {values}, found {selection[key]}: "
                "choose one of these."
            )


def faults_of_sampling(config):
    """Find maps of a T that is not sampled, unequal members, and control without histograms."""
    sampling, members = config["sampling"], len(config["seeds"])
    passes = sampling["passes"]
    for t in sampling["maps"]:
        if t not in passes:
            yield (
                f"expected sampling.maps among sampling.passes {passes}, found {t}: "
                "choose one of these."
            )
    uneven = [t for t in passes if t % members]
    if "mc-dropout-ensemble" in sampling["samplers"] and uneven:
        yield (
            f"expected sampling.passes to be multiples of the {members} seeds for the sampler "
            f"mc-dropout-ensemble, found {uneven[0]}: give each member the same number of passes."
        )
    if config["statistics"]["mask_control"] and not sampling["voxel_histograms"]:
        yield (
            "expected sampling.voxel_histograms true for statistics.mask_control, found false: "
            "set one to true or the other to null."
        )
