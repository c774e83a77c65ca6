"""Addresses of the practice world; included on a devnet only."""

from django.urls import path

from practice import views

app_name = "practice"
urlpatterns = [
    path("practice/rpc/", views.rpc, name="rpc"),
    path("practice/faucet/", views.faucet, name="faucet"),
    path("practice/cast/", views.cast, name="cast"),
    path("practice/match/", views.match, name="match"),
    path("practice/bank/", views.bank, name="bank"),
    path("practice/bank/pay/<str:ref>/", views.pay, name="pay"),
    path("practice/bank/return/<int:number>/", views.pay_back, name="pay-back"),
    path("practice/room/<str:ref>/", views.room, name="room"),
    path("practice/room/<str:ref>/behave/", views.behave, name="behave"),
    path("practice/room/<str:ref>/forward/", views.forward, name="forward"),
]
