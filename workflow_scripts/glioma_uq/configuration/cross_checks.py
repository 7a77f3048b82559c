"""Values of a config that are right alone and wrong together, refused in one sentence."""

from glioma_uq.configuration import texts
from glioma_uq.configuration.door import check_classes, check_phantom
from glioma_uq.configuration.network_options import check_options
from glioma_uq.errors import BadInput, closest
from glioma_uq.grid import AWAKE
from glioma_uq.networks import list_networks
from glioma_uq.quality.figures import names_with_limits


def check_rising(key, values):
    """Refuse a list that is not strictly ascending."""
    if sorted(set(values)) != values:
        raise BadInput(
            f"expected {key} in ascending order and none twice, found {values}: "
            f"write {sorted(set(values))}."
        )


def check_limits(limits):
    """Refuse limits of figures that no step measures, and limits that nothing can lie between."""
    known = names_with_limits()
    for name, (low, high) in limits.items():
        if name not in known:
            raise BadInput(
                "expected a figure that the steps measure under preprocessing.quality.limits, "
                f"found {name!r}: {closest(name, known)}"
            )
        if None not in (low, high) and low > high:
            raise BadInput(
                f"expected the lower limit of preprocessing.quality.limits.{name} first, "
                f"found [{low:g}, {high:g}]: write [{high:g}, {low:g}]."
            )


def check_cohort(cohort):
    """Refuse a source without its options or labels, and a label that means two things."""
    source = cohort["source"]
    for key in () if source == "phantom" else (source, "labels"):
        if key not in cohort:
            raise BadInput(
                f"expected cohort.{key} for cohort.source {source}, found none: "
                "name where the cases lie and the table of their labels."
            )
    coding = cohort.get("segmentation_labels") or {}
    numbers = [number for part in coding.values() for number in part]
    if len(numbers) != len(set(numbers)) or (coding and not numbers):
        raise BadInput(
            "expected each number once among the parts of cohort.segmentation_labels, found "
            f"{coding}: give each number to one part."
        )


def check_folds(folds):
    """Refuse a number of folds and a share of tests that do not fit the scheme."""
    number, share = folds["number"], folds["test_share"]
    if folds["scheme"] == "cross_validation":
        if number < 2:
            raise BadInput(
                f"expected at least 2 for folds.number, found {number}: raise it, or set "
                "folds.scheme to holdout for a single split."
            )
        if share is not None:
            raise BadInput(
                f"expected no folds.test_share for folds.scheme cross_validation, found {share}: "
                "leave it out, or set folds.scheme to holdout."
            )
        return
    if number != 1:
        raise BadInput(
            f"expected folds.number 1 for folds.scheme holdout, found {number}: "
            "a holdout is one split."
        )
    if share is None:
        raise BadInput(
            "expected folds.test_share for folds.scheme holdout, found none: set it, 0.2 is usual."
        )


def check_networks(networks, options):
    """Refuse a network that has no file, and options that a network does not have."""
    for name in options:
        if name not in list_networks():
            raise BadInput(
                f"expected a network under network_options, found {name!r}: "
                f"{closest(name, list_networks())}"
            )
    for name in networks:
        if name not in list_networks():
            raise BadInput(
                f"expected networks among {', '.join(list_networks())}, found {name!r}: "
                f"{closest(name, list_networks())}"
            )
        check_options(name, options.get(name, {}))


def check_rates(rates, samplers):
    """Refuse to keep dropout awake at a rate of 0."""
    awake = [sampler for sampler in samplers if sampler in AWAKE]
    if 0 in rates and awake:
        raise BadInput(
            f"expected rates above 0 for the sampler {awake[0]}, found 0: leave that rate out, or "
            "set sampling.samplers to [deterministic]."
        )


def check_clip(clip):
    """Refuse percentiles between which nothing lies."""
    if clip is not None and clip[0] >= clip[1]:
        raise BadInput(
            f"expected the lower percentile of preprocessing.clip first, found {clip}: "
            f"write {sorted(clip)}."
        )


def check_parts(config):
    """Refuse to tell parts of a tumour apart that the study or its cohort does not."""
    crop = config["training"].get("crop", {})
    if config["segmentation"] == "parts":
        coding = config["cohort"].get("segmentation_labels") or {}
        empty = [part for part, numbers in coding.items() if not numbers]
        if empty:
            raise BadInput(
                f"expected labels of {empty[0]} in cohort.segmentation_labels for segmentation "
                "parts, found none: set segmentation to tumour."
            )
        if not config["sampling"]["maps"]:
            raise BadInput(
                "expected a T in sampling.maps for segmentation parts, whose labels are kept with "
                f"the maps, found none: name one of {config['sampling']['passes']}."
            )
    elif crop.get("enhancing_share"):
        raise BadInput(
            "expected segmentation parts for training.crop.enhancing_share, found tumour: "
            "set one to parts or the other to 0."
        )


def check_sampling(sampling, seeds):
    """Refuse maps of a T that is not sampled, and members that would not have equal turns."""
    passes = sampling["passes"]
    for t in sampling["maps"]:
        if t not in passes:
            raise BadInput(
                f"expected sampling.maps among sampling.passes {passes}, found {t}: "
                "choose one of these."
            )
    uneven = [t for t in passes if t % len(seeds)]
    if "mc-dropout-ensemble" in sampling["samplers"] and uneven:
        raise BadInput(
            f"expected sampling.passes to be multiples of the {len(seeds)} seeds for the sampler "
            f"mc-dropout-ensemble, found {uneven[0]}: give each member equally many passes."
        )


def check_selection(config):
    """Refuse a fixed choice that is not in the grid, and to choose by tasks that are not there."""
    selection = config["selection"]
    if not config["tasks"] and selection["rule"] != "fixed":
        raise BadInput(
            f"expected selection.rule fixed for a study without tasks, found {selection['rule']}: "
            "name the rate and the passes."
        )
    offered = {
        "rate": ("the rates", config["rates"]),
        "passes": ("sampling.passes", config["sampling"]["passes"]),
    }
    for key, (name, values) in offered.items():
        if selection["rule"] == "fixed" and selection[key] not in values:
            raise BadInput(
                f"expected selection.{key} among {name} {values}, found {selection[key]}: "
                "choose one of these."
            )


def check_mask_control(config):
    """Refuse a control of masks without the histograms that it reads."""
    if config["statistics"]["mask_control"] and not config["sampling"]["voxel_histograms"]:
        raise BadInput(
            "expected sampling.voxel_histograms true for statistics.mask_control, found false: "
            "set one to true or the other to null."
        )


def check_across_keys(config):
    """Refuse values that are right alone and wrong together."""
    texts.check_values(config)
    texts.check_rate_digits(config["rates"])
    check_rising("rates", config["rates"])
    check_rising("sampling.passes", config["sampling"]["passes"])
    if config.get("predictions"):
        texts.check_prediction_columns(config["predictions"]["columns"])
        return
    check_limits(config["preprocessing"]["quality"]["limits"])
    check_cohort(config["cohort"])
    texts.check_source(config["cohort"])
    texts.check_labels_columns(config["cohort"].get("labels", {}))
    check_folds(config["folds"])
    check_networks(config["networks"], config["network_options"])
    check_clip(config["preprocessing"]["clip"])
    check_parts(config)
    check_rates(config["rates"], config["sampling"]["samplers"])
    check_sampling(config["sampling"], config["seeds"])
    check_selection(config)
    check_mask_control(config)
    check_phantom(config)
    check_classes(config)
