"""Every table has its migration; `makemigrations --check` is silent about an app that has none at all."""

from importlib import import_module
from pathlib import Path

from django.apps import apps

from stack.folders import ROOT, VENV


def test_every_app_of_ours_with_tables_has_migrations():
    without = [
        config.label
        for config in apps.get_app_configs()
        if _is_ours(config) and list(config.get_models()) and not _has_migrations(config.name)
    ]
    assert not without


def _is_ours(config):
    folder = Path(config.path)
    return folder.is_relative_to(ROOT) and not folder.is_relative_to(VENV)


def _has_migrations(name):
    try:
        return bool(import_module(f"{name}.migrations.0001_initial"))
    except ModuleNotFoundError:
        return False
