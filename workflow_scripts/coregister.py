"""Find where each series of a case lies in its T1CE."""

from glioma_uq.images import read_image
from glioma_uq.logs import log_to
from glioma_uq.quality import foreground, mutual_information, one_case
from glioma_uq.registration import register
from glioma_uq.seeds import seed_for
from glioma_uq.transforms import block_average, resample, write_matrix


def main(*, case, t1ce, series, matrices, options, seed, on_bad_case, quality):
    """Write `matrices` (modality to path), each rigid and from that series to the T1CE."""
    with one_case(
        case, "coregister", quality=quality, outputs=matrices.values(), on_bad_case=on_bad_case
    ) as figures:
        fixed = read_image(t1ce)
        coarse = block_average(fixed, options["voxel_size_mm"])
        head = foreground(coarse.data)
        for modality, path in series.items():
            moving = read_image(path)
            one_seed = seed_for(seed, case, modality)
            matrix = register(fixed, moving, kind="Rigid", seed=one_seed, **options)
            write_matrix(matrices[modality], matrix)
            moved = resample(moving, coarse.grid, matrix)
            figures[f"{modality}_mutual_information"] = round(
                mutual_information(coarse.data[head], moved[head]), 4
            )


if __name__ == "__main__":
    with log_to(snakemake.log[0]):
        main(
            case=snakemake.wildcards.case,
            t1ce=snakemake.input.t1ce,
            series={name: path for name, path in snakemake.input.items() if name != "t1ce"},
            matrices={name: path for name, path in snakemake.output.items() if name != "quality"},
            options=snakemake.params.options,
            seed=snakemake.params.seed,
            on_bad_case=snakemake.params.on_bad_case,
            quality=snakemake.output.quality,
        )
