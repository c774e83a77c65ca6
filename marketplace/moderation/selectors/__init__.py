"""What the desk reads: `queue`, `record` (one case), `people` and their marks."""
