"""What the operator's staff see across the whole portal: their work queue, and one search for everything."""
