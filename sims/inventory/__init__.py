"""SIMs: batches, registration, states, assignment, transfer."""
