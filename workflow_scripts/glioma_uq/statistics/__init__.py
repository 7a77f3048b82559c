"""The measures of a study, their intervals and tests, and what is selected or recalibrated by them.

`bootstrap` draws resamples as weights, `intervals` turns a measure's replicates into limits.
Classification: `calibration`, `scoring`, `discrimination`, `risk_coverage`. Segmentation:
`correlation`, `voxel_calibration`. Over the cells of a grid: `measures` lists the measures,
`long_tables` makes the long tables, `curves` those of diagrams, `subgroups` divides the cases,
`rank_tests` compares wrong with right cases. Fitted on validation cases: `selection` (p and T,
read back by `selected_cell`), `recalibration`, `conformal`, `risk_control`.
`posterior_truth` is for cohorts whose true probabilities are known. `findings` compares the paper's
`claims` with `grid_statistics`. For small tumours: `overlap_groups`, `paired_tests`, `froc`,
`size_uncertainty`, `size_sensitivity`, and `quoted_results`, the tables of their paper.
"""
