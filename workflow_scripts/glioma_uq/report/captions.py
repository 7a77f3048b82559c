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
    "reliability": (
        "How often are predictions of each confidence right",
        "Predictions at dropout rate {rate} and T = {passes}, sorted into bins by the probability "
        "of the predicted class. A point is a bin, as large as the number of its cases: how sure "
        "the network was (across) and how often it was right (up). On the dashed line confidence "
        "can be taken at its word, above it the network is too modest. Grey bars hold {level} % of "
        "the accuracies that perfectly calibrated probabilities would show with so few cases: "
        "only points outside them speak against the network. Gap: accuracy minus mean confidence "
        "over all cases. Below: cases in each bin.",
    ),
    "risk_coverage": (
        "What is gained by handing the most uncertain cases to someone else",
        "Mean risk (wrong classes; for segmentation 1 − Dice) of the cases that are kept when the "
        "most uncertain ones are left out, by the share that is kept, at T = {passes}: a line for "
        "each dropout rate, thick for the chosen one, with its {level} % bootstrap interval. At "
        "the right all cases are kept (dashed). Useful uncertainty bends the line down to the "
        "left; at the far left few cases are kept and the line is chance. Cases without a "
        "predicted tumour have no uncertainty there and are left out of the segmentation’s curve.",
    ),
    "uncertainty_shares": (
        "Which kind of uncertainty is it",
        "Mean uncertainty by dropout rate at T = {passes}, split into the aleatoric part (doubt "
        "that every pass shares) and the epistemic part (the passes disagree); percentages are "
        "the epistemic share. For segmentation it is the mean over the predicted tumour. Axes "
        "differ between panels.",
    ),
    "rate_differences": (
        "Do the dropout rates differ beyond chance",
        "Each dropout rate minus the chosen one ({rate}), at T = {passes} and on the same cases, "
        "with {level} % bootstrap intervals of the paired difference. Where an interval holds 0 "
        "(open points), this many cases cannot tell the rates apart. Intervals are not corrected "
        "for their number.",
    ),
    "posterior_truth": (
        "How near is it to the truth",
        "The phantom’s labels are drawn from known probabilities, so that the network’s can be "
        "held against the true ones, which no study of patients can do. Above: the predicted "
        "probability of each case against the true one (two classes: of the second). Below: "
        "aleatoric uncertainty against the entropy of the true probabilities, which is the doubt "
        "that no network can remove. On the dashed line both are equal. |P − P true| is the mean "
        "distance (total variation); the true ECE replaces the labels by their probabilities. "
        "Dropout rate {rate}, T = {passes}; in brackets {level} % bootstrap intervals.",
    ),
    "case_gallery": (
        "What does the uncertainty look like",
        "Cases from the least to the most uncertain predicted tumour, spread evenly over the "
        "study, in the axial slice with most of the tumour (the patient’s left is on the left). "
        "Beside each its mean uncertainty in the predicted tumour and its Dice. Mean probability "
        "is that of tumour over the passes; total uncertainty is aleatoric plus epistemic, voxel "
        "by voxel, all three on one scale up to ln 2 nats, the most that two classes can have. "
        "Dropout rate {rate}.",
    ),
    "learning_curves": (
        "Did the networks learn, and when did they stop",
        "Loss and validation Dice by epoch, a line for each fold and seed, a pair of panels for "
        "each dropout rate p. Dots mark the epoch with the lowest validation loss, whose weights "
        "were kept. A validation loss that rises while the training loss falls is overfitting.",
    ),
    "quality_figures": (
        "Where every case lies",
        "What each step measured, a point for each case and a row for each series, spread in "
        "height only to be seen. Crosses are cases that were left out, up to the step that left "
        "them out; black lines are the limits outside which a case is left out. A voxel size is "
        "that of the longest edge.",
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
