"""The devnet's practice world: partner, bank, faucet, controls. Never installed off a devnet."""
