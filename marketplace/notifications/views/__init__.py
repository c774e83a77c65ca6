"""Pages of the inbox, of a person's channels, and the links that stand in mails."""
