"""From the long tables to the figures, each as PDF, as PNG and with the table that it draws."""

SELECTION = {"rate": 0.0, "passes": 1} if PUBLISHED else config["selection"]
CHOSEN = "{network}/dropout-{rate}/passes-{passes}".format(
    network=NETWORK,
    rate=format_rate(SELECTION["rate"]),
    passes=format_passes(SELECTION["passes"]),
)


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
        passes=SELECTION["passes"],
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
        classification=f"results/studies/{{study}}/{CHOSEN}/classification.csv",
        segmentation=[] if PUBLISHED else f"results/studies/{{study}}/{CHOSEN}/segmentation.csv",
        ranks="results/studies/{study}/statistics/rank_tests.csv",
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
        rate=SELECTION["rate"],
        passes=SELECTION["passes"],
        dice_threshold=config["statistics"]["dice_threshold"],
        library=fingerprint("draw_figure_5.py"),
    script:
        "../workflow_scripts/draw_figure_5.py"


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
        network=NETWORK,
        library=fingerprint("draw_learning_curves.py"),
    script:
        "../workflow_scripts/draw_learning_curves.py"
