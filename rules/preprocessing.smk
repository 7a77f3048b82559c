"""From native scans to z-scored volumes on one grid, case by case."""

from glioma_uq.quality.figures import limits_of_step
from glioma_uq.configuration.variants import check_variant

PREPROCESSING = config["preprocessing"]
check_variant(PREPROCESSING, config["cohort"])
AUTHORS = PREPROCESSING["variant"] == "authors"
METHOD = PREPROCESSING["skull_stripping"]
LIMITS = PREPROCESSING["quality"]["limits"]
OTHERS = [modality for modality in MODALITIES if modality != "t1ce"]
IN_COHORT = "results/cohorts/<cohort>"
BRAIN_MASK = f"{IN_COHORT}/skull_stripped/{{case}}/brain_mask.nii.gz"
TEMPLATE_MASK = f"{IN_COHORT}/template/brain_mask.nii.gz"
T1CE_TO_TEMPLATE = f"{IN_COHORT}/registered/{{case}}/t1ce_to_template.txt"
TO_T1CE = {
    f"{name}_to_t1ce": f"{IN_COHORT}/registered/{{case}}/{name}_to_t1ce.txt" for name in OTHERS
}
# What each method of skull stripping reads besides the T1CE, and the options it has.
STRIPPING_INPUTS = {
    "template": {"template": TEMPLATE_MASK, "t1ce_to_template": T1CE_TO_TEMPLATE},
    "none": {"own_mask": f"{IN_COHORT}/raw/{{case}}/brain_mask.nii.gz"},
}
MIRRORED = {"mirrored": PREPROCESSING["hd_bet_tta"]}
STRIPPING_OPTIONS = {"hd-bet": PREPROCESSING["hd_bet"] | MIRRORED, "hd-bet-v1": MIRRORED}
# The authors register what the scanner made and correct it afterwards.
REGISTERED = "raw" if AUTHORS else "bias_corrected"
# Shading that N4 left is looked for in white matter once it is known where that lies.
REFINED = PREPROCESSING["white_matter_field"] if PREPROCESSING["bias_field"] else None
WHITE_MATTER = (
    {"white_matter": f"{IN_COHORT}/template/white_matter.nii.gz"} if REFINED and not AUTHORS else {}
)


def series(folder, modalities):
    """Return {modality: path} of one case's series in a folder of the cohort."""
    return {name: f"{IN_COHORT}/{folder}/{{case}}/{name}.nii.gz" for name in modalities}


def head_template(modality):
    """Return the template with a skull that a modality is registered to."""
    weighting = "t1" if modality in ("t1", "t1ce") else "t2"
    # ASSUME: the phantom's one head, of T1CE contrast, serves T2 and FLAIR; the metric allows it.
    return PREPROCESSING["head_templates"][weighting] or f"{IN_COHORT}/template/head.nii.gz"


rule correct_bias_field:
    """Take the smooth shading out of each native series of a case."""
    input:
        **series("raw", MODALITIES),
        **(TO_T1CE if AUTHORS else {}),
    output:
        **series("bias_corrected", MODALITIES),
        quality="results/cohorts/<cohort>/quality/{case}/correct_bias_field.csv",
    log:
        "results/cohorts/<cohort>/logs/correct_bias_field/{case}.log",
    conda:
        "../envs/imaging.yaml"
    params:
        options=PREPROCESSING["bias_field"],
        limits=limits_of_step("correct_bias_field", LIMITS),
        on_bad_case=config["cohort"]["on_bad_case"],
        library=fingerprint("correct_bias_field.py"),
    script:
        "../workflow_scripts/correct_bias_field.py"


rule coregister:
    """Find where each series of a case lies in its T1CE."""
    input:
        **series(REGISTERED, ["t1ce", *OTHERS]),
        **(
            {f"{name}_template": head_template(name) for name in OTHERS}
            | {"t1ce_to_template": T1CE_TO_TEMPLATE}
            if AUTHORS
            else {}
        ),
    output:
        **{name: f"{IN_COHORT}/registered/{{case}}/{name}_to_t1ce.txt" for name in OTHERS},
        quality="results/cohorts/<cohort>/quality/{case}/coregister.csv",
    log:
        "results/cohorts/<cohort>/logs/coregister/{case}.log",
    conda:
        "../envs/imaging.yaml"
    params:
        options=PREPROCESSING["registration"],
        seed=seed_for(config["seed"], "coregister"),
        limits=limits_of_step("coregister", LIMITS),
        on_bad_case=config["cohort"]["on_bad_case"],
        library=fingerprint("coregister.py"),
    script:
        "../workflow_scripts/coregister.py"


