"""Pages that belong to no slice: the front page, the guide, the gallery of parts, and the sink of policy reports."""
