"""What SIMs have used: the network's records, their sums, and the factory tests they end."""
