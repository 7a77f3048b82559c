"""From tables and figures to one page that a reader can open anywhere."""


rule record_provenance:
    """Write down what the study's results were made from: code, config, versions, seeds, inputs."""
    input:
        tables=(
            config["predictions"]["path"]
            if PUBLISHED
            else [f"results/cohorts/{COHORT}/cases.csv", f"results/studies/{STUDY}/folds.csv"]
        ),
        models=[] if PUBLISHED else over_grid(f"{RUN}/model.safetensors"),
    output:
        provenance="results/studies/{study}/provenance.json",
    log:
        "results/studies/{study}/logs/record_provenance.log",
    conda:
        "../envs/statistics.yaml"
    params:
        config=config,
        seed=config["seed"],
        library=fingerprint("record_provenance.py"),
    script:
        "../workflow_scripts/record_provenance.py"


rule make_viewer:
    """Write a page to look through cases: scans, truth and uncertainty maps, without a network."""
    input:
        segmentation=segmentation_cells,
        selection="results/studies/{study}/statistics/selection.csv",
        maps=MAPS,
        template=f"{TEMPLATES}/viewer.html.jinja",
        script=f"{TEMPLATES}/viewer.js",
        shared=SHARED_TEMPLATES,
    output:
        viewer="results/studies/{study}/viewer.html",
    log:
        "results/studies/{study}/logs/make_viewer.log",
    conda:
        "../envs/statistics.yaml"
    params:
        network=NETWORK,
        mapped=config["sampling"]["maps"],
        volumes=f"results/cohorts/{COHORT}/normalised",
        modalities=MODALITIES,
        cases_shown=config["report"]["viewer_cases"],
        classes=CLASSES,
        library=fingerprint("make_viewer.py"),
    script:
        "../workflow_scripts/make_viewer.py"


rule make_report:
    """Write the study's report: one HTML file that needs no network."""
    input:
        statistics=expand("results/studies/{{study}}/statistics/{table}.csv", table=STATISTICS),
        figures=expand("results/studies/{{study}}/figures/{figure}.png", figure=FIGURES),
        learning_curves=[] if PUBLISHED else "results/studies/{study}/figures/learning_curves.png",
        curves=[] if PUBLISHED else "results/studies/{study}/figures/learning_curves.csv",
        viewer=(
            []
            if PUBLISHED or not config["sampling"]["maps"]
            else "results/studies/{study}/viewer.html"
        ),
        overlays=OVERLAYS,
        cases=[] if PUBLISHED else "results/cohorts/<cohort>/cases.csv",
        excluded=[] if PUBLISHED else "results/cohorts/<cohort>/excluded.csv",
        provenance="results/studies/{study}/provenance.json",
        template=f"{TEMPLATES}/report.html.jinja",
        small_tumours=f"{TEMPLATES}/small_tumours.html.jinja",
        shared=SHARED_TEMPLATES,
    output:
        report="results/studies/{study}/report.html",
    log:
        "results/studies/{study}/logs/make_report.log",
    conda:
        "../envs/statistics.yaml"
    params:
        config=config,
        network=NETWORK,
        library=fingerprint("make_report.py"),
    script:
        "../workflow_scripts/make_report.py"
