"""The ROB service: a process of its own that owns the database, the files and the runs."""
