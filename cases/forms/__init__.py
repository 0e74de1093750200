"""Forms check shape; what a value means is checked by the services."""
