"""Every table has its migration; `makemigrations --check` is silent about an app that has none at all."""

from importlib import import_module
from pathlib import Path

from django.apps import apps
from django.contrib.postgres.operations import AddConstraintNotValid, AddIndexConcurrently
from django.db.migrations import operations
from django.db.migrations.loader import MigrationLoader

from stack.folders import ROOT, VENV

# Made before there was a hub with rows in it.
FIRST, OLD = "0001_initial", {"escrow.0002_audit", "accounts.0002_challenge_slow"}
# Tables that people write to all the time.
HOT = {"trade", "tradeevent", "offer", "escrow", "chainevent", "entry", "room", "notice"}
# Each locks its table against writers for as long as it reads it.
QUICK = (AddIndexConcurrently, AddConstraintNotValid)
SLOW_ON_HOT = (operations.AddIndex, operations.AddConstraint, operations.AlterField)


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


def test_new_columns_let_old_code_go_on(settings):
    """Q15: what old code does not know of may be left out of its INSERT."""
    settings.MIGRATION_MODULES = {}
    for name, operation in _later_operations():
        if isinstance(operation, operations.AddField) and not operation.field.many_to_many:
            field = operation.field
            assert field.null or field.has_db_default(), f"{name}: {operation.name}"


def test_hot_tables_are_never_locked_while_they_are_read(settings):
    """Q15: indexes there are built concurrently, constraints come with the table or not at all."""
    settings.MIGRATION_MODULES = {}
    for name, operation in _later_operations():
        if isinstance(operation, SLOW_ON_HOT) and not isinstance(operation, QUICK):
            assert operation.model_name.lower() not in HOT, f"{name}: {operation.describe()}"


def _later_operations():
    """Every operation of ours that meets a database with rows, with its migration's name."""
    ours = {config.label for config in apps.get_app_configs() if _is_ours(config)}
    for (label, name), migration in MigrationLoader(None).disk_migrations.items():
        if label in ours and name != FIRST and f"{label}.{name}" not in OLD:
            # A table that this very migration makes has no rows and no old code that writes to it.
            fresh = {
                op.name.lower()
                for op in migration.operations
                if isinstance(op, operations.CreateModel)
            }
            for operation in migration.operations:
                if getattr(operation, "model_name", "").lower() not in fresh:
                    yield f"{label}.{name}", operation
