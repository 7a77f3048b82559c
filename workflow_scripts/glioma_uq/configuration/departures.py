"""Departures of a study from its paper, computed from its config.

The study may give reasons, by key; a reason for a setting that does not depart is an error.
Snakemake reads this module while it plans, so it imports nothing heavy.
"""

from typing import NamedTuple

from glioma_uq.configuration.network_options import options_of
from glioma_uq.errors import BadInput, closest

UNSAID = "The study gives no reason."
NOT_SAID = "not said"


class Setting(NamedTuple):
    """One setting of a paper."""

    key: str  # in the config, as training.epochs
    what: str  # its name in the report
    paper: object  # its value in the paper
    unit: str = ""  # after a number
    why: str = UNSAID  # our reason for another default, if any


class Difference(NamedTuple):
    """A fixed difference of our pipeline from a paper, in every study or in those of a phantom."""

    what: str
    here: str
    paper: str
    why: str
    phantom_only: bool = False


# Mosquera Rojas et al. (Monte Carlo dropout) and its authors' public code: docs/methods.md.
MC_DROPOUT = (
    Setting("cohort.modalities", "Series", ["t1", "t1ce", "t2", "flair"]),
    Setting("preprocessing.variant", "Preprocessing", "authors",
            why="One resampling, a field for each series: docs/preprocessing.md compares both."),
    Setting("preprocessing.voxel_size_mm", "Voxel size", 1.0, " mm"),
    Setting("preprocessing.clip", "Clipping of intensities", None),
    Setting("folds.scheme", "Folds", "holdout",
            why="Every case gets one prediction by networks that have not seen it."),
    Setting("networks", "Networks", ["csnet"]),
    Setting("network_options.csnet.width", "Width of CSNet", 32, " channels in the first layer"),
    Setting("network_options.csnet.dropout", "Elements that dropout drops", "channel"),
    Setting("network_options.csnet.feature_standardisation", "Standardised pooled features", False),
    Setting("network_options.csnet.normalisation_epsilon", "Epsilon of normalisation", 1e-5),
    Setting("network_options.csnet.initialisation", "Initialisation", "torch"),
    Setting("tasks", "Tasks", ["idh", "1p19q", "grade"]),
    Setting("segmentation", "Segmentation", "tumour",
            why="The references outline the subregions."),
    Setting("rates", "Dropout rates", [0.2, 0.25, 0.3, 0.35, 0.4, 0.45, 0.5, 0.55, 0.6]),
    Setting("seeds", "Seeds of training", [1],
            why="With one seed, intervals cannot tell how far other trainings would differ."),
    Setting("training.epochs", "Epochs at most", 150),
    Setting("training.batch_size", "Cases in a batch", 4),
    Setting("training.learning_rate", "Learning rate", 1e-5),
    Setting("training.weight_decay", "Weight decay", 1e-5),
    Setting("training.schedule", "Schedule of the learning rate", "plateau"),
    Setting("training.weights", "Weights of the epoch", "best"),
    Setting("training.validation_passes", "Validation passes with dropout active", 0,
            why="Validation judges what is sampled, not another network."),
    Setting("training.segmentation_loss", "Segmentation term of the loss", "dice"),
    Setting("training.segmentation_weight", "Weight of that term", 1.0),
    Setting("training.class_weights", "Class weights of the loss", "authors",
            why="Theirs cancel in batches of one class: docs/training.md."),
    Setting("training.augmentation", "Augmentation",
            ["rotation", "crop", "flip_x", "flip_y", "flip_z", "intensity_shift", "gamma"]),
    Setting("sampling.samplers", "Samplers", ["mc-dropout"]),
    Setting("sampling.passes", "Passes T", [10, 20, 30, 40, 50, 60, 70, 80, 90, 100]),
    Setting("statistics.interval", "Bootstrap intervals", "percentile",
            why="With so few cases percentile intervals are too narrow: docs/intervals.md."),
    Difference("Cases", "a digital phantom", "patients",
               "Nothing to download, and the ground truth is known.", phantom_only=True),
)  # fmt: skip