rule register_to_template:
    """Find where the T1CE of a case lies in the template: brain to brain, or head to head."""
    input:
        **(
            {"template": head_template("t1ce")}
            if METHOD == "template"
            else {
                "template": f"{IN_COHORT}/template/brain.nii.gz",
                "template_mask": TEMPLATE_MASK,
                "brain_mask": BRAIN_MASK,
            }
        ),
        t1ce=f"{IN_COHORT}/{REGISTERED}/{{case}}/t1ce.nii.gz",
    output:
        t1ce_to_template="results/cohorts/<cohort>/registered/{case}/t1ce_to_template.txt",
        quality="results/cohorts/<cohort>/quality/{case}/register_to_template.csv",
    log:
        "results/cohorts/<cohort>/logs/register_to_template/{case}.log",
    conda:
        "../envs/imaging.yaml"
    params:
        options=PREPROCESSING["registration"],
        seed=lambda wildcards: seed_for(config["seed"], "register_to_template", wildcards.case),
        limits=limits_of_step("register_to_template", LIMITS),
        on_bad_case=config["cohort"]["on_bad_case"],
        library=fingerprint("register_to_template.py"),
    script:
        "../workflow_scripts/register_to_template.py"


rule strip_skull:
    """Find the brain in the native T1CE of a case."""
    input:
        **STRIPPING_INPUTS.get(METHOD, {}),
        # N4 would give a background other than 0 many values, and stripped scans are known by it.
        t1ce=f"{IN_COHORT}/{'raw' if METHOD == 'none' else 'bias_corrected'}/{{case}}/t1ce.nii.gz",
    output:
        brain_mask="results/cohorts/<cohort>/skull_stripped/{case}/brain_mask.nii.gz",
        quality="results/cohorts/<cohort>/quality/{case}/strip_skull.csv",
    log:
        "results/cohorts/<cohort>/logs/strip_skull/{case}.log",
    conda:
        "../envs/imaging.yaml"
    threads: 1 if METHOD in ("template", "none") else 4
    params:
        method=METHOD,
        options=STRIPPING_OPTIONS.get(METHOD, {}),
        limits=limits_of_step("strip_skull", LIMITS),
        on_bad_case=config["cohort"]["on_bad_case"],
        library=fingerprint("strip_skull.py"),
    script:
        "../workflow_scripts/strip_skull.py"


rule normalise_case:
    """Bring a case onto the study's grid in one resampling, and its intensities onto one scale."""
    input:
        **series("bias_corrected", MODALITIES),
        **TO_T1CE,
        **WHITE_MATTER,
        t1ce_to_template=T1CE_TO_TEMPLATE,
        brain_mask=BRAIN_MASK,
        segmentation="results/cohorts/<cohort>/raw/{case}/segmentation.nii.gz",
        template="results/cohorts/<cohort>/template/brain_mask.nii.gz",
    output:
        **series("normalised", [*MODALITIES, "brain_mask", "segmentation"]),
        quality="results/cohorts/<cohort>/quality/{case}/normalise_case.csv",
    log:
        "results/cohorts/<cohort>/logs/normalise_case/{case}.log",
    conda:
        "../envs/imaging.yaml"
    params:
        modalities=MODALITIES,
        options={name: PREPROCESSING[name] for name in ("voxel_size_mm", "margin_mm")},
        field_options=REFINED,
        variant=PREPROCESSING["variant"],
        clip=PREPROCESSING["clip"],
        limits=limits_of_step("normalise_case", LIMITS),
        on_bad_case=config["cohort"]["on_bad_case"],
        library=fingerprint("normalise_case.py"),
    script:
        "../workflow_scripts/normalise_case.py"
