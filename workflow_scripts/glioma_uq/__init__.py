"""How far can a glioma network's own doubt be trusted: the library behind the steps."""
