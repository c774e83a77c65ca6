"""A faulty network on demand: a seeded proxy in front of a real node, and a runner that lives through its faults."""
