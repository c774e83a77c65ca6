"""Addresses of sign-in and settings."""

from __future__ import annotations

from django.urls import path

from marketplace.accounts import views

app_name = "accounts"
urlpatterns = [
    path("connect/", views.connect, name="connect"),
    path("connect/challenge/", views.challenge, name="challenge"),
    path("connect/verify/", views.verify, name="verify"),
    path("connect/leave/", views.leave, name="leave"),
    path("settings/profile/", views.profile_settings, name="profile-settings"),
]
