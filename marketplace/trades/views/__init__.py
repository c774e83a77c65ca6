"""HTTP of trades: `pages` are read, `steps` are posted."""
