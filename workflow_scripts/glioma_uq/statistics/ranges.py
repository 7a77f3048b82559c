"""The ranges in which the values of measures lie, by the beginning of their names.

Limits of intervals are cut at them. A debiased calibration error may be negative, but the error
that it estimates is not.
"""

import numpy as np

from glioma_uq.tasks import TASKS

SHARE, SIGNED, POSITIVE, EVERYTHING = (0, 1), (-1, 1), (0, np.inf), (-np.inf, np.inf)
RANGES = (
    dict.fromkeys(
        ("accuracy", "auc", "aurc", "background_probability", "balanced_accuracy", "bayes_auc",
         "brats", "brier_uncertainty", "coverage", "dice", "ece", "empty_sets", "empty_tumour",
         "epistemic_share", "error_auroc", "excess_aurc", "false_negative_rate", "fpr",
         "least_class_coverage", "lesion_dice", "missed", "posterior_distance", "sensitivity",
         "single_sets", "threshold", "tpr", "true_ece", "voxel_ece"),
        SHARE,
    )
    | dict.fromkeys(("missed_auroc_gain", "partial_rho", "rho", "spearman"), SIGNED)
    | dict.fromkeys(
        ("aleatoric", "epistemic", "false_per_case", "fp", "hd95", "nll", "predictive",
         "set_size", "true_entropy", "volume_ratio"),
        POSITIVE,
    )
    | dict.fromkeys(("rho_brain_minus_within", "rho_tumour_minus_within"), (-2, 2))
    | {"brier": (0, 2), "aleatoric_bias": EVERYTHING}
)  # fmt: skip
ENTROPIES = {"predictive", "aleatoric", "epistemic", "true_entropy"}


def range_of(measure, task=None):
    """Return (lowest, highest) of a measure: that of the longest name which begins it.

    An entropy of a subtyping task with C classes is at most ln C. A measure that is not listed may
    have any value.

    >>> range_of("aurc_brain"), range_of("missed_auroc_gain_rim_mass_mm3")
    ((0, 1), (-1, 1))
    """
    if task in TASKS and measure in ENTROPIES:
        return 0, np.log(len(TASKS[task]))
    words = measure.split("_")
    names = ["_".join(words[:count]) for count in range(len(words), 0, -1)]
    return next((RANGES[name] for name in names if name in RANGES), EVERYTHING)
