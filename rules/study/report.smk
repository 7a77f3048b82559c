"""From tables and figures to the report, one self-contained page."""


rule record_provenance:
    """Record how the study's results were made: code, config, versions, seeds and inputs."""
    input:
        inputs=study.provenance_inputs(),
    output:
        provenance="results/studies/<study>/provenance.json",
    log:
        "results/studies/<study>/logs/record_provenance.log",
    group:
        study.group("statistics")
    conda:
        "../../envs/statistics.yaml"
    params:
        config=study.config,
        seed=study.seed,
        depends_on=lambda wildcards: study.contents,
        library=fingerprint("record_provenance.py"),
    script:
        "../../workflow_scripts/record_provenance.py"


rule make_viewer:
    """Write the case viewer: scans, reference and uncertainty maps, on one offline page."""
    input:
        segmentation=study.cells("segmentation"),
        selection="results/studies/<study>/statistics/selection.csv",
        maps=study.maps,
        volumes="results/cohorts/<cohort>/volumes.csv",
    output:
        viewer="results/studies/<study>/viewer.html",
    log:
        "results/studies/<study>/logs/make_viewer.log",
    group:
        study.group("statistics")
    conda:
        "../../envs/statistics.yaml"
    params:
        study=study.name,
        network=study.network,
        mapped=study.config["sampling"]["maps"],
        modalities=study.modalities,
        cases_shown=study.config["report"]["viewer_cases"],
        classes=study.classes,
        depends_on=templates("viewer.html.jinja", "viewer.js"),
        library=fingerprint("make_viewer.py"),
    script:
        "../../workflow_scripts/make_viewer.py"


rule make_report:
    """Write the study's report as one HTML file that works offline."""
    input:
        **study.reported(),
        provenance="results/studies/<study>/provenance.json",
    output:
        report="results/studies/<study>/report.html",
    log:
        "results/studies/<study>/logs/make_report.log",
    group:
        study.group("statistics")
    conda:
        "../../envs/statistics.yaml"
    params:
        config=study.config,
        network=study.network,
        has=sorted(study.has),
        # The captions are in the figures' modules, which the step imports by name.
        depends_on=[
            templates("report.html.jinja", "small_tumours.html.jinja"),
            *(
                fingerprint("draw_figure.py", also=f"glioma_uq/figures/{figure}.py")
                for figure in study.figures
            ),
        ],
        library=fingerprint("make_report.py"),
    script:
        "../../workflow_scripts/make_report.py"
