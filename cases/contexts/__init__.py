"""What the pages show, looked up once: a page and its fragments build the same context."""
