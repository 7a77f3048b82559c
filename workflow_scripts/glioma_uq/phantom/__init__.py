"""The digital phantom: heads with gliomas whose labels, poses, fields and masks are known exactly.

`labels` draws a cohort whose posterior is closed form, `families` show one lesion in several
sizes, `anatomy` turns the MNI152 template into
subjects with skull, `lesion` grows a glioma from a case's latent axes, `acquisition` scans it,
and `truth` reads back what a pipeline should have found.
"""
