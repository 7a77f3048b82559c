"""Cases that were not made by us: looked at before anything else, then brought into one layout."""

from glioma_uq.cohorts import CONVERTED, coding_of, existing_images, file_of
from glioma_uq.quality.figures import limits_of_step

SOURCE = config["cohort"]["source"]

if SOURCE != "phantom":
    PARTS = [*MODALITIES, "segmentation", "brain_mask"]
    LOOK = {
        "source": SOURCE,
        "options": config["cohort"][SOURCE],
        "follow_links": config["cohort"]["follow_links"],
    }
    READ = LOOK
    if SOURCE in CONVERTED:
        READ = LOOK | {
            "source": "converted",
            "options": {"path": f"results/cohorts/{COHORT}/converted"},
        }
    SERIES = [f"results/cohorts/<cohort>/converted/{{case}}/{name}.nii.gz" for name in MODALITIES]

    def images_of(case):
        """Return those images of a case that exist: a missing one is the step's to report."""
        return existing_images(case=case, parts=PARTS, **LOOK)

    rule check_cohort:
        """Look at every case before any other work starts, and say which cannot take part."""
        input:
            table=config["cohort"]["labels"]["table"],
            images=[path for case in CASES for path in images_of(case)],
        output:
            labels="results/cohorts/<cohort>/labels.csv",
        log:
            "results/cohorts/<cohort>/logs/check_cohort.log",
        conda:
            "../envs/imaging.yaml"
        params:
            **LOOK,
            table=config["cohort"]["labels"],
            parts=PARTS,
            on_bad_case=config["cohort"]["on_bad_case"],
            library=[fingerprint("check_cohort.py"), fingerprint(file_of(SOURCE))],
        script:
            "../workflow_scripts/check_cohort.py"

    rule import_case:
        """Read one case whole and write it in one layout, orientation and coding of labels."""
        input:
            # A corrected label must not register anything again, so only the images count.
            labels=ancient("results/cohorts/<cohort>/labels.csv"),
            images=SERIES if SOURCE in CONVERTED else lambda wildcards: images_of(wildcards.case),
        output:
            **{part: f"results/cohorts/<cohort>/raw/{{case}}/{part}.nii.gz" for part in PARTS},
            quality="results/cohorts/<cohort>/quality/{case}/import_case.csv",
        log:
            "results/cohorts/<cohort>/logs/import_case/{case}.log",
        conda:
            "../envs/imaging.yaml"
        params:
            **READ,
            modalities=MODALITIES,
            coding=coding_of(config["cohort"]),
            limits=limits_of_step("import_case", config["preprocessing"]["quality"]["limits"]),
            on_bad_case=config["cohort"]["on_bad_case"],
            library=[fingerprint("import_case.py"), fingerprint(file_of(READ["source"]))],
        script:
            "../workflow_scripts/import_case.py"
