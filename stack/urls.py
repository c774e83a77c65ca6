"""The address that says whether this hub works."""

from __future__ import annotations

from django.urls import path

from stack import views

urlpatterns = [path("healthz", views.healthz, name="healthz")]
