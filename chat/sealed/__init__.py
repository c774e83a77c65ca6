"""The format of docs/CHAT.md in Python: what the hub checks before it stores, and what a reader of evidence checks. No Django."""
