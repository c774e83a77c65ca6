"""Addresses of the parties' dispute pages."""

from __future__ import annotations

from django.urls import path

from marketplace.disputes import views

app_name = "disputes"

urlpatterns = [
    path("trade/<str:ref>/dispute/", views.start, name="start"),
    path("trade/<str:ref>/dispute/review/", views.review, name="review"),
    path("trade/<str:ref>/dispute/panel/", views.panel, name="panel"),
    path("trade/<str:ref>/dispute/statements/", views.state, name="state"),
    path("trade/<str:ref>/dispute/messages/", views.disclose, name="disclose"),
]
