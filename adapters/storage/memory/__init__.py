"""A log in memory: the contract in its shortest form."""
