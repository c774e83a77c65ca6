"""Addresses of the inbox, of one's channels, and of the links in mails."""

from __future__ import annotations

from django.urls import path

from marketplace.notifications.views import channels, inbox, links, worker

app_name = "notifications"
urlpatterns = [
    path("inbox/", inbox.inbox, name="inbox"),
    path("inbox/read/", inbox.read, name="read"),
    path("settings/notifications/", channels.page, name="channels"),
    path("settings/notifications/region/", channels.region, name="channels-region"),
    path("settings/notifications/mail/", channels.add_mail, name="add-mail"),
    path("settings/notifications/push/", channels.add_push, name="add-push"),
    path("settings/notifications/<int:pk>/test/", channels.test, name="test-channel"),
    path("settings/notifications/<int:pk>/remove/", channels.remove, name="remove-channel"),
    path("notices/arrived/<str:token>/", links.arrived, name="arrived"),
    path("notices/stop/<str:token>/", links.stop, name="stop"),
    path("sw.js", worker.script, name="worker"),
    path("manifest.webmanifest", worker.manifest, name="manifest"),
]
