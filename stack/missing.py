"""The one error of the bootstrap and the supervisor: its text is the sentence the person reads."""

from __future__ import annotations


class MissingPrerequisite(Exception):
    """Something this machine lacks, with what to do about it."""
