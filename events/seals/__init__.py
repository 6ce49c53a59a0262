"""Seals over the log: Merkle trees, signed checkpoints, proofs, and what checks them (`docs/trust.md`)."""
