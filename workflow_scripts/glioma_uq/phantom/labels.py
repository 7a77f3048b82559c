"""Labels whose posterior is known: eight joint classes, seven Gaussian latent axes, Bayes' rule.

z given the class is N(mu_class, I), so P(class | z) is closed form and every case carries its true
P(IDH mutated), P(1p19q co-deleted) and P(grade). It is an upper bound on what a picture can tell.
"""

from collections import namedtuple

import numpy as np
from scipy.special import softmax

from glioma_uq.errors import BadInput
from glioma_uq.phantom.lesion_groups import case_names

Class = namedtuple("Class", "name idh codeleted grade")
AXES = ("enhancement", "mismatch", "border", "calcification", "frontal", "size", "oedema")
GRADES = (2, 3, 4)
UNKNOWN = -1

# Co-deleted implies mutated, and there is no co-deleted grade 4 (WHO 2021).
CLASSES = (
    Class("wildtype-2", 0, 0, 2),
    Class("wildtype-3", 0, 0, 3),
    Class("wildtype-4", 0, 0, 4),
    Class("mutant-intact-2", 1, 0, 2),
    Class("mutant-intact-3", 1, 0, 3),
    Class("mutant-intact-4", 1, 0, 4),
    Class("mutant-codeleted-2", 1, 1, 2),
    Class("mutant-codeleted-3", 1, 1, 3),
)
# ASSUME: shares of the joint classes, near those of the public cohorts (TCGA-GBM with TCGA-LGG).
PRIOR = np.array([0.05, 0.08, 0.35, 0.11, 0.10, 0.06, 0.13, 0.12])

# ASSUME: which sign moves with which subtype or grade; one unit is one sd of z. Columns are AXES.
SUBTYPE_MEANS = {
    (0, 0): (0.55, -0.8, 0.0, -0.45, -0.4, 0.0, 0.45),
    (1, 0): (-0.45, 1.0, -0.6, -0.45, 0.0, 0.0, -0.4),
    (1, 1): (-0.30, -0.5, 0.6, 1.0, 0.7, 0.0, -0.4),
}
GRADE_MEANS = {
    2: (-0.75, 0.0, 0.0, 0.0, 0.0, -0.35, -0.3),
    3: (-0.10, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0),
    4: (0.75, 0.0, 0.0, 0.0, 0.0, 0.35, 0.4),
}


def class_means(separation_subtype, separation_grade, enhancement=0.0):
    """Return mu [8, 7]: the separations scale the subtypes' and the grades' share of the means.

    `enhancement` moves all classes alike along that axis, so it tells nothing of the class.
    """
    subtypes = np.array([SUBTYPE_MEANS[c.idh, c.codeleted] for c in CLASSES])
    grades = np.array([GRADE_MEANS[c.grade] for c in CLASSES])
    means = separation_subtype * subtypes + separation_grade * grades
    means[:, AXES.index("enhancement")] += enhancement
    return means


def class_posterior(z, means, flip_rate=0.0):
    """Return P(recorded class | z) [..., 8] for z [..., 7] by Bayes' rule.

    With label flips the recorded class is, at `flip_rate`, another one drawn by `flip_matrix`.
    """
    distance = np.square(np.asarray(z)[..., None, :] - means).sum(-1)
    return softmax(np.log(PRIOR) - distance / 2, axis=-1) @ flip_matrix(flip_rate)


def flip_matrix(rate):
    """Return P(recorded class | class) [8, 8]: a flip draws one of the other classes by prior."""
    others = np.tile(PRIOR, (len(PRIOR), 1))
    np.fill_diagonal(others, 0)
    return (1 - rate) * np.eye(len(PRIOR)) + rate * others / others.sum(1, keepdims=True)


def task_probabilities(posterior):
    """Return {column: P [...]}: p_idh (mutated), p_1p19q (co-deleted), p_grade_2 to p_grade_4."""
    columns = {
        "p_idh": [c.idh == 1 for c in CLASSES],
        "p_1p19q": [c.codeleted == 1 for c in CLASSES],
    }
    columns |= {f"p_grade_{grade}": [c.grade == grade for c in CLASSES] for grade in GRADES}
    return {name: posterior[..., np.array(members)].sum(-1) for name, members in columns.items()}


