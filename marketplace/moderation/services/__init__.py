"""What staff may do, each act with its trace in the audit log: `people` (and their offers), `cases`, `rulings`."""
