"""Other people's software, asked the same questions as ours: web3.py, eth_account, viem and cast."""