# DMFNet with U-Modules; details missing in the paper are from DMFNet's public code.
SMALL_TUMOURS = (
    Setting("preprocessing.voxel_size_mm", "Voxel size", 1.0, " mm"),
    Setting("preprocessing.clip", "Clipping of intensities at percentiles", [5, 95]),
    Setting("preprocessing.registration.engine",
            "Registration to MNI152, to whose brain the grid is cropped", "none",
            why="The same preprocessing for all cohorts. Volumes in mm³ are native."),
    Setting("folds.scheme", "Folds", "holdout", why="Every case is tested."),
    Setting("network_options.dmfnet.width", "Width of DMFNet", 32, " channels"),
    Setting("network_options.dmfnet-umodule.width", "Width with U-Modules", 32, " channels"),
    Setting("network_options.unet3d.width", "Width of 3D U-Net", 32, " channels"),
    Setting("tasks", "Tasks", []),
    Setting("segmentation", "Segmentation", "subregions"),
    Setting("rates", "Dropout rates", [0.0]),
    Setting("sampling.samplers", "Samplers", ["deterministic"]),
    Setting("training.epochs", "Epochs", 500),
    Setting("folds.validation_share", "Share of further cases for validation", 0.0,
            why="Learning curves and checks need cases that are neither trained on nor tested."),
    Setting("training.weights", "Weights of the epoch", "best_on_test",
            why="Selecting weights on the evaluated cases would bias the results."),
    Setting("training.segmentation_loss", "Segmentation loss", "generalised_dice"),
    Setting("training.ce_weight", "Weight of the voxel-wise cross-entropy", 0.0,
            why="Alone, generalised Dice lost the enhancing tumour in two of three trainings."),
    Setting("training.crop.size", "Crops", [128, 128, 128], " voxels"),
    Setting("training.crop.enhancing_share", "Crops around enhancing tumour", 0.0),
    Setting("training.auxiliary.schedule", "Schedule of the auxiliary weights", "step"),
    Setting("training.auxiliary.until", "Last epoch of the first auxiliary weights", 20),
    Setting("training.auxiliary.before", "First auxiliary weights (labels, terms)", [0.5, 0.5]),
    Setting("training.auxiliary.after", "Last auxiliary weights (labels, terms)", [1.0, 0.05]),
    Setting("training.auxiliary.by_network", "Auxiliary weights of single networks", {}),
    Setting("network_options.dmfnet-umodule.reduction", "Reconstruction loss of a feature map",
            "sum", why="The paper says mean squared error; its equation 5 prints a sum, of 4 and 8 "
            "million elements at its crops, beside which the labels would count nothing."),
    Setting("network_options.dmfnet-umodule.detach_target", "Target of a reconstruction constant",
            False, why="Otherwise the loss also falls when the encoder shrinks its features."),
    Setting("training.augmentation", "Augmentation",
            ["rotation_in_plane", "mirror_x", "mirror_y", "mirror_z", "intensity_scale"]),
    Difference("Scaling by 0.9 to 1.1", "of the intensities, by one factor for all series",
               "not said of what", "DMFNet's public code scales intensities, by a factor for each "
               "series and sagittal plane, and shifts them too; zoom would scale the volume."),
    Difference("Outputs of the networks", "exclusive classes, for all networks alike",
               "not said", "No New-Net, Reversible U-Net and NVDLMED were published with "
               "overlapping regions."),
    Difference("Cases", "a digital phantom", "BraTS 2018",
               "Nothing to download. The quoted rows are of other cases.", phantom_only=True),
    Difference("Percentiles, mean and deviation of the intensities", "of the voxels in the brain",
               NOT_SAID, "Otherwise the background would dominate."),
    Difference("Optimiser", "Adam, as in DMFNet's public code, with the study's rates", NOT_SAID,
               "The paper gives none; all networks use the same."),
    Difference("Other networks", "trained here with the same settings",
               "their rows of Table 3 are quoted", "A comparison needs the same cases."),
)  # fmt: skip
PAPERS = {"mc_dropout": MC_DROPOUT, "small_tumours": SMALL_TUMOURS, None: ()}


def departures(config):
    """Return a study's departures from its paper: dicts of what, here, paper and why.

    Args:
        config: a checked config; a study of predictions trains nothing and has none.
    """
    if config["predictions"]:
        return []
    reasons, rows = config["departures"], []
    for item in PAPERS[config["paper"]]:
        if isinstance(item, Difference):
            if config["cohort"]["source"] == "phantom" or not item.phantom_only:
                rows.append(item._asdict())
        elif departs(item, config):
            values = value_of(item, config), item.paper
            here, paper = (shown(value, item.unit) for value in values)
            why = reasons.get(item.key, item.why)
            rows.append({"what": item.what, "here": here, "paper": paper, "why": why})
    return [{name: row[name] for name in ("what", "here", "paper", "why")} for row in rows]


def check_reasons(config):
    """Raise BadInput for a reason under `departures` without a departure from the paper."""
    settings = {item.key: item for item in PAPERS[config["paper"]] if isinstance(item, Setting)}
    for key in config["departures"]:
        if not settings:
            raise BadInput(
                f"expected no departures for paper null, found one for {key}: remove it."
            )
        if key not in settings:
            raise BadInput(
                f"expected the key of a setting of the paper under departures, found {key!r}: "
                f"{closest(key, settings)}"
            )
        if config["predictions"] or not departs(settings[key], config):
            raise BadInput(
                "expected reasons under departures only for settings that differ from the paper's, "
                f"found one for {key}, which does not: remove it."
            )


def departs(setting, config):
    """Return whether a study has the setting with another value than the paper's."""
    head, *rest = setting.key.split(".")
    if head == "network_options" and rest[0] not in config["networks"]:
        return False
    return value_of(setting, config) != setting.paper


def value_of(setting, config):
    """Return a setting's value in a config; a network's option has its constructor's default."""
    head, *rest = setting.key.split(".")
    if head == "network_options":
        network, option = rest
        given = config["network_options"].get(network, {})
        return given.get(option, (options_of(network) or {}).get(option))
    value = config
    for key in (head, *rest):
        value = value[key]
    return value


def shown(value, unit=""):
    """Return a value as the report prints it."""
    if value is None or value in ([], {}):
        return "none"
    if isinstance(value, dict):
        return "; ".join(f"{key}: {shown(part)}" for key, part in value.items())
    if isinstance(value, list):
        return ", ".join(map(str, value)) + unit
    if isinstance(value, bool):
        return "yes" if value else "no"
    return f"{value:.15g}{unit}" if isinstance(value, int | float) else value.replace("_", " ")
