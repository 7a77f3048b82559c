"""The HTML reports of a study and of a cohort, and the case viewer."""
