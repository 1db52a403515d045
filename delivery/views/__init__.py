"""Pages of this app: a project's spending, one expense, the checker's queue."""
