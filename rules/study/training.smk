"""From the cohort's volumes to one trained network for each rate, fold and seed."""


rule assign_folds:
    """Assign the cases of each patient to folds, balanced by stratum."""
    input:
        volumes="results/cohorts/<cohort>/volumes.csv",
    output:
        folds="results/studies/<study>/folds.csv",
    log:
        "results/studies/<study>/logs/assign_folds.log",
    conda:
        "../../envs/statistics.yaml"
    params:
        number=study.config["folds"]["number"],
        validation_share=study.config["folds"]["validation_share"],
        test_share=study.config["folds"]["test_share"],
        strata=study.config["folds"]["stratify_by"],
        seed=study.seed_for("folds"),
        library=fingerprint("assign_folds.py"),
    script:
        "../../workflow_scripts/assign_folds.py"


rule train_network:
    """Train one network of the grid; an interrupted job continues from its last epoch."""
    input:
        volumes="results/cohorts/<cohort>/volumes.csv",
        folds="results/studies/<study>/folds.csv",
    output:
        model="results/studies/<study>/{network}/dropout-{rate}/fold-{fold}/seed-{seed}/model.safetensors",
        curve="results/studies/<study>/{network}/dropout-{rate}/fold-{fold}/seed-{seed}/learning_curve.csv",
        report="results/studies/<study>/{network}/dropout-{rate}/fold-{fold}/seed-{seed}/training_report.csv",
    log:
        "results/studies/<study>/logs/train_network/{network}_dropout-{rate}_fold-{fold}_seed-{seed}.log",
    benchmark:
        "results/studies/<study>/benchmarks/train_network/{network}_dropout-{rate}_fold-{fold}_seed-{seed}.tsv"
    conda:
        "../../envs/training.yaml"
    params:
        checkpoint=f"{study.folder}/{{network}}/dropout-{{rate}}/fold-{{fold}}/seed-{{seed}}/checkpoint.pt",
        modalities=study.modalities,
        options=lambda wildcards: study.options_of(wildcards.network),
        tasks=study.tasks,
        classes=study.classes,
        settings=lambda wildcards: study.training_of(wildcards.network),
        keep_in_memory=study.config["keep_in_memory"],
        seed=lambda wildcards: study.seed_for("train", study.name, *wildcards),
        library=study.code_of_network("train_network.py"),
    script:
        "../../workflow_scripts/train_network.py"
