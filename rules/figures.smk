"""From the long tables to the figures, each as PDF, as PNG and with the table that it draws."""

FIGURES = ["figure_3", "figure_5", "reliability", "risk_coverage"]
if not PUBLISHED:
    FIGURES = ["figure_2", "figure_3", "figure_4", "figure_5", "reliability", "risk_coverage"]
    FIGURES += ["uncertainty_shares"] + (["rate_differences"] if len(RATES) > 1 else [])
    FIGURES += ["posterior_truth"] if config["cohort"]["source"] == "phantom" else []
    FIGURES += ["case_gallery"] if config["sampling"]["maps"] else []
if not TASKS:
    of_segmentation = ["rate_differences"] + (["figure_4", "case_gallery"] if DISAGREE else [])
    FIGURES = [figure for figure in FIGURES if figure in (*of_segmentation, "risk_coverage")]
if PARTS:
    of_parts = ["tumour_volumes", "segmentation_gallery", "dice_by_size", "froc"]
    of_parts += ["size_stress"] if FAMILIES else []
    of_parts += ["uncertainty_by_size"] if DISAGREE else []
    # A study of segmentation alone begins with the parts, another one ends with them.
    FIGURES = [*FIGURES, *of_parts] if TASKS else [*of_parts, *FIGURES]

# With these as targets a deleted figure is drawn again without being asked for by name.
FIGURE_FILES = expand(
    f"results/studies/{STUDY}/figures/{{figure}}.{{kind}}",
    figure=FIGURES if PUBLISHED else [*FIGURES, "learning_curves"],
    kind=("pdf", "png", "csv"),
)

# Voxel maps of the first network at every rate: which rate is chosen shows when jobs run.
MAPS = [] if PUBLISHED else over_grid(f"{RUN}/samples/maps", [NETWORK])


rule draw_figure_2:
    """Draw how much uncertainty there is, of which kind, over passes and dropout rates."""
    input:
        classification="results/studies/{study}/statistics/classification.csv",
        segmentation="results/studies/{study}/statistics/segmentation.csv",
    output:
        pdf="results/studies/{study}/figures/figure_2.pdf",
        png="results/studies/{study}/figures/figure_2.png",
        csv="results/studies/{study}/figures/figure_2.csv",
    log:
        "results/studies/{study}/logs/draw_figure_2.log",
    conda:
        "../envs/statistics.yaml"
    params:
        network=NETWORK,
        level=config["statistics"]["level"],
        library=fingerprint("draw_figure_2.py"),
    script:
        "../workflow_scripts/draw_figure_2.py"


rule draw_figure_3:
    """Draw calibration and discrimination of the classification tasks over dropout rates."""
    input:
        classification="results/studies/{study}/statistics/classification.csv",
        selection="results/studies/{study}/statistics/selection.csv",
    output:
        pdf="results/studies/{study}/figures/figure_3.pdf",
        png="results/studies/{study}/figures/figure_3.png",
        csv="results/studies/{study}/figures/figure_3.csv",
    log:
        "results/studies/{study}/logs/draw_figure_3.log",
    conda:
        "../envs/statistics.yaml"
    params:
        network=NETWORK,
        level=config["statistics"]["level"],
        library=fingerprint("draw_figure_3.py"),
    script:
        "../workflow_scripts/draw_figure_3.py"


rule draw_figure_4:
    """Draw segmentation quality, and how far uncertainty goes along with it."""
    input:
        segmentation="results/studies/{study}/statistics/segmentation.csv",
    output:
        pdf="results/studies/{study}/figures/figure_4.pdf",
        png="results/studies/{study}/figures/figure_4.png",
        csv="results/studies/{study}/figures/figure_4.csv",
    log:
        "results/studies/{study}/logs/draw_figure_4.log",
    conda:
        "../envs/statistics.yaml"
    params:
        network=NETWORK,
        level=config["statistics"]["level"],
        library=fingerprint("draw_figure_4.py"),
    script:
        "../workflow_scripts/draw_figure_4.py"


rule draw_figure_5:
    """Draw the uncertainty of good predictions beside that of bad ones, at the chosen cell."""
    input:
        classification=classification_cells,
        segmentation=segmentation_cells,
        ranks="results/studies/{study}/statistics/rank_tests.csv",
        selection="results/studies/{study}/statistics/selection.csv",
    output:
        pdf="results/studies/{study}/figures/figure_5.pdf",
        png="results/studies/{study}/figures/figure_5.png",
        csv="results/studies/{study}/figures/figure_5.csv",
    log:
        "results/studies/{study}/logs/draw_figure_5.log",
    conda:
        "../envs/statistics.yaml"
    params:
        network=NETWORK,
        dice_threshold=config["statistics"]["dice_threshold"],
        library=fingerprint("draw_figure_5.py"),
    script:
        "../workflow_scripts/draw_figure_5.py"


rule draw_reliability:
    """Draw how often predictions of each confidence are right, at the chosen cell."""
    input:
        reliability="results/studies/{study}/statistics/reliability.csv",
        selection="results/studies/{study}/statistics/selection.csv",
    output:
        pdf="results/studies/{study}/figures/reliability.pdf",
        png="results/studies/{study}/figures/reliability.png",
        csv="results/studies/{study}/figures/reliability.csv",
    log:
        "results/studies/{study}/logs/draw_reliability.log",
    conda:
        "../envs/statistics.yaml"
    params:
        network=NETWORK,
        level=config["statistics"]["level"],
        library=fingerprint("draw_reliability.py"),
    script:
        "../workflow_scripts/draw_reliability.py"


