"""From native scans to z-scored volumes on one grid, case by case."""

from glioma_uq.cohorts import STEPS, check_skull_stripping

PREPROCESSING = config["preprocessing"]
BY_TEMPLATE = PREPROCESSING["skull_stripping"] == "template"
OTHERS = [modality for modality in MODALITIES if modality != "t1ce"]
IN_COHORT = "results/cohorts/{cohort}"
BRAIN_MASK = f"{IN_COHORT}/skull_stripped/{{case}}/brain_mask.nii.gz"
T1CE_TO_TEMPLATE = f"{IN_COHORT}/registered/{{case}}/t1ce_to_template.txt"
check_skull_stripping(PREPROCESSING["skull_stripping"], config["cohort"]["source"])


def series(folder, modalities):
    """Return {modality: path} of one case's series in a folder of the cohort."""
    return {name: f"{IN_COHORT}/{folder}/{{case}}/{name}.nii.gz" for name in modalities}


rule correct_bias_field:
    """Take the smooth shading out of each native series of a case."""
    input:
        **series("raw", MODALITIES),
    output:
        **series("bias_corrected", MODALITIES),
        quality="results/cohorts/{cohort}/quality/{case}/correct_bias_field.csv",
    log:
        "results/cohorts/{cohort}/logs/correct_bias_field/{case}.log",
    conda:
        "../envs/imaging.yaml"
    params:
        options=PREPROCESSING["bias_field"],
        on_bad_case=config["cohort"]["on_bad_case"],
        library=fingerprint("correct_bias_field.py"),
    script:
        "../workflow_scripts/correct_bias_field.py"


rule coregister:
    """Find where each series of a case lies in its T1CE."""
    input:
        **series("bias_corrected", ["t1ce", *OTHERS]),
    output:
        **{name: f"{IN_COHORT}/registered/{{case}}/{name}_to_t1ce.txt" for name in OTHERS},
        quality="results/cohorts/{cohort}/quality/{case}/coregister.csv",
    log:
        "results/cohorts/{cohort}/logs/coregister/{case}.log",
    conda:
        "../envs/imaging.yaml"
    params:
        options=PREPROCESSING["registration"],
        seed=seed_for(config["seed"], "coregister"),
        on_bad_case=config["cohort"]["on_bad_case"],
        library=fingerprint("coregister.py"),
    script:
        "../workflow_scripts/coregister.py"


rule register_to_template:
    """Find where the T1CE of a case lies in the template: brain to brain, or head to head."""
    input:
        **(
            {}
            if BY_TEMPLATE
            else {
                "brain_mask": BRAIN_MASK,
                "template_mask": f"{IN_COHORT}/template/brain_mask.nii.gz",
            }
        ),
        t1ce="results/cohorts/{cohort}/bias_corrected/{case}/t1ce.nii.gz",
        template=f"{IN_COHORT}/template/{'head' if BY_TEMPLATE else 'brain'}.nii.gz",
    output:
        t1ce_to_template="results/cohorts/{cohort}/registered/{case}/t1ce_to_template.txt",
        quality="results/cohorts/{cohort}/quality/{case}/register_to_template.csv",
    log:
        "results/cohorts/{cohort}/logs/register_to_template/{case}.log",
    conda:
        "../envs/imaging.yaml"
    params:
        options=PREPROCESSING["registration"],
        min_dice=PREPROCESSING["quality"]["min_brain_dice"],
        seed=lambda wildcards: seed_for(config["seed"], "register_to_template", wildcards.case),
        on_bad_case=config["cohort"]["on_bad_case"],
        library=fingerprint("register_to_template.py"),
    script:
        "../workflow_scripts/register_to_template.py"


rule strip_skull:
    """Find the brain in the native T1CE of a case."""
    input:
        **(
            {
                "template": f"{IN_COHORT}/template/brain_mask.nii.gz",
                "t1ce_to_template": T1CE_TO_TEMPLATE,
            }
            if BY_TEMPLATE
            else {}
        ),
        t1ce="results/cohorts/{cohort}/bias_corrected/{case}/t1ce.nii.gz",
    output:
        brain_mask="results/cohorts/{cohort}/skull_stripped/{case}/brain_mask.nii.gz",
        quality="results/cohorts/{cohort}/quality/{case}/strip_skull.csv",
    log:
        "results/cohorts/{cohort}/logs/strip_skull/{case}.log",
    conda:
        "../envs/imaging.yaml"
    threads: 1 if BY_TEMPLATE else 4
    params:
        mirrored=PREPROCESSING["hd_bet_tta"],
        volume_ml=PREPROCESSING["quality"]["brain_volume_ml"],
        on_bad_case=config["cohort"]["on_bad_case"],
        library=fingerprint("strip_skull.py"),
    script:
        "../workflow_scripts/strip_skull.py"


rule normalise_case:
    """Bring a case onto the study's grid in one resampling, and its intensities onto one scale."""
    input:
        **series("bias_corrected", MODALITIES),
        **{
            f"{name}_to_t1ce": f"{IN_COHORT}/registered/{{case}}/{name}_to_t1ce.txt"
            for name in OTHERS
        },
        t1ce_to_template=T1CE_TO_TEMPLATE,
        brain_mask=BRAIN_MASK,
        segmentation="results/cohorts/{cohort}/raw/{case}/segmentation.nii.gz",
        template="results/cohorts/{cohort}/template/brain_mask.nii.gz",
    output:
        **series("normalised", [*MODALITIES, "brain_mask", "segmentation"]),
        quality="results/cohorts/{cohort}/quality/{case}/normalise_case.csv",
    log:
        "results/cohorts/{cohort}/logs/normalise_case/{case}.log",
    conda:
        "../envs/imaging.yaml"
    params:
        modalities=MODALITIES,
        options={name: PREPROCESSING[name] for name in ("voxel_size_mm", "margin_mm")},
        on_bad_case=config["cohort"]["on_bad_case"],
        library=fingerprint("normalise_case.py"),
    script:
        "../workflow_scripts/normalise_case.py"


rule collect_cohort:
    """Say who takes part in a cohort, who does not and why, and what was measured on the way."""
    input:
        labels="results/cohorts/{cohort}/labels.csv",
        quality=expand(
            "results/cohorts/{{cohort}}/quality/{case}/{step}.csv",
            case=CASES,
            step=[
                s for s in STEPS if s != "import_case" or config["cohort"]["source"] == "folder"
            ],
        ),
    output:
        cases="results/cohorts/{cohort}/cases.csv",
        excluded="results/cohorts/{cohort}/excluded.csv",
        quality="results/cohorts/{cohort}/quality.csv",
    log:
        "results/cohorts/{cohort}/logs/collect_cohort.log",
    conda:
        "../envs/imaging.yaml"
    params:
        library=fingerprint("collect_cohort.py"),
    script:
        "../workflow_scripts/collect_cohort.py"


rule draw_overlay:
    """Draw a case in template space: the picture to look at before anything is believed."""
    input:
        **series("normalised", [*MODALITIES, "brain_mask", "segmentation"]),
        template="results/cohorts/{cohort}/template/brain_mask.nii.gz",
    output:
        picture="results/cohorts/{cohort}/figures/{case}.png",
    log:
        "results/cohorts/{cohort}/logs/draw_overlay/{case}.log",
    conda:
        "../envs/imaging.yaml"
    params:
        modalities=MODALITIES,
        library=fingerprint("draw_overlay.py"),
    script:
        "../workflow_scripts/draw_overlay.py"
