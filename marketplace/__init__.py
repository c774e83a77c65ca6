"""The market: offers, trades, disputes and the people who make them; the only package that knows chain, chat and trade."""
