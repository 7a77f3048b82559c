"""Cases of your own: one folder for each case and a table of labels."""

from glioma_uq.cohorts import existing_images

if config["cohort"]["source"] == "folder":
    FOLDER = config["cohort"]["folder"]
    SERIES = {part: FOLDER["names"][part] for part in [*MODALITIES, "segmentation"]}

    def images_of(case):
        """Return those images of a case that exist: a missing one is the step's to report."""
        return list(existing_images(FOLDER["path"], case, SERIES).values())

    rule check_folder:
        """Look at every case before any other work starts, and say which cannot take part."""
        input:
            table=FOLDER["labels"],
            images=[path for case in CASES for path in images_of(case)],
        output:
            labels="results/cohorts/{cohort}/labels.csv",
        log:
            "results/cohorts/{cohort}/logs/check_folder.log",
        conda:
            "../envs/imaging.yaml"
        params:
            folder=FOLDER["path"],
            names=SERIES,
            columns=FOLDER["columns"],
            modalities=MODALITIES,
            on_bad_case=config["cohort"]["on_bad_case"],
            library=fingerprint("check_folder.py"),
        script:
            "../workflow_scripts/check_folder.py"

    rule import_case:
        """Read one case whole and write its images in one layout and orientation."""
        input:
            # A corrected label must not register anything again, so only the images count.
            labels=ancient("results/cohorts/{cohort}/labels.csv"),
            images=lambda wildcards: images_of(wildcards.case),
        output:
            **{part: f"results/cohorts/{{cohort}}/raw/{{case}}/{part}.nii.gz" for part in SERIES},
            quality="results/cohorts/{cohort}/quality/{case}/import_case.csv",
        log:
            "results/cohorts/{cohort}/logs/import_case/{case}.log",
        conda:
            "../envs/imaging.yaml"
        params:
            folder=FOLDER["path"],
            names=SERIES,
            modalities=MODALITIES,
            on_bad_case=config["cohort"]["on_bad_case"],
            library=fingerprint("import_case.py"),
        script:
            "../workflow_scripts/import_case.py"
