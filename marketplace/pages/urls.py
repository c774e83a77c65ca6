"""Addresses of the front page and of everything that is only read."""

from __future__ import annotations

from django.conf import settings
from django.urls import path
from django.views.generic import TemplateView

from marketplace.pages import reports, views, wallet

app_name = "pages"
urlpatterns = [
    path("", views.front, name="front"),
    path(
        "guide/", TemplateView.as_view(template_name="marketplace/pages/guide.html"), name="guide"
    ),
    path(
        "verify/",
        TemplateView.as_view(template_name="marketplace/pages/verify.html"),
        name="verify",
    ),
    path("safety/", views.safety, name="safety"),
    path("fees/", views.fees, name="fees"),
    path("glossary/", views.glossary, name="glossary"),
    path("wallet/", wallet.page, name="wallet"),
    path("wallet/withdraw/", wallet.withdraw, name="withdraw"),
    path("wallet/signed/<int:pk>/", wallet.signed_withdrawal, name="signed_withdrawal"),
    path("wallet/signed/<int:pk>.json", wallet.withdrawal_file, name="withdrawal_file"),
    path("robots.txt", views.robots, name="robots"),
    path("csp/", reports.policy, name="csp"),
]
if settings.DEBUG or settings.IS_DEVNET:
    urlpatterns.append(path("dev/ui/", views.gallery, name="gallery"))
