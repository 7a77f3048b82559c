"""The workflow from volumes, or a model's predictions, to the report; its rules read `study`."""

if study.predictions:

    include: "predictions.smk"

else:

    include: "training.smk"
    include: "sampling.smk"


include: "statistics.smk"
include: "figures.smk"
include: "report.smk"
