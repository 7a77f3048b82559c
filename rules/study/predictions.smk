"""Predictions of another model, in place of trained networks."""


rule import_predictions:
    """Convert the predictions of another model to the table of one cell."""
    input:
        predictions=ancient(study.predictions["path"]),
    output:
        table="results/studies/<study>/{network}/dropout-0.00/passes-001/classification.csv",
    log:
        "results/studies/<study>/logs/import_predictions/{network}.log",
    conda:
        "../../envs/statistics.yaml"
    params:
        **{name: study.predictions[name] for name in ("columns", "sheet", "only")},
        depends_on=lambda wildcards: study.contents,
        library=fingerprint("import_predictions.py"),
    script:
        "../../workflow_scripts/import_predictions.py"
