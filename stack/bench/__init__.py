"""Measurements: each module here has `measure() -> dict[str, int]`; its docstring's first line says what it measures."""
