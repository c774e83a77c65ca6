"""The HTTP twin of the room topic."""

from __future__ import annotations

from django.urls import path

from chat import views

urlpatterns = [
    path("chat/stock/", views.stock, name="chat-stock"),
    path(".well-known/parley-receipt-key", views.receipt_key, name="receipt-key"),
    path("rooms/<slug:key>/entries/", views.entries, name="room-entries"),
    path("rooms/<slug:key>/marks/", views.marks, name="room-marks"),
    path("rooms/<slug:key>/files/", views.files, name="room-files"),
    path("rooms/<slug:key>/files/<uuid:name>/", views.file, name="room-file"),
]
