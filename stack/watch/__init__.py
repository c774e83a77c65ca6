"""Watching the hub: what is measured, which alarm that raises, and what each reader is told of it."""
