"""Trades that were locked before gas was promised per trade ask for theirs; without it their account would be withheld."""

from typing import Any

from django.db import migrations


def reserve_for_locked_trades(apps: Any, _editor: Any) -> None:
    trade_model = apps.get_model("marketplace", "Trade")
    reservation_model = apps.get_model("escrow", "GasReservation")
    locked = trade_model.objects.filter(status="FUNDED", extra__in=["", "relocked"])
    for trade in locked.select_related("buyer", "asset"):
        reservation_model.objects.get_or_create(
            chain_id=trade.asset.chain_id,
            trade_id=trade.trade_id,
            funded_at=trade.funded_at,
            defaults={"account": trade.buyer.address},
        )


class Migration(migrations.Migration):
    dependencies = [("marketplace", "0002_outbox"), ("escrow", "0005_relayer")]

    operations = [migrations.RunPython(reserve_for_locked_trades, migrations.RunPython.noop)]
