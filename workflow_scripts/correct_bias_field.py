"""Take the smooth shading out of each native series of a case."""

from glioma_uq.bias_field import bias_range, divide_by_field, fit_bias_field
from glioma_uq.images import check_values, read_image, write_image
from glioma_uq.logs import log_to
from glioma_uq.quality import one_case


def main(*, case, scans, corrected, options, on_bad_case, quality):
    """Write `corrected` (modality to path) from `scans`, and what was divided out."""
    with one_case(
        case,
        "correct_bias_field",
        quality=quality,
        outputs=corrected.values(),
        on_bad_case=on_bad_case,
    ) as figures:
        for modality, path in scans.items():
            scan = read_image(path)
            check_values(scan.data, path)
            field = fit_bias_field(scan, **options)
            write_image(corrected[modality], divide_by_field(scan, field).data, scan.grid)
            sizes = scan.grid.voxel_sizes
            figures[f"{modality}_voxel_mm"] = " x ".join(f"{size:.3g}" for size in sizes)
            low, high = bias_range(field)
            figures[f"{modality}_bias_low"] = round(low, 4)
            figures[f"{modality}_bias_high"] = round(high, 4)


if __name__ == "__main__":
    with log_to(snakemake.log[0]):
        main(
            case=snakemake.wildcards.case,
            scans=dict(snakemake.input.items()),
            corrected={name: path for name, path in snakemake.output.items() if name != "quality"},
            options=snakemake.params.options,
            on_bad_case=snakemake.params.on_bad_case,
            quality=snakemake.output.quality,
        )
