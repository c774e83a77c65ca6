"""The partner's turn, every two seconds."""

from __future__ import annotations

from celery import shared_task

from practice.offers import stand_all
from practice.partner import play_all


@shared_task(time_limit=50, soft_time_limit=40)
def play() -> None:
    """One round of the practice partner."""
    play_all()


@shared_task(time_limit=50)
def stand() -> None:
    """The practice traders keep their offers on the market."""
    stand_all()
