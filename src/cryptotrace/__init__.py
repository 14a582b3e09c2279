"""cryptotrace."""
