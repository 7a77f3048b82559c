"""The report of a study: what its tables say, whether the networks learned, and the page."""
