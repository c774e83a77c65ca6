"""Addresses of the market, of offers and of their makers."""

from __future__ import annotations

from django.urls import path

from marketplace.offers.views import market, mine, offer, profile, wizard

app_name = "offers"
urlpatterns = [
    path("market/", market.go, name="market-go"),
    path("market/<slug:side>/<slug:asset>/<slug:currency>/", market.page, name="market"),
    path("o/<slug:public_id>/", offer.page, name="offer"),
    path("offers/", mine.page, name="mine"),
    path("offers/new/", wizard.start, name="new"),
    path("offers/new/price/preview/", wizard.price_preview, name="new-price-preview"),
    path("offers/new/drop/", wizard.drop, name="drop"),
    path("offers/<slug:public_id>/publish/", wizard.publish, name="publish"),
    path("offers/new/<slug:step>/", wizard.step, name="new-step"),
    path("offers/<slug:public_id>/pause/", mine.pause, name="pause"),
    path("offers/<slug:public_id>/resume/", mine.resume, name="resume"),
    path("offers/<slug:public_id>/close/", mine.close, name="close"),
    path("offers/<slug:public_id>/duplicate/", mine.duplicate, name="duplicate"),
    path("offers/<slug:public_id>/edit/", mine.edit, name="edit"),
    path(
        "offers/<slug:public_id>/edit/price/preview/",
        wizard.price_preview,
        name="edit-price-preview",
    ),
    path("offers/<slug:public_id>/edit/<slug:step>/", wizard.step, name="edit-step"),
    path("u/<str:address>/", profile.page, name="profile"),
]
