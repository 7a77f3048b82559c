"""The reports of study and cohort: what their tables say, if networks learned, and the pages."""
