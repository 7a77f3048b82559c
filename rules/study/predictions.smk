"""Predictions of another model, in place of trained networks."""


rule import_predictions:
    """Convert the predictions of another model to the table of one cell."""
    input:
        predictions=study.predictions["path"],
    output:
        table="results/studies/<study>/{network}/dropout-0.00/passes-001/classification.csv",
    log:
        "results/studies/<study>/logs/import_predictions/{network}.log",
    conda:
        "../../envs/statistics.yaml"
    params:
        **{name: study.predictions[name] for name in ("columns", "sheet", "only")},
        library=fingerprint("import_predictions.py"),
    script:
        "../../workflow_scripts/import_predictions.py"
