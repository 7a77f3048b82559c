"""The template that all cohorts are registered to, and the cohort that we make ourselves."""

from glioma_uq.phantom.families import family_of

PHANTOM = config["cohort"].get("phantom", {})
TEMPLATE_FILES = {
    "brain": "brain.nii.gz",
    "brain_mask": "brain_mask.nii.gz",
    "white_matter": "white_matter.nii.gz",
}
if config["cohort"]["source"] == "phantom":
    TEMPLATE_FILES |= {
        "tissues": "tissues.nii",
        "distances": "distances.nii",
        "head": "head.nii.gz",
    }


rule make_template:
    """Write the MNI152 template and its mask; for a phantom, also give it skull and scalp."""
    output:
        **{
            name: f"results/cohorts/<cohort>/template/{file}"
            for name, file in TEMPLATE_FILES.items()
        },
    log:
        "results/cohorts/<cohort>/logs/make_template.log",
    conda:
        "../envs/imaging.yaml"
    params:
        library=fingerprint("make_template.py"),
    script:
        "../workflow_scripts/make_template.py"


if config["cohort"]["source"] == "phantom":

    def seed_of_case(case):
        """Return the seed of a case, which all sizes of one lesion share."""
        return seed_for(config["seed"], "phantom", family_of(case))

    rule make_phantom_labels:
        """Draw the phantom's labels, latent axes and true probabilities."""
        output:
            labels="results/cohorts/<cohort>/labels.csv",
            truth="results/cohorts/<cohort>/truth.csv",
        log:
            "results/cohorts/<cohort>/logs/make_phantom_labels.log",
        conda:
            "../envs/imaging.yaml"
        params:
            cases=PHANTOM["cases"],
            options={
                name: PHANTOM[name]
                for name in (
                    "separation_subtype",
                    "separation_grade",
                    "small_share",
                    "missing",
                    "label_flips",
                    "diameter_mm",
                    "small_diameter_mm",
                    "enhancement",
                )
            },
            size_stress=PHANTOM["size_stress"],
            seed=seed_for(config["seed"], "phantom", "labels"),
            library=fingerprint("make_phantom_labels.py"),
        script:
            "../workflow_scripts/make_phantom_labels.py"

    rule make_phantom_case:
        """Scan one phantom subject: four native series, its segmentation and the truth."""
        input:
            cohort_truth="results/cohorts/<cohort>/truth.csv",
            tissues="results/cohorts/<cohort>/template/tissues.nii",
            distances="results/cohorts/<cohort>/template/distances.nii",
        output:
            t1="results/cohorts/<cohort>/raw/{case}/t1.nii.gz",
            t1ce="results/cohorts/<cohort>/raw/{case}/t1ce.nii.gz",
            t2="results/cohorts/<cohort>/raw/{case}/t2.nii.gz",
            flair="results/cohorts/<cohort>/raw/{case}/flair.nii.gz",
            segmentation="results/cohorts/<cohort>/raw/{case}/segmentation.nii.gz",
            truth="results/cohorts/<cohort>/raw/{case}/truth.json",
        log:
            "results/cohorts/<cohort>/logs/make_phantom_case/{case}.log",
        conda:
            "../envs/imaging.yaml"
        params:
            in_plane_mm=PHANTOM["in_plane_mm"],
            slice_mm=PHANTOM["slice_mm"],
            bias_sd=PHANTOM["bias_sd"],
            seed=lambda wildcards: seed_of_case(wildcards.case),
            library=fingerprint("make_phantom_case.py"),
        script:
            "../workflow_scripts/make_phantom_case.py"

    rule measure_phantom_volumes:
        """Measure the true tumours of all cases on the study's grid, before any is scanned."""
        input:
            cohort_truth="results/cohorts/<cohort>/truth.csv",
            tissues="results/cohorts/<cohort>/template/tissues.nii",
            distances="results/cohorts/<cohort>/template/distances.nii",
            template="results/cohorts/<cohort>/template/brain_mask.nii.gz",
        output:
            volumes="results/cohorts/<cohort>/volumes.csv",
        log:
            "results/cohorts/<cohort>/logs/measure_phantom_volumes.log",
        conda:
            "../envs/imaging.yaml"
        params:
            seeds={case: seed_of_case(case) for case in CASES},
            options={name: config["preprocessing"][name] for name in ("voxel_size_mm", "margin_mm")},
            library=fingerprint("measure_phantom_volumes.py"),
        script:
            "../workflow_scripts/measure_phantom_volumes.py"
