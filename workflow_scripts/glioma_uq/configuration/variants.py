"""What the two variants of preprocessing ask of a study, checked before any work starts.

Snakemake reads this module while it plans, so it imports nothing heavy.
"""

from glioma_uq.cohorts import check_skull_stripping
from glioma_uq.errors import BadInput


def check_variant(preprocessing, cohort):
    """Raise BadInput for choices of a config's `preprocessing` that do not go together.

    `cohort`: the config's part of that name. The authors' variant strips by the template
    and corrects the bias by the T1; the template's mask needs a template with a skull.
    """
    method, source = preprocessing["skull_stripping"], cohort["source"]
    authors = preprocessing["variant"] == "authors"
    if authors:
        _check_authors(method, cohort["modalities"], preprocessing["bias_field"])
    if method == "none" and source == "phantom":
        raise BadInput(
            "expected stripped scans for preprocessing.skull_stripping none, found the phantom, "
            "whose heads have skulls, set it to template"
        )
    heads = preprocessing["head_templates"]
    if heads["t1"] is None or (authors and heads["t2"] is None):
        check_skull_stripping(method, source)


def _check_authors(method, modalities, bias_field):
    if method != "template":
        raise BadInput(
            "expected preprocessing.skull_stripping template for variant authors, which has one "
            f"mask for all, found {method}, set it to template"
        )
    if "t1" not in modalities and bias_field is not None:
        raise BadInput(
            "expected t1 among cohort.modalities for preprocessing.variant authors, whose bias "
            f"field is that of the T1, found {', '.join(modalities)}, add it or set "
            "preprocessing.bias_field to null"
        )
