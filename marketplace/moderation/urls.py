"""Addresses of the desk."""

from __future__ import annotations

from django.urls import path

from marketplace.moderation.views import cases, log, people, rulings, work

app_name = "desk"

urlpatterns = [
    path("desk/", work.home, name="home"),
    path("desk/queue/", work.queue, name="queue"),
    path("desk/next/", work.take_next, name="next"),
    path("desk/case/<str:ref>/", cases.case, name="case"),
    path("desk/case/<str:ref>/conversation/", cases.conversation, name="conversation"),
    path("desk/case/<str:ref>/claim/", cases.claim, name="claim"),
    path("desk/case/<str:ref>/read/", cases.read, name="read"),
    path("desk/case/<str:ref>/ask/", cases.ask, name="ask"),
    path("desk/case/<str:ref>/give/", cases.give, name="give"),
    path("desk/case/<str:ref>/note/", cases.note, name="case-note"),
    path("desk/case/<str:ref>/ruling/", cases.rule, name="rule"),
    path("desk/case/<str:ref>/ruling/<int:number>/", rulings.ruling, name="ruling"),
    path("desk/case/<str:ref>/ruling/<int:number>/sheet/", rulings.sheet, name="ruling-sheet"),
    path("desk/case/<str:ref>/ruling/<int:number>/signed/", rulings.signed, name="ruling-signed"),
    path(
        "desk/case/<str:ref>/ruling/<int:number>/submissions/",
        rulings.submissions,
        name="ruling-submissions",
    ),
    path("desk/users/", people.people, name="users"),
    path("desk/users/<str:address>/", people.person, name="user"),
    path("desk/users/<str:address>/suspend/", people.suspend, name="suspend"),
    path("desk/users/<str:address>/lift/", people.lift, name="lift"),
    path("desk/users/<str:address>/note/", people.note, name="user-note"),
    path("desk/offers/<str:public_id>/pause/", people.pause, name="offer-pause"),
    path("desk/offers/<str:public_id>/free/", people.free, name="offer-free"),
    path("desk/audit/", log.audit, name="audit"),
]
