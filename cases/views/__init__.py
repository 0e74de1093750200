"""Look up, one service call, respond. One module a page."""
