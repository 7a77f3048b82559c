"""Cases of a cohort: their labels, their sources, and which of them are included."""
