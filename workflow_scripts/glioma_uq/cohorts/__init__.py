"""The sources of cases, and which of them are included.

labels       the table of cases and their labels
sources      one interface to all sources, and the list of them
file_matching  one file for each series: none or two candidates are an error
folder, bids, brats, converted     the sources, one file each
unconverted  a source of DICOM before its conversion
dicom, idc, tcia                   the series in a folder of DICOM and in two archives
recognition  the modality of one DICOM series: T1, T1CE, T2, FLAIR or none
series       one series for each modality of a case, with a reason for every one
selection    the table of selected series, which users may edit; review reads it for planning
transfer     downloads from an archive: checked and resumed
conversion   from one DICOM series to one volume
segmentation label codings of the tumour's subregions, and their volumes
collection   the tables of a cohort after all steps
"""
