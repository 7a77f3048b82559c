"""Keep dropout awake at test time and record how much the network disagrees with itself."""

from safetensors.torch import load_file

from glioma_uq.dataset import Dataset
from glioma_uq.devices import choose_device, set_threads
from glioma_uq.files import written_whole
from glioma_uq.folds import cases_of
from glioma_uq.logs import log_to, progress
from glioma_uq.mc_dropout import awake_dropout, sample_case
from glioma_uq.networks import build_network
from glioma_uq.tables import append_rows, read_table


def main(*, cases, folds, model, volumes, network, options, rate, fold, seed, modalities, passes,
         batch_size, device, threads, probabilities, segmentation):  # fmt: skip
    set_threads(threads)
    device = choose_device(device)
    dataset = Dataset(volumes, read_table(cases), modalities)
    trained = build_network(network, modalities=len(modalities), rate=rate, **options)
    trained.load_state_dict(load_file(model))

    tested = cases_of(read_table(folds), fold, "test")
    with (
        written_whole(probabilities) as of_passes,
        written_whole(segmentation) as of_numbers_of_passes,
        awake_dropout(trained.to(device)) as awake,
    ):
        for name in progress(tested, "cases sampled"):
            sampled = sample_case(awake, dataset.load(name), passes, seed, device, batch_size)
            append_rows(sampled.probabilities, of_passes)
            append_rows(sampled.segmentation, of_numbers_of_passes)


if __name__ == "__main__":
    with log_to(snakemake.log[0]):
        main(
            cases=snakemake.input.cases,
            folds=snakemake.input.folds,
            model=snakemake.input.model,
            volumes=snakemake.params.volumes,
            network=snakemake.wildcards.network,
            options=snakemake.params.options,
            rate=float(snakemake.wildcards.rate),
            fold=int(snakemake.wildcards.fold),
            seed=snakemake.params.seed,
            modalities=snakemake.params.modalities,
            passes=snakemake.params.passes,
            device=snakemake.params.device,
            batch_size=snakemake.params.batch_size,
            threads=snakemake.threads,
            probabilities=snakemake.output.probabilities,
            segmentation=snakemake.output.segmentation,
        )
