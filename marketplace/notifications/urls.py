"""Addresses of the inbox."""

from __future__ import annotations

from django.urls import path

from marketplace.notifications import views

app_name = "notifications"
urlpatterns = [
    path("inbox/", views.inbox, name="inbox"),
    path("inbox/read/", views.read, name="read"),
]
