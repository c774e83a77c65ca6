"""What the chain says. This app knows no offer, no trade room and no chat."""
