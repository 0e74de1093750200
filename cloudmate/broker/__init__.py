"""A Celery broker without a server, for one machine."""