def quota(shares, n):
    """Return n split by `shares` into whole numbers by the largest remainder."""
    exact = np.asarray(shares, float) / np.sum(shares) * n
    counts = np.floor(exact + 1e-9).astype(int)
    order = np.argsort(counts - exact, kind="stable")
    counts[order[: n - counts.sum()]] += 1
    return counts


def draw_classes(n, rng):
    """Return n indices into CLASSES, as many of each as PRIOR says, in random order."""
    return rng.permutation(np.repeat(np.arange(len(CLASSES)), quota(PRIOR, n)))


def draw_subset(n, share, rng, allowed=None):
    """Return a bool array [n] with round(share * n) true entries, all among `allowed`."""
    allowed = np.arange(n) if allowed is None else np.flatnonzero(allowed)
    wanted = round(share * n)
    if wanted > len(allowed):
        raise BadInput(
            f"expected a share of at most {len(allowed) / n:.2f}, found {share}: "
            "lower the missing share of IDH or raise that of 1p19q."
        )
    chosen = np.zeros(n, bool)
    chosen[rng.choice(allowed, wanted, replace=False)] = True
    return chosen


def flip_classes(classes, rate, rng):
    """Return the recorded classes: round(rate * n) of them are another class, drawn by prior."""
    recorded = classes.copy()
    for case in np.flatnonzero(draw_subset(len(classes), rate, rng)):
        recorded[case] = rng.choice(len(CLASSES), p=flip_matrix(1.0)[classes[case]])
    return recorded


def draw_diameters(size, small, rng, typical_mm, small_mm):
    """Return diameters in mm: typical_mm exp(.42 z_size) in 7-80.

    Those of the `small` cases lie evenly in `small_mm` (low, high).
    """
    usual = np.clip(typical_mm * np.exp(0.42 * size), 7, 80)
    return np.where(small, rng.uniform(*small_mm, len(size)), usual)


def draw_missing(codeleted, missing, rng):
    """Return {task: bool [n]}, who goes without a label, for the shares in `missing`.

    A case that shows a co-deletion keeps its IDH label, since the one implies the other.
    """
    n = len(codeleted)
    hidden = {task: draw_subset(n, missing[task], rng) for task in ("1p19q", "grade")}
    shows_codeletion = (codeleted == 1) & ~hidden["1p19q"]
    return hidden | {"idh": draw_subset(n, missing["idh"], rng, ~shows_codeletion)}


def draw_cohort(
    cases,
    seed,
    *,
    separation_subtype,
    separation_grade,
    small_share,
    missing,
    label_flips=0.0,
    diameter_mm=38.0,
    small_diameter_mm=(7.0, 16.0),
    enhancement=0.0,
):
    """Return (labels, truth), two lists of dicts, one row for each case, from one seed.

    `truth` holds the class that drew the picture, the recorded labels before some went missing,
    the true probabilities of those labels, the diameter in mm and z. `labels` is what a study sees.
    """
    rng = np.random.default_rng(seed)
    means = class_means(separation_subtype, separation_grade, enhancement)
    classes = draw_classes(cases, rng)
    z = means[classes] + rng.standard_normal((cases, len(AXES)))
    small = draw_subset(cases, small_share, rng)
    size = z[:, AXES.index("size")]
    diameters = draw_diameters(size, small, rng, diameter_mm, small_diameter_mm)
    recorded = flip_classes(classes, label_flips, rng)
    hidden = draw_missing(np.array([CLASSES[c].codeleted for c in recorded]), missing, rng)
    probabilities = task_probabilities(class_posterior(z, means, label_flips))
    labels, truth = [], []
    for i, name in enumerate(case_names(cases)):
        known = CLASSES[recorded[i]]
        tasks = {"idh": known.idh, "1p19q": known.codeleted, "grade": known.grade}
        shown = {task: UNKNOWN if hidden[task][i] else value for task, value in tasks.items()}
        labels.append({"case": name, "source": "phantom", **shown, "problem": ""})
        truth.append(
            {"case": name, "class": CLASSES[classes[i]].name, **tasks}
            | {column: float(p[i]) for column, p in probabilities.items()}
            | {"diameter_mm": float(diameters[i]), "small": int(small[i])}
            | {f"z_{axis}": float(value) for axis, value in zip(AXES, z[i], strict=True)}
        )
    return labels, truth
