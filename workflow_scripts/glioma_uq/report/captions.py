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
        "by voxel, all three on one scale up to ln {classes} nats, the most that {classes} classes "
        "can have. Dropout rate {rate}.",
    ),
    "tumour_volumes": (
        "How large are the tumours",
        "Volumes of the reference segmentations, each case once, 0 without the region. (a) "
        "Enhancing tumour; tumour core (enhancing, necrotic and other non-enhancing tumour); whole "
        "tumour (core and oedema): the box holds the middle half of the cases, the orange line is "
        "the median, whiskers reach 1.5 box heights at most, circles lie beyond. (b) How many "
        "cases have an enhancing tumour of at most so many ml, on a logarithmic axis; dashed: the "
        "1 and 2 ml (1,000 and 2,000 mm³, so many voxels of 1 mm) below which the tables call a "
        "tumour small.",
    ),
    "segmentation_gallery": (
        "What do the networks see, and what not",
        "Cases with enhancing tumour from the smallest to the largest, spread evenly over the "
        "study, in the axial slice with most of it (the patient’s left is on the left): scans, the "
        "reference, and the prediction of each network, drawn over the first scan. Beside each "
        "case its volume of enhancing tumour; below each prediction the Dice of the enhancing "
        "tumour in the whole volume. Dropout rate {rate}; networks of the first seed that have not "
        "seen the case.",
    ),
    "dice_by_size": (
        "Is a small tumour outlined worse",
        "Dice of the enhancing tumour (0: no overlap with the reference, 1: the same voxels). (a) "
        "Mean over the cases whose enhancing tumour has so many ml, n below each; bars are {level} "
        "% bootstrap intervals. Where there is none, a case counts 1 when none is predicted, else "
        "0. (b) Every case with enhancing tumour, on a logarithmic axis; dashed: 1 and 2 ml. A "
        "case of several seeds counts once, with its mean. Dropout rate {rate}.",
    ),
    "froc": (
        "Which lesions are found, and at what price",
        "Enhancing lesions, the connected parts of the reference’s enhancing tumour. One is found "
        "where a predicted lesion shares a voxel with it; a predicted lesion that touches none is "
        "false. (a) Share found against false ones for each case when predictions smaller than a "
        "limit are left out: the mark at the end of a line is all that a network predicts, to the "
        "left only ever larger ones count. (b) Share found by size of the lesion, with {level} % "
        "bootstrap intervals over cases. Dropout rate {rate}.",
    ),
    "uncertainty_by_size": (
        "Is the doubt about small tumours another one",
        "By volume of the enhancing tumour (below 1 ml is part of below 2 ml), with {level} % "
        "bootstrap intervals: (a) the share of the uncertainty that is epistemic (the passes "
        "disagree), in the predicted tumour; (b) the calibration error of the voxels’ "
        "probability of tumour, in the tumour and its rim; (c) the chance that a case whose "
        "enhancing tumour is missed (less than a tenth of it found) has more total uncertainty "
        "than one where it is found; (d) the same chance for other scores, over all cases. Dashed: "
        "0.5, a score that tells nothing. Where nobody or everybody missed it there is no such "
        "chance. Dropout rate {rate}.",
    ),
    "size_stress": (
        "What if the same tumour were smaller",
        "The same phantom subjects, each scanned with its tumour at several sizes: a family, all "
        "of whose members are tested by networks that have seen none of them. (a) Mean Dice at "
        "each scale of the diameter (half the diameter is an eighth of the volume); (b) minus that "
        "of the same subject at the largest scale; (c) each network minus the first one on the "
        "same tumour. Bars are {level} % bootstrap intervals over families, so that all "
        "differences are paired; one that leaves 0 out is more than chance. Families whose region "
        "is empty at some scale are left out of it. Dropout rate {rate}.",
    ),
    "learning_curves": (
        "Did the networks learn, and when did they stop",
        "Loss and validation Dice by epoch, a line for each fold and seed, a pair of panels for "
        "each dropout rate p and each network that is drawn. Dots mark the epoch whose weights "
        "were kept, that of the lowest validation loss or the last. A validation loss that rises "
        "while the training loss falls is overfitting.",
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
