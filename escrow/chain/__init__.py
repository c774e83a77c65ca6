"""The only folder that imports web3, eth_account and eth_abi. Plain frozen values go in and come out."""
