"""Pages of the market, of one offer, of its maker, and of writing one."""
