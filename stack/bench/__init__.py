"""Measurements of the running product: each module has one measure()."""
