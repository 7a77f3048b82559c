"""The template that all cases are registered to."""


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
