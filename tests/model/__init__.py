"""The escrow protocol a second time, in plain Python, and random sequences of calls that hold the contract against it.

Written from the protocol, not from the contract: nothing here imports the project's own code or asks a node.
"""
