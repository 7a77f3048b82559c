"""Checks of a study's configuration before the first job; each error is one sentence."""
