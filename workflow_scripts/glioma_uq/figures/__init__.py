"""The figures of a study: for each a function that picks its table and one that draws it."""
