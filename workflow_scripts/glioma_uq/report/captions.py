"""What stands below the figures: enough to read them without any other text."""

from glioma_uq.errors import BadInput

CAPTIONS = {
    "figure_2": (
        "How much uncertainty, and of which kind",
        "Mean uncertainty over the cases (rows: segmentation and the three classification tasks) "
        "against the number of stochastic passes T with dropout awake, one line for each dropout "
        "rate. The total, the entropy of the mean prediction, is the sum of an aleatoric part (the "
        "mean entropy of single passes: doubt that every pass shares) and an epistemic part (the "
        "passes disagree). For segmentation it is the mean over the voxels of the predicted "
        "tumour. A flat line means that more passes change nothing. The grey notes give the "
        "number of cases and which share of the total a part is; bars at the right are {level} % "
        "bootstrap intervals at the largest T. Axes start at 0 but differ between panels.",
    ),
    "figure_3": (
        "Can the probabilities be taken at their word",
        "Expected calibration error (how far confidence and accuracy lie apart), negative log "
        "likelihood (confident mistakes cost most) and area under the ROC curve (how well the "
        "classes are told apart), by dropout rate at T = {passes}. Bars are {level} % bootstrap "
        "intervals over cases; dashed lines mark a guess with equal probabilities. The calibration "
        "error of few cases is above 0 even for perfect probabilities, and its interval is biased "
        "upwards.",
    ),
    "figure_4": (
        "Are uncertain segmentations bad ones",
        "Pearson correlation between a case’s mean uncertainty and the Dice of its segmentation, "
        "with uncertainty averaged (a) over the brain and (b) over the predicted tumour, and (c) "
        "the mean Dice itself, against the number of passes T. Useful uncertainty is high where "
        "Dice is low: a correlation well below 0. Cases without a predicted tumour have no "
        "uncertainty there: “empty” counts those left out of (b). Bars at the right are {level} % "
        "bootstrap intervals at the largest T.",
    ),
    "figure_5": (
        "Are the wrong predictions the uncertain ones",
        "Total uncertainty of each case at dropout rate {rate} and T = {passes}, for predictions "
        "that are right and wrong (segmentation: Dice above and up to {dice_threshold}). Each "
        "violin shows the distribution and its bar the median; points are cases (groups of more "
        "than 400 show none, groups of fewer than four nothing else). p: two-sided Mann-Whitney "
        "U test with Holm’s correction over the tasks. AUROC: the chance that a wrong "
        "case is more uncertain than a right one (0.5: uncertainty tells nothing).",
    ),
    "learning_curves": (
        "Did the networks learn, and when did they stop",
        "Loss and validation Dice by epoch, a line for each fold and seed, a pair of panels for "
        "each dropout rate p. Dots mark the epoch with the lowest validation loss, whose weights "
        "were kept. A validation loss that rises while the training loss falls is overfitting.",
    ),
}


def caption(stem, **facts):
    """Return (title, text) of the figure whose file is called `stem`, numbers filled in."""
    if stem not in CAPTIONS:
        raise BadInput(
            f"expected one of the figures {', '.join(CAPTIONS)}, found {stem}; write its caption"
        )
    title, text = CAPTIONS[stem]
    return title, text.format(**facts)
