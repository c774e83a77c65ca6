"""The addresses that say whether this hub works."""

from __future__ import annotations

from django.urls import path

from stack import views

urlpatterns = [
    path("healthz", views.healthz, name="healthz"),
    path("readyz", views.readyz, name="readyz"),
    path("metrics", views.measured, name="metrics"),
    path("status/", views.status, name="status"),
]
