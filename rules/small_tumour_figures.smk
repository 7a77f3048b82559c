"""From the tables of the parts of tumours to the figures of the study of small tumours."""

# The labels of one seed of every network: which rate is chosen shows when jobs run.
LABELS = [
    folder
    for name, (_, sampler) in SAMPLED.items()
    for folder in expand(
        f"{RUN}/samples/maps",
        study=STUDY,
        network=name,
        rate=RATES,
        fold=FOLDS,
        seed=ALL_SEEDS if sampler in ENSEMBLES else SEEDS[0],
    )
]


rule draw_tumour_volumes:
    """Draw how large the regions of the true tumours are, and how many enhancing ones are small."""
    input:
        overlap=mapped_cells("overlap.csv")[0],
    output:
        pdf="results/studies/{study}/figures/tumour_volumes.pdf",
        png="results/studies/{study}/figures/tumour_volumes.png",
        csv="results/studies/{study}/figures/tumour_volumes.csv",
    log:
        "results/studies/{study}/logs/draw_tumour_volumes.log",
    conda:
        "../envs/statistics.yaml"
    params:
        library=fingerprint("draw_tumour_volumes.py"),
    script:
        "../workflow_scripts/draw_tumour_volumes.py"


rule draw_segmentation_gallery:
    """Draw scans, true parts and those of every network, from the smallest tumour to the largest."""
    input:
        overlap=mapped_cells("overlap.csv"),
        selection="results/studies/{study}/statistics/selection.csv",
        maps=LABELS,
    output:
        pdf="results/studies/{study}/figures/segmentation_gallery.pdf",
        png="results/studies/{study}/figures/segmentation_gallery.png",
        csv="results/studies/{study}/figures/segmentation_gallery.csv",
    log:
        "results/studies/{study}/logs/draw_segmentation_gallery.log",
    conda:
        "../envs/statistics.yaml"
    params:
        volumes=f"results/cohorts/{COHORT}/normalised",
        modalities=MODALITIES,
        networks=list(SAMPLED),
        cases_shown=config["report"]["gallery"],
        library=fingerprint("draw_segmentation_gallery.py"),
    script:
        "../workflow_scripts/draw_segmentation_gallery.py"


rule draw_dice_by_size:
    """Draw every network's Dice of the enhancing tumour by the size of that tumour."""
    input:
        overlap=mapped_cells("overlap.csv"),
        selection="results/studies/{study}/statistics/selection.csv",
    output:
        pdf="results/studies/{study}/figures/dice_by_size.pdf",
        png="results/studies/{study}/figures/dice_by_size.png",
        csv="results/studies/{study}/figures/dice_by_size.csv",
    log:
        "results/studies/{study}/logs/draw_dice_by_size.log",
    conda:
        "../envs/statistics.yaml"
    params:
        networks=list(SAMPLED),
        seed=config["seed"],
        intervals=INTERVALS,
        library=fingerprint("draw_dice_by_size.py"),
    script:
        "../workflow_scripts/draw_dice_by_size.py"


rule draw_froc:
    """Draw the enhancing lesions that every network finds against its false ones, and by size."""
    input:
        curves="results/studies/{study}/statistics/froc.csv",
        lesions="results/studies/{study}/statistics/lesions.csv",
        selection="results/studies/{study}/statistics/selection.csv",
    output:
        pdf="results/studies/{study}/figures/froc.pdf",
        png="results/studies/{study}/figures/froc.png",
        csv="results/studies/{study}/figures/froc.csv",
    log:
        "results/studies/{study}/logs/draw_froc.log",
    conda:
        "../envs/statistics.yaml"
    params:
        networks=list(SAMPLED),
        level=config["statistics"]["level"],
        library=fingerprint("draw_froc.py"),
    script:
        "../workflow_scripts/draw_froc.py"


rule draw_uncertainty_by_size:
    """Draw every network's uncertainty by size of the enhancing tumour, and what it finds."""
    input:
        measures="results/studies/{study}/statistics/uncertainty_by_size.csv",
        selection="results/studies/{study}/statistics/selection.csv",
    output:
        pdf="results/studies/{study}/figures/uncertainty_by_size.pdf",
        png="results/studies/{study}/figures/uncertainty_by_size.png",
        csv="results/studies/{study}/figures/uncertainty_by_size.csv",
    log:
        "results/studies/{study}/logs/draw_uncertainty_by_size.log",
    conda:
        "../envs/statistics.yaml"
    params:
        networks=list(SAMPLED),
        level=config["statistics"]["level"],
        library=fingerprint("draw_uncertainty_by_size.py"),
    script:
        "../workflow_scripts/draw_uncertainty_by_size.py"


rule draw_size_stress:
    """Draw what becomes of every network's Dice when one and the same tumour shrinks."""
    input:
        measures="results/studies/{study}/statistics/size_stress.csv",
        selection="results/studies/{study}/statistics/selection.csv",
    output:
        pdf="results/studies/{study}/figures/size_stress.pdf",
        png="results/studies/{study}/figures/size_stress.png",
        csv="results/studies/{study}/figures/size_stress.csv",
    log:
        "results/studies/{study}/logs/draw_size_stress.log",
    conda:
        "../envs/statistics.yaml"
    params:
        networks=list(SAMPLED),
        level=config["statistics"]["level"],
        library=fingerprint("draw_size_stress.py"),
    script:
        "../workflow_scripts/draw_size_stress.py"
