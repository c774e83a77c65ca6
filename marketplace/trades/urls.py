"""Addresses of trades."""

from __future__ import annotations

from django.urls import path

from marketplace.trades.views import carried, pages, steps

app_name = "trades"

urlpatterns = [
    path("o/<str:public_id>/take/", steps.take_offer, name="take_offer"),
    path("trades/", pages.trades, name="list"),
    path("trade/<str:ref>/", pages.room, name="room"),
    path("trade/<str:ref>/region/", pages.region, name="region"),
    path("trade/<str:ref>/sheet/", pages.sheet, name="sheet"),
    path("trade/<str:ref>/chat/", pages.chat, name="chat"),
    path("trade/<str:ref>/deadlines.ics", pages.deadlines, name="deadlines"),
    path("trade/<str:ref>/take/", steps.take, name="take"),
    path("trade/<str:ref>/payer/", steps.payer, name="payer"),
    path("trade/<str:ref>/signed/", steps.signed, name="signed"),
    path("trade/<str:ref>/signed/<int:pk>.json", carried.signed_file, name="signed_file"),
    path("trade/<str:ref>/signed/<int:pk>/", carried.signed_step, name="signed_step"),
    path("submit/", carried.submit, name="submit"),
    path("trade/<str:ref>/submissions/", steps.submissions, name="submissions"),
    path("trade/<str:ref>/decline/", steps.decline, name="decline"),
    path("trade/<str:ref>/propose/", steps.propose, name="propose"),
    path(
        "trade/<str:ref>/proposals/<int:number>/accept/",
        steps.accept_proposal,
        name="accept_proposal",
    ),
    path(
        "trade/<str:ref>/proposals/<int:number>/decline/",
        steps.decline_proposal,
        name="decline_proposal",
    ),
    path("trade/<str:ref>/ready/", steps.ready, name="ready"),
    path("trade/<str:ref>/here/", steps.here, name="here"),
    path("trade/<str:ref>/more-time/", steps.more_time, name="more_time"),
    path("trade/<str:ref>/report/", steps.report, name="report"),
    path("trade/<str:ref>/settle/", steps.settle, name="settle"),
    path("trade/<str:ref>/settle/<int:number>/accept/", steps.settle_accept, name="settle_accept"),
    path(
        "trade/<str:ref>/settle/<int:number>/decline/", steps.settle_decline, name="settle_decline"
    ),
]