rule draw_risk_coverage:
    """Draw how much better it gets when the most uncertain cases are left out."""
    input:
        risk_coverage="results/studies/{study}/statistics/risk_coverage.csv",
        selection="results/studies/{study}/statistics/selection.csv",
    output:
        pdf="results/studies/{study}/figures/risk_coverage.pdf",
        png="results/studies/{study}/figures/risk_coverage.png",
        csv="results/studies/{study}/figures/risk_coverage.csv",
    log:
        "results/studies/{study}/logs/draw_risk_coverage.log",
    conda:
        "../envs/statistics.yaml"
    params:
        network=NETWORK,
        level=config["statistics"]["level"],
        library=fingerprint("draw_risk_coverage.py"),
    script:
        "../workflow_scripts/draw_risk_coverage.py"


rule draw_uncertainty_shares:
    """Draw which share of the uncertainty is aleatoric and which epistemic."""
    input:
        classification="results/studies/{study}/statistics/classification.csv",
        segmentation="results/studies/{study}/statistics/segmentation.csv",
        selection="results/studies/{study}/statistics/selection.csv",
    output:
        pdf="results/studies/{study}/figures/uncertainty_shares.pdf",
        png="results/studies/{study}/figures/uncertainty_shares.png",
        csv="results/studies/{study}/figures/uncertainty_shares.csv",
    log:
        "results/studies/{study}/logs/draw_uncertainty_shares.log",
    conda:
        "../envs/statistics.yaml"
    params:
        network=NETWORK,
        library=fingerprint("draw_uncertainty_shares.py"),
    script:
        "../workflow_scripts/draw_uncertainty_shares.py"


rule draw_rate_differences:
    """Draw how far each dropout rate lies from the chosen one, case by case paired."""
    input:
        differences="results/studies/{study}/statistics/differences.csv",
    output:
        pdf="results/studies/{study}/figures/rate_differences.pdf",
        png="results/studies/{study}/figures/rate_differences.png",
        csv="results/studies/{study}/figures/rate_differences.csv",
    log:
        "results/studies/{study}/logs/draw_rate_differences.log",
    conda:
        "../envs/statistics.yaml"
    params:
        network=NETWORK,
        level=config["statistics"]["level"],
        library=fingerprint("draw_rate_differences.py"),
    script:
        "../workflow_scripts/draw_rate_differences.py"


rule draw_posterior_truth:
    """Draw predicted beside true probabilities of a phantom, at the chosen cell."""
    input:
        classification=classification_cells,
        truth="results/cohorts/<cohort>/truth.csv",
        measures="results/studies/{study}/statistics/posterior_truth.csv",
        selection="results/studies/{study}/statistics/selection.csv",
    output:
        pdf="results/studies/{study}/figures/posterior_truth.pdf",
        png="results/studies/{study}/figures/posterior_truth.png",
        csv="results/studies/{study}/figures/posterior_truth.csv",
    log:
        "results/studies/{study}/logs/draw_posterior_truth.log",
    conda:
        "../envs/statistics.yaml"
    params:
        network=NETWORK,
        library=fingerprint("draw_posterior_truth.py"),
    script:
        "../workflow_scripts/draw_posterior_truth.py"


rule draw_case_gallery:
    """Draw scan, truth, mean prediction and uncertainties of cases, least uncertain first."""
    input:
        segmentation=segmentation_cells,
        selection="results/studies/{study}/statistics/selection.csv",
        maps=MAPS,
    output:
        pdf="results/studies/{study}/figures/case_gallery.pdf",
        png="results/studies/{study}/figures/case_gallery.png",
        csv="results/studies/{study}/figures/case_gallery.csv",
    log:
        "results/studies/{study}/logs/draw_case_gallery.log",
    conda:
        "../envs/statistics.yaml"
    params:
        network=NETWORK,
        mapped=config["sampling"]["maps"],
        volumes=f"results/cohorts/{COHORT}/normalised",
        modalities=MODALITIES,
        cases_shown=config["report"]["gallery"],
        classes=CLASSES,
        library=fingerprint("draw_case_gallery.py"),
    script:
        "../workflow_scripts/draw_case_gallery.py"


rule draw_learning_curves:
    """Draw how loss and Dice went while the networks were trained."""
    input:
        curves=over_grid(f"{RUN}/learning_curve.csv"),
    output:
        pdf="results/studies/{study}/figures/learning_curves.pdf",
        png="results/studies/{study}/figures/learning_curves.png",
        csv="results/studies/{study}/figures/learning_curves.csv",
    log:
        "results/studies/{study}/logs/draw_learning_curves.log",
    conda:
        "../envs/statistics.yaml"
    params:
        network=TRAINED if TASKS else None,  # where networks are compared, all
        weights=config["training"]["weights"],
        library=fingerprint("draw_learning_curves.py"),
    script:
        "../workflow_scripts/draw_learning_curves.py"


if PARTS:

    include: "small_tumour_figures.smk"
