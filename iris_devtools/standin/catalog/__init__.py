"""What tables exist: the data dictionary, DDL that changes it, and the views that show it."""
