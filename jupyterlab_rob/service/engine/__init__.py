"""The run engine: a queue with slots, and a child process per run."""
