"""The practice world is not there off a devnet: no app, no address, no bundle in the page."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from django.apps import apps
from django.core.exceptions import ImproperlyConfigured

ROOT = Path(__file__).parents[3]
QUESTION = """
import django
django.setup()
from django.conf import settings
from django.template.loader import render_to_string
from django.test import RequestFactory
from django.urls import Resolver404, resolve
paths = ["rpc/", "faucet/", "cast/", "match/", "bank/", "room/7F3K-22/", "room/7F3K-22/forward/"]
served = []
for path in paths:
    try:
        resolve("/practice/" + path)
        served.append(path)
    except Resolver404:
        pass
print("practice" in settings.INSTALLED_APPS, served, settings.CELERY_BROKER_URL != "")
from config.celery import app
print("practice" in app.conf.beat_schedule, "refresh-feeds" in app.conf.beat_schedule)
"""


def test_off_a_devnet_no_address_of_it_exists() -> None:
    environment = {
        **os.environ,
        "DEVNET": "0",
        "SECRET_KEY": "k" * 50,
        "DJANGO_SETTINGS_MODULE": "config.settings",
    }

    answer = subprocess.run(
        [sys.executable, "-c", QUESTION],
        cwd=ROOT,
        env=environment,
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )

    assert answer.stdout.splitlines()[-2:] == ["False [] True", "False False"]


def test_the_app_refuses_to_start_off_a_devnet(settings: Any) -> None:
    settings.IS_DEVNET = False

    with pytest.raises(ImproperlyConfigured):
        apps.get_app_config("practice").ready()
