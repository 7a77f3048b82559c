"""From native scans to z-scored volumes on the grid of the template, case by case."""


rule make_template:
    """Write the MNI152 template and its mask; for a phantom also a head with skull and scalp."""
    output:
        **cohort.template_files(),
    log:
        "results/cohorts/<cohort>/logs/make_template.log",
    conda:
        "../../envs/imaging.yaml"
    params:
        library=cohort.code("make_template"),
    script:
        "../../workflow_scripts/make_template.py"


rule correct_bias_field:
    """Correct the bias field of each native series of a case."""
    input:
        **cohort.series("scans", "raw", cohort.modalities),
        **(cohort.matrices("to_t1ce") if cohort.is_authors else {}),
    output:
        **cohort.series("corrected", "bias_corrected", cohort.modalities),
        quality="results/cohorts/<cohort>/quality/{case}/correct_bias_field.csv",
    log:
        "results/cohorts/<cohort>/logs/correct_bias_field/{case}.log",
    group:
        cohort.group("preprocess")
    conda:
        "../../envs/imaging.yaml"
    params:
        **cohort.of_step("correct_bias_field"),
        options=cohort.preprocessing["bias_field"],
    script:
        "../../workflow_scripts/correct_bias_field.py"


rule coregister:
    """Register each series of a case to its T1CE."""
    input:
        **cohort.series("series", cohort.registered, cohort.others),
        **cohort.coregistration(),
        t1ce=f"results/cohorts/<cohort>/{cohort.registered}/{{case}}/t1ce.nii.gz",
    output:
        **cohort.matrices("matrices"),
        quality="results/cohorts/<cohort>/quality/{case}/coregister.csv",
    log:
        "results/cohorts/<cohort>/logs/coregister/{case}.log",
    group:
        cohort.group("preprocess")
    conda:
        "../../envs/imaging.yaml"
    params:
        **cohort.of_step("coregister"),
        depends_on=lambda wildcards: cohort.contents_of_heads,
        options=cohort.preprocessing["registration"],
        seed=cohort.seed_for("coregister"),
    script:
        "../../workflow_scripts/coregister.py"


rule register_to_template:
    """Register the T1CE of a case to the template: brain to brain, or head to head."""
    input:
        **cohort.template_registration(),
        t1ce=f"results/cohorts/<cohort>/{cohort.registered}/{{case}}/t1ce.nii.gz",
    output:
        t1ce_to_template="results/cohorts/<cohort>/registered/{case}/t1ce_to_template.txt",
        quality="results/cohorts/<cohort>/quality/{case}/register_to_template.csv",
    log:
        "results/cohorts/<cohort>/logs/register_to_template/{case}.log",
    group:
        cohort.group("preprocess")
    conda:
        "../../envs/imaging.yaml"
    params:
        **cohort.of_step("register_to_template"),
        depends_on=lambda wildcards: cohort.contents_of_heads,
        options=cohort.preprocessing["registration"],
        seed=lambda wildcards: cohort.seed_for("register_to_template", wildcards.case),
    script:
        "../../workflow_scripts/register_to_template.py"


rule strip_skull:
    """Extract the brain in the native T1CE of a case."""
    input:
        **cohort.stripping(),
    output:
        brain_mask="results/cohorts/<cohort>/skull_stripped/{case}/brain_mask.nii.gz",
        quality="results/cohorts/<cohort>/quality/{case}/strip_skull.csv",
    log:
        "results/cohorts/<cohort>/logs/strip_skull/{case}.log",
    group:
        cohort.group("preprocess")
    conda:
        "../../envs/imaging.yaml"
    threads: 1 if cohort.method in ("template", "none") else 4
    params:
        **cohort.of_step("strip_skull"),
        method=cohort.method,
        options=cohort.stripping_options(),
    script:
        "../../workflow_scripts/strip_skull.py"


rule normalise_case:
    """Resample a case once onto the study's grid, and normalise its intensities."""
    input:
        **cohort.series("scans", "bias_corrected", cohort.modalities),
        **cohort.matrices("to_t1ce"),
        **cohort.refinement_template(),
        t1ce_to_template="results/cohorts/<cohort>/registered/{case}/t1ce_to_template.txt",
        brain_mask="results/cohorts/<cohort>/skull_stripped/{case}/brain_mask.nii.gz",
        segmentation="results/cohorts/<cohort>/raw/{case}/segmentation.nii.gz",
        template="results/cohorts/<cohort>/template/brain_mask.nii.gz",
    output:
        **cohort.series("normalised", "normalised", cohort.parts),
        quality="results/cohorts/<cohort>/normalised/{case}/normalise_case.csv",
    log:
        "results/cohorts/<cohort>/logs/normalise_case/{case}.log",
    group:
        cohort.group("preprocess")
    conda:
        "../../envs/imaging.yaml"
    params:
        **cohort.of_step("normalise_case"),
        options=cohort.grid_options,
        field_options=cohort.refinement,
        variant=cohort.preprocessing["variant"],
        clip=cohort.preprocessing["clip"],
        coding=lambda wildcards: cohort.coding_of(wildcards.case),
        on_own_grid=cohort.on_own_grid,
    script:
        "../../workflow_scripts/normalise_case.py"
