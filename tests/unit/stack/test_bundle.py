"""The page bundle is built again exactly when something it is made of has changed."""

import pytest

from stack import bundle


@pytest.fixture
def source(tmp_path, monkeypatch):
    folder = tmp_path / "frontend"
    folder.mkdir()
    (folder / "main.ts").write_text("export const answer = 42;\n")
    monkeypatch.setattr(bundle, "ROOT", tmp_path)
    monkeypatch.setattr(bundle, "BUILD", tmp_path / "build")
    monkeypatch.setattr(bundle, "_STAMP", tmp_path / "build" / ".inputs")
    monkeypatch.setattr(bundle, "_INPUTS", [folder])
    return folder


def built():
    """As the build script leaves it: files and a manifest that names them."""
    bundle.BUILD.mkdir(exist_ok=True)
    (bundle.BUILD / "main-1.js").write_text("42")
    (bundle.BUILD / "manifest.json").write_text('{"main.js": "build/main-1.js"}')
    bundle.note_built()


def test_nothing_built_is_not_current(source):
    assert not bundle.is_current()


def test_built_stays_current_until_a_source_changes(source):
    built()
    assert bundle.is_current()
    (source / "main.ts").write_text("export const answer = 43;\n")
    assert not bundle.is_current()


def test_renamed_source_is_a_change(source):
    built()
    (source / "main.ts").rename(source / "other.ts")
    assert not bundle.is_current()


def test_emptied_build_folder_is_not_current(source):
    """A file of the bundle may be removed by hand while the note of its inputs stays."""
    built()
    (bundle.BUILD / "main-1.js").unlink()
    assert not bundle.is_current()
