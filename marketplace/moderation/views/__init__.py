"""The desk's pages: `work` (my work, queue), `cases`, `rulings`, `people`, `log`."""
